#include "hdfs/block_reader.h"

#include <fmt/format.h>
#include <knit/duration.h>

#include <algorithm>
#include <cstring>

#include "base/try.h"
#include "io/wait.h"

namespace knit::hdfs {
namespace {

constexpr std::size_t kBuffer = 128u << 10;  // a packet of 64 KiB, and some of the next

}  // namespace

BlockReader::BlockReader(std::unique_ptr<io::Stream> stream, DatanodeInfo node, std::uint64_t offset,
                         std::uint64_t length, std::chrono::milliseconds timeout)
    : stream_(std::move(stream)),
      node_(std::move(node)),
      core_(offset, length),
      timeout_(timeout),
      buffer_(static_cast<std::size_t>(std::min<std::uint64_t>(kBuffer, length + 4096))) {}

io::Task<Result<std::unique_ptr<BlockReader>>> BlockReader::open(DataNodes& nodes, DatanodeInfo node,
                                                                 const LocatedBlock& block,
                                                                 std::uint64_t offset, std::uint64_t length,
                                                                 std::string client,
                                                                 std::chrono::milliseconds timeout) {
  const std::string operation =
      encode_operation(ReadOperation{block.block, block.token, client, offset, length});
  KNIT_CO_TRY(auto stream, co_await nodes.connect(node));
  std::unique_ptr<BlockReader> reader(
      new BlockReader(std::move(stream), std::move(node), offset, length, timeout));
  Status done = co_await io::run_until(io::after(timeout), reader->stream_->write(io::as_bytes(operation)));
  if (!done) co_return reader->told(std::move(done).error());
  KNIT_CO_TRY_VOID(co_await reader->step());
  co_return std::move(reader);
}

Error BlockReader::told(Error error) const {
  if (error.code() == ErrorCode::kDeadlineExceeded)
    error = Error(error.code(), fmt::format("kept silent for {}", to_text(timeout_)));
  return std::move(error).with_context(fmt::format("DataNode {}", transfer_address(node_)));
}

io::Task<Status> BlockReader::step() {
  while (true) {
    auto step = core_.step(std::span(buffer_).subspan(begin_, end_ - begin_));
    if (!step) co_return told(std::move(step).error());
    if (*step) {
      begin_ += (*step)->used;
      ready_ = (*step)->data;
      co_return Status();
    }
    // More is needed: make room behind what is there.
    if (begin_ + core_.needed() > buffer_.size()) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
      if (core_.needed() > buffer_.size()) buffer_.resize(core_.needed());
    }
    auto count =
        co_await io::run_until(io::after(timeout_), stream_->read_some(std::span(buffer_).subspan(end_)));
    if (!count) co_return told(std::move(count).error());
    if (*count == 0) co_return told(Error(ErrorCode::kUnavailable, "closed the connection"));
    end_ += *count;
  }
}

io::Task<Result<std::size_t>> BlockReader::read(std::span<std::byte> into) {
  while (ready_.empty()) {
    if (core_.remaining() == 0) co_return std::size_t{0};
    KNIT_CO_TRY_VOID(co_await step());
  }
  const std::size_t count = std::min(into.size(), ready_.size());
  std::memcpy(into.data(), ready_.data(), count);
  ready_ = ready_.subspan(count);
  co_return count;
}

io::Task<void> BlockReader::say_goodbye() {
  if (remaining() > 0 || core_.finished()) co_return;
  if (Status ended = co_await step(); !ended || !core_.finished()) co_return;
  const std::string status = encode_read_status(core_.verified());
  (void)(co_await io::run_until(io::after(timeout_), stream_->write(io::as_bytes(status)))).has_value();
}

}  // namespace knit::hdfs
