// What a file system knows of a file or directory.
#pragma once

#include <knit/cluster.h>

#include <cstdint>
#include <string>

namespace knit::fs {

// kOther: a device, a pipe or a socket of this machine.
enum class FileType { kFile, kDirectory, kSymlink, kOther };

struct FileStatus {
  std::string path;  // absolute, without scheme: "/user/alice/x"
  FileType type = FileType::kFile;
  std::uint64_t length = 0;      // bytes
  std::uint16_t permission = 0;  // the low 12 bits, as chmod writes them
  std::string owner, group;
  WallTime modified{}, accessed{};
  std::uint32_t replication = 0;
  std::uint64_t block_size = 0;  // bytes
  bool encrypted = false;        // lies in an encryption zone: its plain bytes are not readable by us
  bool erasure_coded = false;
  bool is_directory() const { return type == FileType::kDirectory; }
};

}  // namespace knit::fs
