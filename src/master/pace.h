// How often the master speaks to the ResourceManager. A core.
#pragma once

#include <chrono>

namespace knit::master {

// Containers and completions are waiting at the ResourceManager to be fetched, so a slow beat is what delays
// them; a fast one for ever would load it. Times are steady.
class Pace {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  static constexpr Duration kFast = std::chrono::milliseconds(50);
  static constexpr Duration kOpen = std::chrono::milliseconds(100);  // asks that have been open for a while
  static constexpr Duration kSlowest = std::chrono::seconds(1);      // Java's
  static constexpr Duration kHurry = std::chrono::seconds(5);

  // Something was started, stopped or asked for: answers are near.
  void hurry(Time now) { hurry_until_ = now + kHurry; }

  // How long to wait before the next call. `open`: containers are owed.
  Duration next(Time now, bool open) {
    if (now < hurry_until_) return delay_ = kFast;
    if (open) return delay_ = kOpen;
    return delay_ = delay_ * 3 / 2 < kSlowest ? delay_ * 3 / 2 : kSlowest;
  }

 private:
  Time hurry_until_{};
  Duration delay_ = kFast;
};

}  // namespace knit::master
