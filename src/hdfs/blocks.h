// Blocks and the DataNodes that hold them, as values (Hadoop's ExtendedBlock, DatanodeInfo, LocatedBlock,
// LocatedBlocks, FsServerDefaults).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fs/file_status.h"
#include "hdfs/checksum.h"
#include "security/token.h"

namespace knit::hdfs {

struct ExtendedBlock {
  std::string pool;  // block pool of the NameNode: "BP-2000748352-10.0.0.1-1795396996954"
  std::uint64_t id = 0;
  std::uint64_t generation = 0;  // generation stamp: grows with each recovery of a pipeline
  std::uint64_t length = 0;      // bytes
  bool operator==(const ExtendedBlock&) const = default;
};
// "BP-..:blk_1073741825_1001", as Hadoop's logs name it.
std::string to_string(const ExtendedBlock& block);

struct DatanodeInfo {
  std::string ip, host, uuid;
  std::uint16_t transfer_port = 0, info_port = 0, info_secure_port = 0, ipc_port = 0;
  std::string location;  // "/default-rack"
  bool operator==(const DatanodeInfo&) const = default;
};
// "10.0.0.7:9866", as DataNodes name each other in firstBadLink.
std::string transfer_address(const DatanodeInfo& node);

// With StorageTypeProto's numbers.
enum class StorageType : std::uint8_t { kDisk = 1, kSsd, kArchive, kRamDisk, kProvided, kNvdimm };

struct LocatedBlock {
  ExtendedBlock block;
  std::uint64_t offset = 0;                // in the file
  std::vector<DatanodeInfo> nodes;         // the nearest first
  std::vector<StorageType> storage_types;  // one for each node
  std::vector<std::string> storage_ids;    // one for each node, or none
  bool corrupt = false;
  security::Token token;  // empty where the cluster has none; sent back as it came
  bool operator==(const LocatedBlock&) const = default;
};

struct LocatedBlocks {
  std::uint64_t file_length = 0;  // of the complete blocks
  std::vector<LocatedBlock> blocks;
  std::optional<LocatedBlock> last;  // of the file
  bool last_complete = true;         // false: its length is known to its DataNodes alone
  bool under_construction = false;
  std::string encryption_key;  // the name of the key, where the file lies in an encryption zone
  std::string erasure_policy;  // "RS-6-3-1024k", where the file is erasure-coded
};

// A file or directory, with what only HDFS knows of it.
struct FileInfo {
  fs::FileStatus status;  // path is the name alone in a listing, empty for the file that was asked for
  std::uint64_t file_id = 0;
  std::string encryption_key, erasure_policy;
};

// What the NameNode proposes to clients that have no settings of their own.
struct ServerDefaults {
  std::uint64_t block_size = 128u << 20;
  ChecksumSpec checksum;
  std::uint32_t packet_size = 65536;
  std::uint32_t replication = 3;
  bool encrypt_data_transfer = false;
  std::uint64_t trash_interval_minutes = 0;  // 0: no trash
};

}  // namespace knit::hdfs
