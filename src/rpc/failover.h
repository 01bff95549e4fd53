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
//   doubles from kFirstPause to kLastPause, half of it by chance. kRetrySame pauses and stays.
// * An address has connect_timeout to connect; with several, each has an equal share of it, and half of that
// in
//   the first round, so that one dead machine does not use up the time of the other.
// * A single address that has never answered and refuses connections is given up after kRefusedPatience.
// * One that answered before and is now unreachable or a standby, and a group that never answered, after
//   connect_timeout.
// * A group of which one answered before, as standby too, is tried until failover_deadline: during a failover
//   nobody is active for some seconds. So is a server that asks to come back later, or that took the call and
//   did not answer in time.
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
  std::chrono::milliseconds patience(Disposition disposition, const Error& error) const;

  Limits limits_;
  std::size_t addresses_;
  std::size_t address_;
  bool answered_;
  TimePoint since_;  // when trouble began
  std::int32_t retry_count_ = 0;
  std::size_t tried_in_round_ = 0;
  int rounds_ = 0;
  int tries_ = 0;
};

}  // namespace knit::rpc
