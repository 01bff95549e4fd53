// The limits and repeat rules that the cores and drivers of this module share.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

namespace knit::rpc {

// What may be done with a call whose answer did not come.
enum class Repeat {
  kSafe,        // idempotent: repeat freely
  kAtMostOnce,  // guarded by the server's retry cache: repeat with the same client id and call id
  kNever,       // the caller finds out what happened
};

struct Limits {
  // To be connected and authenticated, DNS included. Also how long a service that does not answer at all is
  // tried in all; failover.h has the whole rule.
  std::chrono::milliseconds connect_timeout{10'000};
  // For the first answer of all, where that is to be less than call_timeout: a process that hangs is
  // connected to like any other. Several addresses share it.
  std::optional<std::chrono::milliseconds> first_answer;
  std::chrono::milliseconds call_timeout{60'000};   // from sending to answer, unless the call says otherwise
  std::chrono::milliseconds idle_close{10'000};     // ipc.client.connection.maxidletime
  std::chrono::milliseconds ping_interval{60'000};  // ipc.ping.interval
  // How long one call is tried again, over all addresses, while the service is known to be alive. A try that
  // has begun ends by its own timeout, not by this.
  std::chrono::milliseconds failover_deadline{30'000};
  std::size_t max_response = 128u << 20;  // ipc.maximum.response.length
  std::size_t max_request = 64u << 20;    // ipc.maximum.data.length of 2.10; 128 MiB in 3.x
};

// A single address that refuses connections is tried again for this long (a daemon that is just restarting)
// when it has never answered us: a wrong address should be told at once.
inline constexpr std::chrono::milliseconds kRefusedPatience{2'000};

}  // namespace knit::rpc
