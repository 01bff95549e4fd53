// Writes one block to its pipeline: the driver of BlockPipeline, with recovery when a DataNode fails
// (Hadoop 3.4.2: DataStreamer.setupPipelineInternal).
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "hdfs/name_node.h"
#include "hdfs/pipeline_setup.h"
#include "hdfs/pipeline_transfer.h"

namespace knit::hdfs {

// What a block's writer works with; all of it outlives the writer.
struct WriteContext {
  NameNode& name_node;
  DataNodes& data_nodes;
  const Options& options;
  std::string path;
  FileInfo file;
  ChecksumSpec checksum;
};

// Sends and hears acknowledgements in the background, so that bytes travel while the caller gets the next
// ones; sends heartbeats while nothing is written. One call at a time. A DataNode that fails is left out and
// its bytes are sent to the others; where fewer than Hadoop's default policy asks for remain, another one is
// asked for, and writing goes on without it if there is none. After an error nothing works any more. co_await
// stop() before it goes.
class BlockWriter {
 public:
  // A new block: connects to the pipeline of `target` and sets it up. Gives the failure, for the caller to
  // ask for another pipeline, or nothing.
  static io::Task<std::variant<std::unique_ptr<BlockWriter>, PipelineFailure>> create(
      const WriteContext& context, LocatedBlock target);
  // The last block of a file that is appended to; its length is the bytes it has.
  static io::Task<Result<std::unique_ptr<BlockWriter>>> append(const WriteContext& context,
                                                               LocatedBlock last);

  // Takes as many bytes as the block still has room for, and waits for room in the window.
  io::Task<Result<std::size_t>> write(std::span<const std::byte> bytes);
  bool full() const { return core().full(); }
  // Until all that was written is acknowledged by every DataNode.
  io::Task<Status> flush(bool sync);
  // The same, and ends the block.
  io::Task<Status> finish();
  io::Task<void> stop();

  // As the NameNode is to know it: with its present generation, and the bytes that are acknowledged.
  ExtendedBlock block() const;
  const std::vector<DatanodeInfo>& nodes() const { return pipeline_.nodes; }

 private:
  BlockWriter(const WriteContext& context, LocatedBlock pipeline, std::uint64_t start);
  BlockPipeline& core() { return transfer_.core(); }
  const BlockPipeline& core() const { return transfer_.core(); }
  void start(std::unique_ptr<io::Stream> stream);
  // Waits for acknowledgements until `done`, recovering as often as it takes.
  template <class Done>
  io::Task<Status> wait_until(Done done);

  io::Task<Status> recover(PipelineFailure failure);
  io::Task<Status> leave_out(const PipelineFailure& failure);
  io::Task<void> replace_node();
  // Sets up a pipeline of the present nodes with a new generation. `fatal` is what no other pipeline would
  // mend.
  io::Task<std::optional<PipelineFailure>> renew(PipelineStage stage, Status& fatal);

  const WriteContext& context_;
  LocatedBlock pipeline_;  // its block is the operation's: length is the file's block size
  PipelineTransfer transfer_;
  bool is_append_ = false, streamed_ = false, flushed_ = false;
  std::optional<Error> fatal_;
  std::optional<io::TimePoint> restart_deadline_;
  std::vector<DatanodeInfo> failed_;
};

}  // namespace knit::hdfs
