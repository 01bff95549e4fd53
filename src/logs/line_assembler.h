// Whole lines out of bytes that come in pieces. Pure.
#pragma once

#include <knit/run.h>

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace knit::logs {

// One for each log that is followed. A line is passed on when its newline has come, so that lines of several
// logs never mix within one. Holds at most `max_line` bytes: a longer line is passed on in parts of that
// size.
class LineAssembler {
 public:
  using End = LineEnd;
  // The line without its newline, valid during the call. A carriage return before the newline stays: it is
  // the log's.
  using Sink = std::function<void(std::string_view line, End end)>;

  // Far beyond what people read; a progress bar that never ends its line stays bounded.
  static constexpr std::size_t kMaxLine = 1 << 20;
  explicit LineAssembler(std::size_t max_line = kMaxLine) : max_line_(max_line) {}

  void feed(std::span<const std::byte> bytes, const Sink& sink);
  // The log has ended, or began anew: what there is of a line is one.
  void finish(const Sink& sink);
  // Bytes of the line that has not ended yet.
  std::size_t pending() const { return line_.size(); }

 private:
  std::size_t max_line_;
  std::string line_;
};

}  // namespace knit::logs
