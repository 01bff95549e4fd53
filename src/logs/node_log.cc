#include "logs/node_log.h"

#include <deque>

#include "base/try.h"

namespace knit::logs {
namespace {

// 80 MB of line starts; nobody looks at more lines by their number.
constexpr std::uint64_t kMaxTailLines = 10'000'000;

// Where the last lines of what went by begin.
struct LineStarts {
  std::uint64_t wanted;
  std::deque<std::uint64_t> starts{};  // oldest first
  std::uint64_t at = 0;
  bool at_start = true;

  void take(std::span<const std::byte> bytes) {
    for (std::byte b : bytes) {
      if (at_start) {
        if (starts.size() == wanted) starts.pop_front();
        starts.push_back(at);
      }
      at_start = b == std::byte{'\n'};
      ++at;
    }
  }
};

io::Task<Status> take(LineStarts* lines, std::span<const std::byte> bytes) {
  lines->take(bytes);
  co_return Status();
}

}  // namespace

io::Task<Result<std::uint64_t>> NodeLog::find_tail(const LogEntry& entry, std::uint64_t lines) {
  LineStarts found{.wanted = lines};
  KNIT_CO_TRY(auto length, co_await read(entry, 0, [&](auto bytes) { return take(&found, bytes); }));
  co_return found.starts.empty() ? length : found.starts.front();
}

io::Task<Result<std::uint64_t>> NodeLog::read_tail(const LogEntry& entry, std::uint64_t lines, Sink sink) {
  if (lines > kMaxTailLines)
    co_return Error(ErrorCode::kInvalidArgument, "at most " + std::to_string(kMaxTailLines) +
                                                     " lines can be asked for, not " + std::to_string(lines) +
                                                     "; leave the number out to get all");
  if (lines == 0) co_return std::uint64_t{0};
  KNIT_CO_TRY(auto start, co_await find_tail(entry, lines));
  co_return co_await read(entry, start, std::move(sink));
}

}  // namespace knit::logs
