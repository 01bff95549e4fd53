// Moves the packets of a BlockPipeline over one connection, and hears their acknowledgements, beside whoever
// fills it.
#pragma once

#include <memory>
#include <optional>

#include "hdfs/block_pipeline.h"
#include "io/stream.h"
#include "io/task_group.h"
#include "io/wait.h"

namespace knit::hdfs {

// Owned by a BlockWriter; its tasks hold what they use, so that it may go while they run. After a failure:
// stop(), and start() again with the connection of a new pipeline.
class PipelineTransfer {
 public:
  PipelineTransfer(BlockPipeline::Options options, io::TimePoint now);
  ~PipelineTransfer();

  BlockPipeline& core() { return state_->core; }
  const BlockPipeline& core() const { return state_->core; }

  // `nodes`: of the pipeline. Timeouts: of one write, and of silence of the other side.
  void start(std::unique_ptr<io::Stream> stream, std::size_t nodes, io::Duration write_timeout,
             io::Duration read_timeout);
  // Closes the connection, and waits until nothing runs any more.
  io::Task<void> stop();

  // Something may be ready to send.
  void poke() { state_->to_send.set(); }
  // Passes at once if anything has changed since forget_changes(): acknowledgements came, or a failure.
  void forget_changes() { state_->changed.reset(); }
  io::Task<Status> wait_for_change() { return state_->changed.wait(); }
  // The failure that ended the transfer; the first one counts.
  std::optional<PipelineFailure> take_failure() { return std::exchange(state_->failure, std::nullopt); }

 private:
  struct State {
    State(BlockPipeline::Options options, io::TimePoint now) : core(options, now) {}
    void fail(PipelineFailure why);

    BlockPipeline core;
    std::unique_ptr<io::Stream> stream;
    std::size_t nodes = 0;
    io::Duration write_timeout{}, read_timeout{};
    bool ended = false;
    std::optional<PipelineFailure> failure;
    io::Event to_send, changed;
  };
  static io::Task<void> send_packets(std::shared_ptr<State> state);
  static io::Task<void> hear_acknowledgements(std::shared_ptr<State> state);

  std::shared_ptr<State> state_;
  std::unique_ptr<io::TaskGroup> tasks_;
};

}  // namespace knit::hdfs
