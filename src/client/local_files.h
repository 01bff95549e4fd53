// Files of this machine on their way into the cache.
#pragma once

#include <knit/result.h>
#include <knit/run_spec.h>

#include <memory>
#include <string>
#include <string_view>

#include "client/cache.h"
#include "fs/file_system.h"

namespace knit::client {

// "--file data.csv", "--archive env.zip": how messages name it.
std::string shown(const FileSpec& file);

// True for what lies in a file system that is named by a URI, and not on this machine. A source with the
// scheme "file" does.
bool is_remote(std::string_view source);

// Whether it is there, can be read and can be shipped; cheap. kNotFound, kPermissionDenied, kInvalidArgument.
io::Task<Status> check_local_file(FileSpec file);

struct LocalFile {
  CacheKey key;
  std::unique_ptr<fs::Reader> content;
  bool archive = false;  // to be unpacked in the container: one that was given as such, or a packed folder
};

// Opens the file and hashes it. A folder is packed into an unnamed file below `temporary_directory` first, an
// archive recognized by its content (archive/kind.h). `name` is the one in the container.
io::Task<Result<LocalFile>> open_local_file(FileSpec file, std::string name, std::string temporary_directory);

}  // namespace knit::client
