// Units of resource types. A core.
#pragma once

#include <knit/cluster.h>
#include <knit/result.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace knit::yarn {

// The two types every cluster has, by the names the protocol gives them (ResourceInformation, 3.4.2).
inline constexpr std::string_view kMemoryType = "memory-mb";
inline constexpr std::string_view kVcoresType = "vcores";

// Name of a resource type -> the unit this cluster declares for it.
using ResourceUnits = std::map<std::string, std::string, std::less<>>;
ResourceUnits units_of(const std::vector<ResourceType>& types);

// `value` said in `to` instead of `from`; fractions are cut as in Java. Units: p n u m, nothing, k M G T P,
// Ki Mi Gi Ti Pi (UnitsConversionUtil, 3.4.2). kInvalidArgument for another unit or a value that does not
// fit.
Result<std::int64_t> convert_unit(std::string_view from, std::string_view to, std::int64_t value);

}  // namespace knit::yarn
