// The files of this machine.
#pragma once

#include "fs/file_system.h"

namespace knit::fs {

// Every call that can block runs on the loop's pool. Symbolic links are followed, except by remove() and
// rename(). The process's umask applies. A file's writer holds it open under its own name: readers see what
// was flushed, and a writer that gives up unlinks it if it is still the same file.
class LocalFileSystem final : public FileSystem {
 public:
  // `home` as the environment says it; nobody checks that it exists.
  explicit LocalFileSystem(std::string home = "/") : home_(std::move(home)) {}

  std::string uri() const override { return "file://"; }
  std::string home() const override { return home_; }
  io::Task<Result<FileStatus>> stat(std::string path) override;
  io::Task<Result<std::vector<FileStatus>>> list(std::string path) override;
  io::Task<Result<std::unique_ptr<Reader>>> open(std::string path) override;
  io::Task<Result<std::unique_ptr<Writer>>> create(std::string path, CreateOptions options) override;
  io::Task<Result<std::unique_ptr<Writer>>> append(std::string path) override;
  io::Task<Status> make_directories(std::string path, std::uint16_t permission) override;
  io::Task<Status> rename(std::string from, std::string to, bool overwrite) override;
  io::Task<Result<bool>> remove(std::string path, bool recursive) override;
  io::Task<Status> set_permission(std::string path, std::uint16_t permission) override;
  io::Task<Status> set_times(std::string path, WallTime modified) override;

 private:
  std::string home_;
};

}  // namespace knit::fs
