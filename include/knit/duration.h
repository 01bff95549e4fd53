// Durations as people write them.
#pragma once

#include <knit/export.h>
#include <knit/result.h>

#include <chrono>
#include <string>
#include <string_view>

namespace knit {

// "90s", "10m", "2h", "1d", "250ms", or bare seconds ("90", "1.5"). Refuses negative ones and more than ten
// years.
KNIT_EXPORT Result<std::chrono::milliseconds> parse_duration(std::string_view text);

// "1 h 02 min", "3 min 05 s", "12.3 s", "250 ms".
KNIT_EXPORT std::string to_text(std::chrono::milliseconds duration);

}  // namespace knit
