// The NameNode as this module uses it: one function for each call of ClientProtocol, values in and out, and
// nothing of what belongs to more than one call (Hadoop 3.4.2: ClientProtocol and its translator; 2.10 to 3.5
// are alike here).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hdfs/blocks.h"
#include "io/task.h"
#include "rpc/caller.h"

namespace knit::hdfs {

// The protocol's name for rpc::Service.
inline constexpr std::string_view kNameNodeProtocol = "org.apache.hadoop.hdfs.protocol.ClientProtocol";

struct Permission {
  std::uint16_t masked = 0;    // with the umask applied
  std::uint16_t unmasked = 0;  // without: counts where the parent has default ACLs
};

struct CreateCall {
  std::string path;
  Permission permission;
  bool overwrite = false;
  bool create_parents = false;  // with the permission of the nearest one there is
  std::uint32_t replication = 1;
  std::uint64_t block_size = 0;
};

struct AppendAnswer {
  std::optional<LocatedBlock> last;  // the block to go on with; none if the next byte begins a new one
  FileInfo file;
};

// Stateless: holds the caller, which must outlive it, and the name under which this client leases files.
// Errors are the caller's: codes by Java class, the NameNode's words. A call that is AtMostOnce for the
// NameNode says so (create, append, rename2, delete, updatePipeline: its retry cache); all others may be
// repeated freely.
class NameNode {
 public:
  NameNode(rpc::Caller& caller, std::string client_name)
      : caller_(caller), client_name_(std::move(client_name)) {}
  const std::string& client_name() const { return client_name_; }

  // nullopt: there is nothing of that name.
  io::Task<Result<std::optional<FileInfo>>> get_file_info(std::string path);
  // In the order of names, all pages; a file lists itself. kResourceExhausted beyond kMaxListed entries.
  io::Task<Result<std::vector<FileInfo>>> get_listing(std::string path);
  // Of the blocks that hold some of the range; kNotFound for a file that is not there.
  io::Task<Result<LocatedBlocks>> get_block_locations(std::string path, std::uint64_t offset,
                                                      std::uint64_t length);
  io::Task<Result<ServerDefaults>> get_server_defaults();

  // The file is leased to this client until complete(). Carries SHOULD_REPLICATE, so that an erasure-coding
  // policy of the folder does not apply, and no crypto version, so that an encryption zone refuses it.
  io::Task<Result<FileInfo>> create(CreateCall call);
  io::Task<Result<AppendAnswer>> append(std::string path);
  // The next block of a file; `previous` is the one before with its length. kFailedPrecondition with
  // NotReplicatedYetException until that one is reported: ask again.
  io::Task<Result<LocatedBlock>> add_block(std::string path, std::uint64_t file_id,
                                           std::optional<ExtendedBlock> previous,
                                           std::span<const DatanodeInfo> excluded);
  io::Task<Status> abandon_block(ExtendedBlock block, std::string path, std::uint64_t file_id);
  // False: not enough replicas of the last block were reported yet. Ask again.
  io::Task<Result<bool>> complete(std::string path, std::uint64_t file_id, std::optional<ExtendedBlock> last);
  // Makes the blocks so far visible to readers; the last one with so many bytes.
  io::Task<Status> fsync(std::string path, std::uint64_t file_id,
                         std::optional<std::uint64_t> last_block_length);

  // A new generation stamp and token for a block whose pipeline is set up again.
  io::Task<Result<LocatedBlock>> update_block_for_pipeline(ExtendedBlock block);
  io::Task<Status> update_pipeline(ExtendedBlock old_block, ExtendedBlock new_block,
                                   std::span<const DatanodeInfo> nodes,
                                   std::span<const std::string> storage_ids);
  // The pipeline's nodes and one more.
  io::Task<Result<LocatedBlock>> get_additional_datanode(std::string path, std::uint64_t file_id,
                                                         const LocatedBlock& pipeline,
                                                         std::span<const DatanodeInfo> excluded);

  io::Task<Status> renew_lease();
  // True: the file is closed. False: its last block is being recovered; ask again.
  io::Task<Result<bool>> recover_lease(std::string path);

  io::Task<Status> mkdirs(std::string path, Permission permission, bool create_parents);
  io::Task<Status> rename2(std::string from, std::string to, bool overwrite);
  // As rename2, under the permission rules of moving to the trash (fs.Options.Rename.TO_TRASH).
  io::Task<Status> rename_to_trash(std::string from, std::string to);
  io::Task<Result<bool>> remove(std::string path, bool recursive);
  io::Task<Status> set_permission(std::string path, std::uint16_t permission);
  // The access time is left alone.
  io::Task<Status> set_times(std::string path, WallTime modified);

  static constexpr std::size_t kMaxListed = 1'000'000;

 private:
  rpc::Caller& caller_;
  std::string client_name_;
};

}  // namespace knit::hdfs
