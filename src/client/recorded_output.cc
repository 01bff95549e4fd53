#include "client/recorded_output.h"

#include <fmt/format.h>

#include <algorithm>

#include "io/stream.h"
#include "logs/line_starts.h"

namespace knit::client {

RecordedPart recorded_rest(const control::InstanceOutput::Stream& stream, std::uint64_t seen,
                           std::optional<std::uint64_t> tail_lines) {
  const std::uint64_t begin = stream.length - stream.bytes.size();
  const std::string_view bytes = stream.bytes;
  if (tail_lines && seen == 0) {
    logs::LineStarts lines(*tail_lines);
    lines.begin(begin);
    lines.take(io::as_bytes(bytes));
    return {bytes.substr(lines.start() - begin), lines.complete() ? 0 : begin};
  }
  const auto from = std::clamp(seen, begin, stream.length);
  return {bytes.substr(from - begin), from - std::min(seen, from)};
}

std::string recorded_gap(const control::InstanceOutput::Stream& stream, std::string_view whose,
                         const RecordedPart& part) {
  return fmt::format(
      "{} of {}: {} bytes are lost; what follows are its last {}, kept by the application's record",
      stream.file, whose, part.missing, part.bytes.size());
}

}  // namespace knit::client
