// Between protobuf and the values of blocks.h. Used within this module alone.
#pragma once

#include "hdfs/blocks.h"
#include "hdfs/proto/hdfs_base.pb.h"

namespace knit::hdfs {

void encode(const ExtendedBlock& block, hadoop::hdfs::ExtendedBlockProto* proto);
void encode(const DatanodeInfo& node, hadoop::hdfs::DatanodeInfoProto* proto);
void encode(const DatanodeInfo& node, hadoop::hdfs::DatanodeIDProto* proto);
void encode(const security::Token& token, hadoop::common::TokenProto* proto);
hadoop::hdfs::StorageTypeProto encode(StorageType type);
hadoop::hdfs::ChecksumTypeProto encode(ChecksumType type);

ExtendedBlock decode(const hadoop::hdfs::ExtendedBlockProto& proto);
LocatedBlocks decode(const hadoop::hdfs::LocatedBlocksProto& proto);
LocatedBlock decode(const hadoop::hdfs::LocatedBlockProto& proto);
FileInfo decode(const hadoop::hdfs::HdfsFileStatusProto& proto);
ServerDefaults decode(const hadoop::hdfs::FsServerDefaultsProto& proto);

}  // namespace knit::hdfs
