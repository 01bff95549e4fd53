// Files as Knit's commands show them: in HDFS, in the cache, and those of a submission.
#pragma once

#include <knit/cluster.h>

#include <cstdint>
#include <string>
#include <vector>

namespace knit {

// What a submission would upload and ask for.
struct Plan {
  struct File {
    std::string source, name, target;
    std::uint64_t size = 0;
    bool upload = false;  // false: already in the cache, or used in place
    bool archive = false;
  };
  std::vector<File> files;
  std::string name, queue, user, staging;
  std::int32_t instances = 0;
  Resource instance, master;
  std::vector<std::string> warnings;
};

struct CacheEntry {
  std::string name, sha256;
  std::uint64_t size = 0;  // bytes
  WallTime used{};
  bool in_use = false;  // by a live application
};

struct FileInfo {
  std::string path;
  bool directory = false;
  std::uint64_t size = 0;  // bytes
  std::uint16_t permission = 0;
  std::string owner, group;
  std::uint32_t replication = 0;
  std::uint64_t block_size = 0;
  WallTime modified{};
};

}  // namespace knit
