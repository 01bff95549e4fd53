#include "io/stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "base/try.h"
#include "io/wait.h"

namespace knit::io {
namespace {

// One direction of a pipe in memory.
struct Channel {
  std::deque<std::byte> bytes;
  bool closed = false;
  Event changed;
};

class PipeEnd final : public Stream {
 public:
  PipeEnd(std::shared_ptr<Channel> in, std::shared_ptr<Channel> out, std::string peer)
      : in_(std::move(in)), out_(std::move(out)), peer_(std::move(peer)) {}
  ~PipeEnd() override { shut(); }

  Task<Result<std::size_t>> read_some(std::span<std::byte> into) override {
    auto in = in_;
    while (in->bytes.empty() && !in->closed && !closed_) KNIT_CO_TRY_VOID(co_await in->changed.wait());
    KNIT_CO_TRY_VOID(co_await check_cancelled());
    if (closed_) co_return Error(ErrorCode::kUnavailable, "reading from " + peer_ + ": closed here");
    const std::size_t n = std::min(into.size(), in->bytes.size());
    std::copy_n(in->bytes.begin(), n, into.begin());
    in->bytes.erase(in->bytes.begin(), in->bytes.begin() + static_cast<std::ptrdiff_t>(n));
    co_return n;
  }

  Task<Status> write(std::span<const std::byte> bytes) override {
    KNIT_CO_TRY_VOID(co_await check_cancelled());
    if (closed_ || out_->closed)
      co_return Error(ErrorCode::kUnavailable, "writing to " + peer_ + ": broken pipe");
    out_->bytes.insert(out_->bytes.end(), bytes.begin(), bytes.end());
    out_->changed.pulse();
    co_return Status();
  }

  void close() override { shut(); }
  std::string peer() const override { return peer_; }

 private:
  void shut() {
    closed_ = true;
    for (Channel* channel : {in_.get(), out_.get()}) {
      channel->closed = true;
      // Wakes through the loop; at the end of a test there may be none left to wake.
      channel->changed.pulse();
    }
  }

  std::shared_ptr<Channel> in_, out_;
  std::string peer_;
  bool closed_ = false;
};

}  // namespace

Task<Status> read_exactly(Stream& stream, std::span<std::byte> into) {
  std::size_t done = 0;
  while (done < into.size()) {
    KNIT_CO_TRY(const std::size_t n, co_await stream.read_some(into.subspan(done)));
    if (n == 0) {
      co_return Error(ErrorCode::kUnavailable, fmt::format("{} closed the connection after {} of {} bytes",
                                                           stream.peer(), done, into.size()));
    }
    done += n;
  }
  co_return Status();
}

std::pair<std::unique_ptr<Stream>, std::unique_ptr<Stream>> make_pipe() {
  auto there = std::make_shared<Channel>();
  auto back = std::make_shared<Channel>();
  return {std::make_unique<PipeEnd>(back, there, "pipe"), std::make_unique<PipeEnd>(there, back, "pipe")};
}

}  // namespace knit::io
