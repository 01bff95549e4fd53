// The blocking system calls of LocalFileSystem, as functions with Results. For its own files.
#pragma once

#include <atomic>

#include "fs/file_system.h"

namespace knit::fs::local {

// errno in words, with the code a caller acts on: "open /x: Permission denied".
Error system_error(std::string_view what, std::string_view path, int error_number);

// An open descriptor, closed when it goes. A provisional file's name goes too, unless close() succeeded: so
// also where the one who asked for it no longer waits.
class File {
 public:
  File(int fd, std::string path, bool provisional);
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into);
  Status write_all(std::span<const std::byte> bytes);
  // Errors that a write kept back come out here.
  Status close();
  // Removes the name of a provisional file, if it still means this file.
  void give_up();
  Result<std::uint64_t> length();

 private:
  int fd_;
  std::string path_;
  std::atomic<bool> provisional_;  // give_up() may come while a call of another thread runs
  std::uint64_t device_ = 0, inode_ = 0;
};

Result<FileStatus> stat(const std::string& path);
Result<std::vector<FileStatus>> list(const std::string& path);
Result<std::shared_ptr<File>> open_to_read(const std::string& path);
Result<std::shared_ptr<File>> create(const std::string& path, const CreateOptions& options);
Result<std::shared_ptr<File>> open_to_append(const std::string& path);
Status make_directories(const std::string& path, std::uint16_t permission);
Status rename(const std::string& from, const std::string& to, bool overwrite);
Result<bool> remove(const std::string& path, bool recursive);
Status set_permission(const std::string& path, std::uint16_t permission);
Status set_times(const std::string& path, WallTime modified);

}  // namespace knit::fs::local
