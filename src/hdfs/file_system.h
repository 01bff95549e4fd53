// HDFS as a file system: the driver that brings NameNode and DataNodes together.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "fs/file_system.h"
#include "hdfs/data_nodes.h"
#include "hdfs/name_node.h"
#include "hdfs/options.h"

namespace knit::hdfs {

// One HDFS as one user. Belongs to one loop; its readers may outlive it, its writers must not. Best ended by
// `co_await shut_down()`, which lets the clean-up of given-up files finish; destroyed without, it drops that.
//
// Files in an encryption zone and erasure-coded ones are refused by name; so is a cluster whose DataNodes
// encrypt their data port.
class HdfsFileSystem final : public fs::FileSystem {
 public:
  // `authority` for messages and URIs: "nn.example.com:8020" or a nameservice. The lease's holder is named
  // after `unique`, which should be random.
  HdfsFileSystem(std::string authority, std::unique_ptr<rpc::Caller> name_node,
                 std::unique_ptr<DataNodes> data_nodes, Options options, std::uint64_t unique);
  ~HdfsFileSystem() override;

  std::string uri() const override;
  std::string home() const override;
  io::Task<Result<fs::FileStatus>> stat(std::string path) override;
  io::Task<Result<std::vector<fs::FileStatus>>> list(std::string path) override;
  io::Task<Result<std::unique_ptr<fs::Reader>>> open(std::string path) override;
  io::Task<Result<std::unique_ptr<fs::Writer>>> create(std::string path, fs::CreateOptions options) override;
  io::Task<Result<std::unique_ptr<fs::Writer>>> append(std::string path) override;
  io::Task<Status> make_directories(std::string path, std::uint16_t permission) override;
  io::Task<Status> rename(std::string from, std::string to, bool overwrite) override;
  io::Task<Result<bool>> remove(std::string path, bool recursive) override;
  io::Task<Status> set_permission(std::string path, std::uint16_t permission) override;
  io::Task<Status> set_times(std::string path, WallTime modified) override;

  // The directory `path` lies in an encryption zone, and so on: what only HDFS knows of a path. kNotFound.
  io::Task<Result<FileInfo>> info(std::string path);
  // What the NameNode proposes to clients; asked for once.
  io::Task<Result<ServerDefaults>> server_defaults();
  NameNode& name_node();
  const Options& options() const;

  // Waits, within bounds, until background work has ended. No open writers may remain.
  io::Task<void> shut_down();

 private:
  struct Core;
  class Host;
  Error explained(Error error, std::string_view what, std::string_view path) const;
  io::Task<Result<std::unique_ptr<fs::Writer>>> open_to_append(std::string path);
  struct Creation;
  static io::Task<Result<FileInfo>> create_file(std::shared_ptr<Core> core, CreateCall call,
                                                bool create_parents);
  static io::Task<void> carry_out(std::shared_ptr<Core> core, std::shared_ptr<Creation> creation);
  io::Task<Result<FileInfo>> create_or_take_back(CreateCall call, bool create_parents);
  io::Task<Status> recover_lease(std::string path);
  io::Task<Error> explain_denied(Error error, std::string_view what, std::string path);
  std::unique_ptr<fs::Writer> make_writer(std::shared_ptr<class FileUnderConstruction> file,
                                          std::string_view what, std::string path);

  std::shared_ptr<Core> core_;
  std::unique_ptr<Host> host_;
};

// The block size of an upload: so many bytes, rounded up to whole checksum chunks, but at least what the
// NameNode allows and at most `usual`: the NameNode charges a whole block times replication against the quota
// until the block is complete (FSDirWriteFileOp.addBlock, FSDirectory.updateSpaceForCompleteBlock). 0 bytes:
// unknown, so `usual`.
std::uint64_t upload_block_size(std::uint64_t expected_length, std::uint64_t usual, const Options& options);

}  // namespace knit::hdfs
