// Ranges of ports as people write them.
#pragma once

#include <knit/export.h>
#include <knit/result.h>
#include <knit/run_spec.h>

#include <string_view>

namespace knit {

// "20000" or "20000-20100", from 1 to 65535.
KNIT_EXPORT Result<PortRange> parse_port_range(std::string_view text);

}  // namespace knit
