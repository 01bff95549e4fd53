// Where the last lines of a text that goes by begin. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>

namespace knit::logs {

// Memory is 8 bytes for each line that is wanted; the caller limits them.
class LineStarts {
 public:
  explicit LineStarts(std::uint64_t wanted) : wanted_(wanted) {}

  // What comes next lies at `offset` of the log. Elsewhere than at its beginning the first line may have
  // begun before and does not count.
  void begin(std::uint64_t offset) {
    first_ = at_ = offset;
    at_start_ = offset == 0;
    starts_.clear();
  }
  void take(std::span<const std::byte> bytes) {
    for (const auto byte : bytes) {
      if (at_start_ && wanted_ > 0) {
        if (starts_.size() == wanted_) starts_.pop_front();
        starts_.push_back(at_);
      }
      at_start_ = byte == std::byte{'\n'};
      ++at_;
    }
  }
  // As many lines as are wanted went by.
  bool complete() const { return starts_.size() == wanted_; }
  // Of the last wanted lines, or of all that went by if they are fewer.
  std::uint64_t start() const { return wanted_ == 0 ? at_ : starts_.empty() ? first_ : starts_.front(); }

 private:
  std::uint64_t wanted_;
  std::uint64_t first_ = 0, at_ = 0;
  bool at_start_ = true;
  std::deque<std::uint64_t> starts_;
};

}  // namespace knit::logs
