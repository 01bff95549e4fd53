#include "hdfs/convert.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace knit::hdfs {
namespace {

// A port that no machine has becomes 0, to which nothing connects.
std::uint16_t port(std::uint32_t number) {
  return number <= 0xffff ? static_cast<std::uint16_t>(number) : 0;
}

DatanodeInfo decode(const hadoop::hdfs::DatanodeInfoProto& proto) {
  const auto& id = proto.id();
  return {.ip = id.ipaddr(),
          .host = id.hostname(),
          .uuid = id.datanodeuuid(),
          .transfer_port = port(id.xferport()),
          .info_port = port(id.infoport()),
          .info_secure_port = port(id.infosecureport()),
          .ipc_port = port(id.ipcport()),
          .location = proto.location()};
}

WallTime wall_time(std::uint64_t ms) {
  return WallTime(std::chrono::milliseconds(static_cast<std::int64_t>(ms)));
}

fs::FileType type_of(hadoop::hdfs::HdfsFileStatusProto::FileType type) {
  switch (type) {
    case hadoop::hdfs::HdfsFileStatusProto::IS_DIR:
      return fs::FileType::kDirectory;
    case hadoop::hdfs::HdfsFileStatusProto::IS_SYMLINK:
      return fs::FileType::kSymlink;
    case hadoop::hdfs::HdfsFileStatusProto::IS_FILE:
      break;
  }
  return fs::FileType::kFile;
}

// The policies that every Hadoop 3 has, by id - 1: of these the NameNode sends nothing but the id
// (PBHelperClient.convertErasureCodingPolicy, SystemErasureCodingPolicies, 3.4.2).
constexpr std::array<std::string_view, 5> kBuiltIn = {"RS-6-3-1024k", "RS-3-2-1024k", "RS-LEGACY-6-3-1024k",
                                                      "XOR-2-1-1024k", "RS-10-4-1024k"};
constexpr std::uint32_t kReplication = 63;  // ErasureCodeConstants.REPLICATION_POLICY_ID

// "" for replication.
std::string policy_name(const hadoop::hdfs::ErasureCodingPolicyProto& policy) {
  if (policy.id() == kReplication) return {};
  if (!policy.name().empty()) return policy.name();
  if (policy.id() >= 1 && policy.id() <= kBuiltIn.size()) return std::string(kBuiltIn[policy.id() - 1]);
  return fmt::format("policy {}", policy.id());
}

}  // namespace

std::string to_string(const ExtendedBlock& block) {
  return fmt::format("{}:blk_{}_{}", block.pool, block.id, block.generation);
}

std::string transfer_address(const DatanodeInfo& node) {
  return fmt::format("{}:{}", node.ip, node.transfer_port);
}

void encode(const ExtendedBlock& block, hadoop::hdfs::ExtendedBlockProto* proto) {
  proto->set_poolid(block.pool);
  proto->set_blockid(block.id);
  proto->set_generationstamp(block.generation);
  proto->set_numbytes(block.length);
}

void encode(const DatanodeInfo& node, hadoop::hdfs::DatanodeIDProto* proto) {
  proto->set_ipaddr(node.ip);
  proto->set_hostname(node.host);
  proto->set_datanodeuuid(node.uuid);
  proto->set_xferport(node.transfer_port);
  proto->set_infoport(node.info_port);
  proto->set_ipcport(node.ipc_port);
  proto->set_infosecureport(node.info_secure_port);
}

void encode(const DatanodeInfo& node, hadoop::hdfs::DatanodeInfoProto* proto) {
  encode(node, proto->mutable_id());
  if (!node.location.empty()) proto->set_location(node.location);
}

void encode(const security::Token& token, hadoop::common::TokenProto* proto) {
  proto->set_identifier(token.identifier);
  proto->set_password(token.password.bytes());
  proto->set_kind(token.kind);
  proto->set_service(token.service);
}

hadoop::hdfs::StorageTypeProto encode(StorageType type) {
  return static_cast<hadoop::hdfs::StorageTypeProto>(type);
}

