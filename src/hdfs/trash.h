// What `hdfs dfs -rm` does unless it is told to skip the trash (Hadoop 3.4.2: TrashPolicyDefault.moveToTrash,
// Trash.moveToAppropriateTrash).
#pragma once

#include <optional>
#include <string>

#include "hdfs/file_system.h"

namespace knit::hdfs {

// "/user/alice/.Trash".
std::string trash_root(const HdfsFileSystem& fs);

// Moves a file or directory to HOME/.Trash/Current, below which it keeps its path, with the time in ms behind
// its name where that is taken; gives where it now lies. nullopt: there is no trash (fs.trash.interval is 0;
// the NameNode's own wins over ours where it is set), or the path lies in it already: nothing was done, and
// the caller removes it for good. kFailedPrecondition for a directory that holds the trash; kUnimplemented in
// an encryption zone, which has a trash of its own. That a directory needs the user's -r is the caller's
// matter.
io::Task<Result<std::optional<std::string>>> move_to_trash(HdfsFileSystem& fs, std::string path);

}  // namespace knit::hdfs
