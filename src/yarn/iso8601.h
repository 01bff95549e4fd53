// Times as YARN writes them in application timeouts: "2026-11-23T01:31:08.123+0000"
// (Times.formatISO8601, 3.4.2). A core.
#pragma once

#include <knit/cluster.h>

#include <optional>
#include <string>
#include <string_view>

namespace knit::yarn {

// In UTC.
std::string to_iso8601(WallTime time);
// Nothing for any other text ("UNLIMITED" among them).
std::optional<WallTime> parse_iso8601(std::string_view text);

}  // namespace knit::yarn