hadoop::hdfs::ChecksumTypeProto encode(ChecksumType type) {
  return static_cast<hadoop::hdfs::ChecksumTypeProto>(type);
}

ExtendedBlock decode(const hadoop::hdfs::ExtendedBlockProto& proto) {
  return {.pool = proto.poolid(),
          .id = proto.blockid(),
          .generation = proto.generationstamp(),
          .length = proto.numbytes()};
}

LocatedBlock decode(const hadoop::hdfs::LocatedBlockProto& proto) {
  LocatedBlock block;
  block.block = decode(proto.b());
  block.offset = proto.offset();
  for (const auto& node : proto.locs()) block.nodes.push_back(decode(node));
  for (const int type : proto.storagetypes()) block.storage_types.push_back(static_cast<StorageType>(type));
  // A type newer than this code is dropped by protobuf: then all count as disks, as before there were types.
  if (block.storage_types.size() != block.nodes.size()) {
    block.storage_types.assign(block.nodes.size(), StorageType::kDisk);
  }
  if (proto.storageids_size() == proto.locs_size()) {
    block.storage_ids.assign(proto.storageids().begin(), proto.storageids().end());
  }
  block.corrupt = proto.corrupt();
  const auto& token = proto.blocktoken();
  block.token = {.identifier = token.identifier(),
                 .password = std::string_view(token.password()),
                 .kind = token.kind(),
                 .service = token.service()};
  return block;
}

LocatedBlocks decode(const hadoop::hdfs::LocatedBlocksProto& proto) {
  LocatedBlocks blocks;
  blocks.file_length = proto.filelength();
  for (const auto& block : proto.blocks()) blocks.blocks.push_back(decode(block));
  std::sort(blocks.blocks.begin(), blocks.blocks.end(),
            [](const LocatedBlock& a, const LocatedBlock& b) { return a.offset < b.offset; });
  if (proto.has_lastblock()) blocks.last = decode(proto.lastblock());
  blocks.last_complete = proto.islastblockcomplete();
  blocks.under_construction = proto.underconstruction();
  blocks.encryption_key = proto.fileencryptioninfo().keyname();
  if (proto.has_ecpolicy()) blocks.erasure_policy = policy_name(proto.ecpolicy());
  return blocks;
}

FileInfo decode(const hadoop::hdfs::HdfsFileStatusProto& proto) {
  using Proto = hadoop::hdfs::HdfsFileStatusProto;
  FileInfo info;
  info.file_id = proto.fileid();
  info.encryption_key = proto.fileencryptioninfo().keyname();
  if (proto.has_ecpolicy()) info.erasure_policy = policy_name(proto.ecpolicy());
  fs::FileStatus& status = info.status;
  status.path = proto.path();
  status.type = type_of(proto.filetype());
  status.length = proto.length();
  status.permission = static_cast<std::uint16_t>(proto.permission().perm() & 07777);
  status.owner = proto.owner();
  status.group = proto.group();
  status.modified = wall_time(proto.modification_time());
  status.accessed = wall_time(proto.access_time());
  status.replication = proto.block_replication();
  status.block_size = proto.blocksize();
  status.encrypted = proto.has_fileencryptioninfo() || (proto.flags() & Proto::HAS_CRYPT) != 0;
  status.erasure_coded = !info.erasure_policy.empty() || (proto.flags() & Proto::HAS_EC) != 0;
  return info;
}

ServerDefaults decode(const hadoop::hdfs::FsServerDefaultsProto& proto) {
  return {.block_size = proto.blocksize(),
          .checksum = {static_cast<ChecksumType>(proto.checksumtype()), proto.bytesperchecksum()},
          .packet_size = proto.writepacketsize(),
          .replication = proto.replication(),
          .encrypt_data_transfer = proto.encryptdatatransfer(),
          .trash_interval_minutes = proto.trashinterval()};
}

}  // namespace knit::hdfs
