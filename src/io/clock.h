// Time as the loop sees it.
#pragma once

#include <chrono>

namespace knit::io {

using Duration = std::chrono::nanoseconds;
// Steady time: never jumps. A test's loop advances it by hand.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;
// When an operation gives up. Absolute: it is made where a request enters and passed down unchanged.
using Deadline = TimePoint;
inline constexpr Deadline kNoDeadline = Deadline::max();

// The steady time of the loop that runs on this thread. A Bug where none runs.
TimePoint now();
// `from now on, at most this long`.
Deadline after(Duration duration);
// Wall clock time in ms since 1970, for records people read; a test's loop advances it too.
std::chrono::sys_time<std::chrono::milliseconds> wall_now();

}  // namespace knit::io
