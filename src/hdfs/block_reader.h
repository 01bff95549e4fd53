// Reads a range of one block from one DataNode: the driver of BlockRead.
#pragma once

#include <memory>
#include <vector>

#include "hdfs/block_read.h"
#include "hdfs/data_nodes.h"

namespace knit::hdfs {

// One connection, one range. Belongs to the loop it was made on; destroyed, it closes.
class BlockReader {
 public:
  // Connects, asks, and waits for the answer. Errors as BlockRead's and DataNodes', naming the DataNode.
  // `nodes` outlives the call alone.
  static io::Task<Result<std::unique_ptr<BlockReader>>> open(DataNodes& nodes, DatanodeInfo node,
                                                             const LocatedBlock& block, std::uint64_t offset,
                                                             std::uint64_t length, std::string client,
                                                             std::chrono::milliseconds timeout);

  // At least one verified byte; 0 when all that was asked for has been read. After an error of any kind use
  // another.
  io::Task<Result<std::size_t>> read(std::span<std::byte> into);
  // Bytes not yet read.
  std::uint64_t remaining() const { return core_.remaining() + ready_.size(); }
  // After the last byte: reads the DataNode's end and says that all went well. Best effort, and bounded.
  io::Task<void> say_goodbye();

 private:
  BlockReader(std::unique_ptr<io::Stream> stream, DatanodeInfo node, std::uint64_t offset,
              std::uint64_t length, std::chrono::milliseconds timeout);
  // Naming the DataNode.
  Error told(Error error) const;
  // Until the next message was taken.
  io::Task<Status> step();

  std::unique_ptr<io::Stream> stream_;
  DatanodeInfo node_;
  BlockRead core_;
  std::chrono::milliseconds timeout_;
  std::vector<std::byte> buffer_;
  std::size_t begin_ = 0, end_ = 0;   // what has arrived and is not done with
  std::span<const std::byte> ready_;  // verified, within buffer_
};

}  // namespace knit::hdfs
