// One call's tries over the addresses of a service: where next, when, and when to give up. A core: it is
// given time and chance.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "rpc/call_table.h"
#include "rpc/error_map.h"
#include "rpc/limits.h"

namespace knit::rpc {

// The rules. Times count from the beginning of the call, or, where its connection was lost after it was sent,
// from then.
// * The first try goes to the address that answered last.
// * On kFailover the next address is tried at once; after each round over all of them there is a pause, that
// doubles from
//   kFirstPause to kLastPause, half of it by chance. kRetrySame pauses and stays.
// * A service that has never answered is given up after connect_timeout, and if it is a single address that
// refuses
//   connections, after kRefusedPatience. With several addresses each try to connect has an equal share of
//   connect_timeout, so that one dead machine does not use up the time of the other.
// * A service that answered before (on an earlier call, or as standby or "come back later" on this one) is
// tried until
//   failover_deadline: during a failover nobody is active for some seconds. A single address that answered
//   before and is now unreachable: until connect_timeout.
class Attempts {
 public:
  static constexpr std::chrono::milliseconds kFirstPause{100};
  static constexpr std::chrono::milliseconds kLastPause{2'000};
  static constexpr int kMaxTries = 1'000;

  Attempts(const Limits& limits, std::size_t addresses, std::size_t first, bool answered_before,
           TimePoint start);

  // The address to try now.
  std::size_t address() const { return address_; }
  // 0 at the first try that was sent, then counted up: what the header says.
  std::int32_t retry_count() const { return retry_count_; }
  // When to stop connecting in the try that begins at `now`.
  TimePoint connect_deadline(TimePoint now) const;

  // After a try failed: when the next one begins, or none to give up. `chance` in [0, 1).
  std::optional<TimePoint> after(Disposition disposition, const Error& error, bool sent, TimePoint now,
                                 double chance);

 private:
  TimePoint give_up_at(const Error& error) const;

  Limits limits_;
  std::size_t addresses_;
  std::size_t address_;
  bool answered_;
  bool answered_now_ = false;
  TimePoint since_;  // when trouble began
  std::int32_t retry_count_ = 0;
  std::size_t tried_in_round_ = 0;
  int pauses_ = 0;
  int tries_ = 0;
};

}  // namespace knit::rpc
