// Changing the number of an application's instances while it runs.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

namespace knit {

// Between SIGTERM and SIGKILL, where nobody says otherwise (docker's).
inline constexpr std::chrono::milliseconds kDefaultGrace = std::chrono::seconds(10);
inline constexpr std::chrono::milliseconds kLongestGrace = std::chrono::hours(24);

// Exactly one of `to`, `by` and `remove` says what is wanted.
struct ScaleRequest {
  std::optional<std::int32_t>
      to;                         // so many that have not ended; 0: the application waits until it is stopped
  std::int32_t by = 0;            // so many more, or fewer
  std::set<std::int32_t> remove;  // these
  std::chrono::milliseconds grace = kDefaultGrace;  // of those that are removed
};

struct ScaleResult {
  std::vector<std::int32_t> added, removed;
  std::int32_t active = 0;  // instances that have not ended and are not being removed
};

}  // namespace knit
