// What can be asked of the master of a running application: values, and the interface that the master
// implements. docs/control-api.md is the reference of their form on the wire.
#pragma once

#include <knit/cluster.h>
#include <knit/ids.h>
#include <knit/result.h>
#include <knit/run.h>
#include <knit/scale.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "app/instances.h"
#include "io/task.h"
#include "io/wait.h"

namespace knit::control {

enum class RunningState {
  kRunning,
  kHeld,      // without instances on request: waits to be scaled up or stopped
  kStopping,  // on request
  kEnding,    // it is over; the rest is cleared away
};
// "running", "held", "stopping", "ending".
std::string_view to_string(RunningState state);

struct ApplicationStatus {
  ApplicationAttemptId attempt;  // the master's
  std::string name, user, queue;
  RunningState state = RunningState::kRunning;
  app::Counts counts;
  WallTime started{};  // this attempt of the master
};

// Asked again and again by one who tells the application's output as it comes.
struct FollowRequest {
  std::string follower;      // a name of its own: it may ask over several connections at once
  std::int32_t attempt = 0;  // of the master, in whose journal `from` and `read` count; else they are 0
  std::uint64_t from = 0;    // bytes of the journal that it knows
  std::uint64_t read = 0;    // the output of all that ended within so many of them is read, or never will be
  std::chrono::milliseconds wait{};  // for news
};
inline constexpr std::chrono::milliseconds kLongestFollowWait{30'000};
inline constexpr std::size_t kMaxFollowBytes = 256u << 10;

struct FollowAnswer {
  std::int32_t attempt = 0;
  std::uint64_t from = 0;
  std::string journal;  // its bytes from there, at most kMaxFollowBytes; empty: no news
};

// On the master's loop. A change is done when the journal holds it or has failed to take it in time; errors
// are app::Instances', and kUnavailable while this master is not ready, or no longer the application's.
class Service {
 public:
  virtual ~Service() = default;
  virtual Result<ApplicationStatus> application() const = 0;
  // By number, from 0.
  virtual Result<std::vector<InstanceReport>> instances() const = 0;
  // `gone` is set when the one who asks has left; null where nobody can tell. kNotFound for a part of the
  // journal that is only in its file any more.
  virtual io::Task<Result<FollowAnswer>> follow(FollowRequest request, io::Event* gone) = 0;
  virtual io::Task<Result<ScaleResult>> scale(ScaleRequest request) = 0;
  // Another run of this instance.
  virtual io::Task<Status> restart(std::int32_t instance, std::chrono::milliseconds grace) = 0;
  // Every instance is asked to end (SIGTERM), and killed after `grace`. Asked again, a shorter grace counts.
  // Nothing to do for an application that is ending.
  virtual io::Task<Status> stop(std::chrono::milliseconds grace) = 0;
};

}  // namespace knit::control
