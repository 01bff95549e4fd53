// What the record of an application has of a failed run's output. A core.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "control/journal.h"

namespace knit::client {

struct RecordedPart {
  std::string_view bytes;     // of the record
  std::uint64_t missing = 0;  // bytes before them that nobody has told yet, and the record does not have
};

// What to tell of a stream of which `seen` bytes were told before; of one that was not told yet, perhaps only
// its last lines.
RecordedPart recorded_rest(const control::InstanceOutput::Stream& stream, std::uint64_t seen,
                           std::optional<std::uint64_t> tail_lines);

// "stdout of container_...: ...", where part.missing is not 0.
std::string recorded_gap(const control::InstanceOutput::Stream& stream, std::string_view whose,
                         const RecordedPart& part);

}  // namespace knit::client
