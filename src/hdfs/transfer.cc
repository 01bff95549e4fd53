#include "hdfs/transfer.h"

#include "base/try.h"
#include "hdfs/convert.h"
#include "hdfs/proto/datatransfer.pb.h"

namespace knit::hdfs {
namespace {

namespace proto = hadoop::hdfs;

enum class Opcode : char { kWriteBlock = 80, kReadBlock = 81, kTransferBlock = 86 };

std::string delimited(const google::protobuf::MessageLite& message) {
  std::string out;
  for (auto length = message.ByteSizeLong();; length >>= 7) {
    if (length < 0x80) {
      out += static_cast<char>(length);
      break;
    }
    out += static_cast<char>((length & 0x7f) | 0x80);
  }
  KNIT_ASSERT(message.IsInitialized() && message.AppendPartialToString(&out), "a complete operation");
  return out;
}

std::string with_opcode(Opcode opcode, const google::protobuf::MessageLite& message) {
  constexpr std::string_view kVersion("\0\x1c", 2);  // DATA_TRANSFER_VERSION 28
  return std::string(kVersion) + static_cast<char>(opcode) + delimited(message);
}

void encode_header(const ExtendedBlock& block, const security::Token& token, const std::string& client,
                   proto::ClientOperationHeaderProto* header) {
  encode(block, header->mutable_baseheader()->mutable_block());
  encode(token, header->mutable_baseheader()->mutable_token());
  header->set_clientname(client);
}

}  // namespace

std::string encode_operation(const WriteOperation& operation) {
  const LocatedBlock& target = operation.target;
  KNIT_ASSERT(!target.nodes.empty() && target.storage_types.size() == target.nodes.size(),
              "a pipeline has nodes");
  proto::OpWriteBlockProto op;
  encode_header(target.block, target.token, operation.client, op.mutable_header());
  op.set_stage(static_cast<proto::OpWriteBlockProto::BlockConstructionStage>(operation.stage));
  op.set_pipelinesize(static_cast<std::uint32_t>(target.nodes.size()));
  op.set_minbytesrcvd(operation.least_received);
  op.set_maxbytesrcvd(operation.most_received);
  op.set_latestgenerationstamp(operation.generation);
  op.mutable_requestedchecksum()->set_type(encode(operation.checksum.type));
  op.mutable_requestedchecksum()->set_bytesperchecksum(operation.checksum.bytes_per_checksum);
  op.mutable_cachingstrategy();
  op.set_storagetype(encode(target.storage_types[0]));
  op.set_allowlazypersist(false);
  op.set_pinning(false);
  op.add_targetpinnings(false);
  if (!target.storage_ids.empty()) op.set_storageid(target.storage_ids[0]);
  // The first node is the one that reads this: the targets are those it passes the bytes on to.
  for (std::size_t n = 1; n < target.nodes.size(); ++n) {
    encode(target.nodes[n], op.add_targets());
    op.add_targetstoragetypes(encode(target.storage_types[n]));
    if (!target.storage_ids.empty()) op.add_targetstorageids(target.storage_ids[n]);
  }
  return with_opcode(Opcode::kWriteBlock, op);
}

std::string encode_operation(const ReadOperation& operation) {
  proto::OpReadBlockProto op;
  encode_header(operation.block, operation.token, operation.client, op.mutable_header());
  op.set_offset(operation.offset);
  op.set_len(operation.length);
  op.set_sendchecksums(true);
  op.mutable_cachingstrategy();
  return with_opcode(Opcode::kReadBlock, op);
}

std::string encode_operation(const TransferOperation& operation) {
  proto::OpTransferBlockProto op;
  encode_header(operation.block, operation.token, operation.client, op.mutable_header());
  const LocatedBlock& targets = operation.targets;
  for (std::size_t n = 0; n < targets.nodes.size(); ++n) {
    encode(targets.nodes[n], op.add_targets());
    op.add_targetstoragetypes(encode(targets.storage_types.at(n)));
    if (!targets.storage_ids.empty()) op.add_targetstorageids(targets.storage_ids[n]);
  }
  return with_opcode(Opcode::kTransferBlock, op);
}

Result<OperationAnswer> decode_answer(std::span<const std::byte> message) {
  proto::BlockOpResponseProto answer;
  // A status newer than this code is lost as an unknown field, and with it the required field: that is no
  // answer.
  if (!answer.ParsePartialFromArray(message.data(), static_cast<int>(message.size())) ||
      !answer.IsInitialized()) {
    return Error(ErrorCode::kDataLoss, "DataNode sent an answer that cannot be decoded");
  }
  OperationAnswer out{.status = static_cast<TransferStatus>(answer.status()),
                      .first_bad_link = answer.firstbadlink(),
                      .message = answer.message()};
  if (answer.has_readopchecksuminfo()) {
    const auto& info = answer.readopchecksuminfo();
    out.checksum = {static_cast<ChecksumType>(info.checksum().type()), info.checksum().bytesperchecksum()};
    out.chunk_offset = info.chunkoffset();
    out.has_checksum = true;
    if (!is_sane(out.checksum)) {
      return Error(ErrorCode::kDataLoss, "DataNode sent an answer with impossible checksums");
    }
  }
  return out;
}

std::string encode_read_status(bool verified) {
  proto::ClientReadStatusProto status;
  status.set_status(verified ? proto::CHECKSUM_OK : proto::SUCCESS);
  return delimited(status);
}

}  // namespace knit::hdfs
