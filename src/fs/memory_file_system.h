// A file system in memory: for tests, and the standard that the contract suite is checked against.
#pragma once

#include "fs/file_system.h"

namespace knit::fs {

// Starts with "/" and the user's home. Permissions are kept but not enforced. Belongs to one loop, as its
// files do; open files may outlive it.
class MemoryFileSystem final : public FileSystem {
 public:
  explicit MemoryFileSystem(std::string user = "alice");
  ~MemoryFileSystem() override;

  std::string uri() const override { return "memory://"; }
  std::string home() const override { return "/user/" + user_; }
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

  struct Node;
  struct Tree;

 private:
  std::string user_;
  std::shared_ptr<Tree> tree_;
};

}  // namespace knit::fs
