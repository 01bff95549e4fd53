#include "yarn/units.h"

#include <fmt/format.h>

#include <array>
#include <limits>
#include <utility>

#include "base/try.h"

namespace knit::yarn {
namespace {

using Wide = __int128;

// How much a unit is: numerator / denominator of nothing.
struct Factor {
  std::string_view unit;
  std::int64_t numerator;
  std::int64_t denominator;
};
constexpr std::array<Factor, 15> kFactors = {{{"p", 1, 1'000'000'000'000},
                                              {"n", 1, 1'000'000'000},
                                              {"u", 1, 1'000'000},
                                              {"m", 1, 1'000},
                                              {"", 1, 1},
                                              {"k", 1'000, 1},
                                              {"M", 1'000'000, 1},
                                              {"G", 1'000'000'000, 1},
                                              {"T", 1'000'000'000'000, 1},
                                              {"P", 1'000'000'000'000'000, 1},
                                              {"Ki", std::int64_t{1} << 10, 1},
                                              {"Mi", std::int64_t{1} << 20, 1},
                                              {"Gi", std::int64_t{1} << 30, 1},
                                              {"Ti", std::int64_t{1} << 40, 1},
                                              {"Pi", std::int64_t{1} << 50, 1}}};

Result<Factor> factor(std::string_view unit) {
  for (const auto& known : kFactors) {
    if (known.unit == unit) return known;
  }
  return Error(ErrorCode::kInvalidArgument,
               fmt::format("'{}' is not a unit of YARN's; they are p n u m k M G T P Ki Mi Gi Ti Pi",
                           unit.substr(0, 20)));
}

}  // namespace

ResourceUnits units_of(const std::vector<ResourceType>& types) {
  ResourceUnits units;
  for (const auto& type : types) units[type.name] = type.unit;
  return units;
}

Result<std::int64_t> convert_unit(std::string_view from, std::string_view to, std::int64_t value) {
  if (from == to) return value;
  KNIT_TRY(const auto source, factor(from));
  KNIT_TRY(const auto target, factor(to));
  // Each product below 2^91; the value is multiplied last, and only if that stays below 2^127.
  const Wide numerator = Wide{source.numerator} * target.denominator;
  const Wide denominator = Wide{source.denominator} * target.numerator;
  constexpr Wide kLimit = ~(Wide{1} << 127);
  const Wide magnitude = value < 0 ? -Wide{value} : Wide{value};
  if (magnitude > kLimit / numerator ||
      magnitude * numerator / denominator > std::numeric_limits<std::int64_t>::max()) {
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("{}{} does not fit when said in '{}'", value, from, to));
  }
  return static_cast<std::int64_t>(value * numerator / denominator);
}

}  // namespace knit::yarn
