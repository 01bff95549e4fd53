// The operations of DataTransferProtocol, version 28: what opens a conversation with a DataNode, and its
// answer (Hadoop 3.4.2: Sender, DataTransferProtoUtil). One operation a connection.
#pragma once

#include <knit/result.h>

#include <span>
#include <string>

#include "hdfs/blocks.h"
#include "hdfs/packet.h"

namespace knit::hdfs {

// Where in a block's life a pipeline is set up: BlockConstructionStage's numbers.
enum class PipelineStage : std::uint8_t {
  kAppend = 0,
  kAppendRecovery = 1,
  kStreamingRecovery = 3,
  kCloseRecovery = 5,
  kCreate = 6,
};

struct WriteOperation {
  // The pipeline, nearest node first; its block's length is the most the block may come to have.
  const LocatedBlock& target;
  const std::string& client;
  PipelineStage stage = PipelineStage::kCreate;
  std::uint64_t least_received = 0, most_received = 0;  // acknowledged and sent, for a recovery
  std::uint64_t generation = 0;                         // the new one, for an append or a recovery
  ChecksumSpec checksum;
};
// With version and opcode in front.
std::string encode_operation(const WriteOperation& operation);

struct ReadOperation {
  const ExtendedBlock& block;
  const security::Token& token;
  const std::string& client;
  std::uint64_t offset = 0, length = 0;  // within the block
};
std::string encode_operation(const ReadOperation& operation);

// Asks the DataNode it is sent to to copy its replica of the block to `targets`.
struct TransferOperation {
  const ExtendedBlock& block;
  const security::Token& token;
  const std::string& client;
  const LocatedBlock& targets;  // nodes and storages
};
std::string encode_operation(const TransferOperation& operation);

struct OperationAnswer {
  TransferStatus status = TransferStatus::kUnknown;
  std::string
      first_bad_link;  // transfer_address of the node that broke the pipeline; empty: the answering one
  std::string message;
  ChecksumSpec checksum;           // of a read
  std::uint64_t chunk_offset = 0;  // of a read: where the data begins, at or before the offset asked for
  bool has_checksum = false;
};
// Of a delimited message without its length.
Result<OperationAnswer> decode_answer(std::span<const std::byte> message);

// What a client says after a read that went well, so that the DataNode knows (ClientReadStatusProto,
// delimited).
std::string encode_read_status(bool verified);

}  // namespace knit::hdfs
