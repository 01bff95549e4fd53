#include "hdfs/pipeline_transfer.h"

#include <cstring>

namespace knit::hdfs {

PipelineTransfer::PipelineTransfer(BlockPipeline::Options options, io::TimePoint now)
    : state_(std::make_shared<State>(options, now)) {}

PipelineTransfer::~PipelineTransfer() {
  state_->ended = true;
  if (state_->stream) state_->stream->close();
}

void PipelineTransfer::State::fail(PipelineFailure why) {
  // Closing the stream makes the other task fail too.
  if (!std::exchange(ended, true)) failure = std::move(why);
  stream->close();
  changed.set();
  to_send.set();
}

void PipelineTransfer::start(std::unique_ptr<io::Stream> stream, std::size_t nodes,
                             io::Duration write_timeout, io::Duration read_timeout) {
  state_->stream = std::move(stream);
  state_->nodes = nodes;
  state_->write_timeout = write_timeout;
  state_->read_timeout = read_timeout;
  state_->ended = false;
  state_->failure.reset();
  tasks_ = std::make_unique<io::TaskGroup>();
  tasks_->spawn(send_packets(state_));
  tasks_->spawn(hear_acknowledgements(state_));
}

io::Task<void> PipelineTransfer::stop() {
  state_->ended = true;
  if (state_->stream) state_->stream->close();
  if (tasks_) co_await tasks_->stop();
  tasks_.reset();
  state_->stream.reset();
}

io::Task<void> PipelineTransfer::send_packets(std::shared_ptr<State> state) {
  BlockPipeline& core = state->core;
  while (!state->ended && !core.finished()) {
    state->to_send.reset();
    Status sent;
    if (const auto packet = core.next_packet(io::now())) {
      sent = co_await io::run_until(io::after(state->write_timeout), state->stream->write(packet->bytes));
    } else {
      const Status woken = co_await io::run_until(core.heartbeat_due(), state->to_send.wait());
      if (woken) continue;
      if (woken.error().code() != ErrorCode::kDeadlineExceeded) co_return;  // cancelled
      if (state->ended) co_return;
      const auto heartbeat = core.heartbeat(io::now());
      sent = co_await io::run_until(io::after(state->write_timeout), state->stream->write(heartbeat));
    }
    if (!sent) {
      if (sent.error().code() == ErrorCode::kCancelled) co_return;
      state->fail({.node = 0, .error = std::move(sent).error().with_context("sending a packet")});
    }
  }
}

io::Task<void> PipelineTransfer::hear_acknowledgements(std::shared_ptr<State> state) {
  BlockPipeline& core = state->core;
  std::vector<std::byte> buffer(4096);
  std::size_t end = 0, needed = 1;
  while (!state->ended && !core.finished()) {
    auto view = decode_delimited(std::span(buffer).first(end), needed);
    if (!view) co_return state->fail({.node = 0, .error = std::move(view).error()});
    if (*view) {
      auto ack = decode_ack((*view)->message);
      if (!ack) co_return state->fail({.node = 0, .error = std::move(ack).error()});
      if (auto why = core.acknowledge(*ack, state->nodes)) co_return state->fail(*std::move(why));
      std::memmove(buffer.data(), buffer.data() + (*view)->size, end - (*view)->size);
      end -= (*view)->size;
      state->changed.set();
      state->to_send.set();
      continue;
    }
    if (needed > buffer.size()) buffer.resize(needed);
    const auto room = std::span(buffer).subspan(end);
    auto count = co_await io::run_until(io::after(state->read_timeout), state->stream->read_some(room));
    if (!count && count.error().code() == ErrorCode::kCancelled) co_return;
    if (!count) {
      co_return state->fail(
          {.node = 0, .error = std::move(count).error().with_context("waiting for an answer")});
    }
    if (*count == 0) {
      co_return state->fail(
          {.node = 0, .error = Error(ErrorCode::kUnavailable, "the connection was closed")});
    }
    end += *count;
  }
}

}  // namespace knit::hdfs
