// Copying between the local disk and HDFS, and what `knit fs` does.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "client/session.h"
#include "fs/file_system.h"
#include "io/task.h"

namespace knit::client {

// Where a user's path points: a file system and the absolute path on it.
struct Place {
  fs::FileSystem* file_system = nullptr;
  std::string path;
};

// "hdfs://nn/a", "/a", or "a" below the user's home. `what` names in errors what was given.
Result<Place> locate(Session& session, const std::string& text, std::string_view what);

// Whether a file, or a directory with everything in it, can be read: opens each. Names what cannot, a link
// that leads nowhere, a device. For what is cheap to open, before it is copied.
io::Task<Status> check_readable(Place from);

// Copies a file or a directory with everything in it. An existing directory as target takes the source in
// under its own name, as cp does; otherwise the folder that will hold the target must exist (kNotFound).
// kAlreadyExists for an existing file unless `overwrite`. Each file is
// written under a hidden name beside its target and renamed when it is whole: readers see the old file, or
// none, until they see the new one, and a copy that fails or is cancelled leaves the old one and no part.
// (`hdfs dfs` does so too, as NAME._COPYING_, but removes the old file before it renames.) A file that
// replaces another gets its permission, a new one what the umask leaves. `progress` is told the file's name.
using TreeProgress = std::function<void(const std::string& file, std::uint64_t done, std::uint64_t total)>;
io::Task<Status> copy_tree(Place from, Place to, bool overwrite, TreeProgress progress);

// Renames within one file system; into the target if that is a directory. Never replaces a file.
io::Task<Status> move(const Place& from, const Place& to);

// Moves to the trash where the cluster has one (fs.trash.interval), as `hdfs dfs -rm` does, and gives the new
// path; else deletes and gives "". A directory needs `recursive`; kNotFound if there is nothing.
io::Task<Result<std::string>> remove(Session& session, std::string path, bool recursive, bool skip_trash);

using ByteSink = std::function<Status(std::span<const std::byte>)>;
io::Task<Status> read_whole(Place from, ByteSink sink);

}  // namespace knit::client
