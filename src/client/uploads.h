// Driver: the logs that NodeManagers uploaded of one application, where the cluster keeps them.
// From: LogAggregationUtils and LogAggregationFileController, 2.10 to 3.5.
#pragma once

#include <knit/ids.h>
#include <knit/result.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "conf/yarn_settings.h"
#include "fs/file_system.h"
#include "io/task.h"
#include "logs/node_log.h"

namespace knit::client {

// One folder that may hold uploads.
struct UploadFolder {
  fs::FileSystem* file_system = nullptr;
  std::string path;
};

// The folders of one application, as paths or URIs, newest layout first; all may hold something.
std::vector<std::string> upload_folders(const conf::LogSettings& settings, const std::string& user,
                                        const ApplicationId& id);

// What one NodeManager uploaded.
struct UploadedFile {
  UploadFolder folder;
  std::string name;     // "node7.example.com_45454", with rolling uploads "..._1763862000000"
  std::string node;     // "node7.example.com:45454"
  bool rolled = false;  // one of several of that node: there may be more until the upload has ended
  std::uint64_t length = 0;
};
// From a file's name; nothing for what is still being written, checksums and other files.
std::optional<UploadedFile> parse_upload_name(std::string_view name);

// Belongs to one loop; the file systems must outlive it.
class Uploads {
 public:
  explicit Uploads(std::vector<UploadFolder> folders) : folders_(std::move(folders)) {}

  // What is there now, by node and name. Folders that do not exist (yet) are empty. Errors: the file
  // system's.
  io::Task<Result<std::vector<UploadedFile>>> list();
  // Errors name the file: kUnimplemented a codec or archive that Knit does not read, kDataLoss what is no
  // such file.
  io::Task<Result<std::unique_ptr<logs::NodeLog>>> open(const UploadedFile& file);

 private:
  std::vector<UploadFolder> folders_;
};

}  // namespace knit::client
