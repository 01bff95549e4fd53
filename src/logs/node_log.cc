#include "logs/node_log.h"

#include "base/try.h"
#include "logs/line_starts.h"

namespace knit::logs {
namespace {

io::Task<Status> take(LineStarts* lines, std::span<const std::byte> bytes) {
  lines->take(bytes);
  co_return Status();
}

}  // namespace

io::Task<Result<std::uint64_t>> NodeLog::find_tail(const LogEntry& entry, std::uint64_t lines) {
  LineStarts found(lines);
  KNIT_CO_TRY_VOID(co_await read(entry, 0, [&](auto bytes) { return take(&found, bytes); }));
  co_return found.start();
}

io::Task<Result<std::uint64_t>> NodeLog::read_tail(const LogEntry& entry, std::uint64_t lines, Sink sink) {
  if (lines == 0) co_return std::uint64_t{0};
  KNIT_CO_TRY(auto start, co_await find_tail(entry, lines));
  co_return co_await read(entry, start, std::move(sink));
}

}  // namespace knit::logs
