// The instances of an application and the policy of their life: who needs a container, what follows an end,
// when the application is over and how it ended. No I/O and no clock: times are parameters.
#pragma once

#include <knit/cluster.h>
#include <knit/ids.h>
#include <knit/result.h>
#include <knit/run_spec.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/exit.h"

namespace knit::app {

// So many starts of one instance in a row may fail for reasons that are not its own (a NodeManager that does
// not answer or refuses) before it counts as failed.
inline constexpr std::int32_t kMaxLaunchFaults = 10;
// So many runs of one instance in a row, each shorter than kShortRun, may be lost before it counts as failed:
// something about it then kills its nodes. Preemption has no limit, for it is the queue's decision.
inline constexpr std::int32_t kMaxShortLosses = 20;
inline constexpr std::chrono::milliseconds kShortRun = std::chrono::minutes(1);

enum class Phase {
  kPending,   // needs a container
  kStarting,  // has one; the NodeManager has not yet taken it on
  kRunning,
  kDone,
};

struct Instance {
  std::int32_t number = 0;  // from 0, stable across restarts
  Phase phase = Phase::kPending;
  std::int32_t runs = 0;                             // begun so far
  std::int32_t failures = 0;                         // runs that failed by their own fault
  std::int32_t launch_faults = 0, short_losses = 0;  // in a row
  bool failed = false;                               // when done: it did not succeed
  bool removed = false;     // on request; while it has a container, that is being stopped
  bool restarting = false;  // on request: its container is being stopped, another follows
  ContainerId container;    // the latest run's
  NodeId node;
  WallTime begun{};
  // Of the latest run that ended.
  std::optional<ExitClass> exit_class;
  std::int32_t exit_status = 0;
  std::string exit_reason;
  std::optional<WallTime> ended;
  std::int32_t restart() const { return runs > 0 ? runs - 1 : 0; }  // of the latest run
};

// One run of an instance: what a container is used for.
struct Run {
  std::int32_t instance = 0;
  std::int32_t restart = 0;  // how many runs came before, whatever ended them
  ContainerId container;
  NodeId node;
};

// What followed an end.
struct Ended {
  Run run;
  bool final = false;  // the instance is not started again
  Exit exit;           // as given, or kLaunch where a limit made it final
};

// How the application ended.
struct Conclusion {
  FinalStatus status = FinalStatus::kSucceeded;
  std::string diagnostics;
};

struct Counts {
  std::int32_t pending = 0, starting = 0, running = 0, succeeded = 0, failed = 0, stopped = 0, removed = 0;
  std::int32_t total() const { return pending + starting + running + succeeded + failed + stopped + removed; }
};

// What a change of the number of instances did.
struct Change {
  std::vector<std::int32_t> added, removed;
  std::vector<Run> to_stop;  // of the removed: the caller stops these containers
};

// The table of instances. Owned by the master's loop. A container that is not one of ours, or whose end was
// told already, is answered with nothing and changes nothing: YARN repeats itself.
class Instances {
 public:
  // `spec` has been validated.
  explicit Instances(const RunSpec& spec);

  // How many containers are needed now.
  std::int32_t wanted() const;

  // Uses the container for the pending instance with the lowest number. Nothing if none needs one.
  std::optional<Run> begin(const ContainerId& container, const NodeId& node, WallTime now);
  // The NodeManager took it on. False if it is no run of ours that is starting.
  bool started(const ContainerId& container);
  // YARN says the container has ended.
  std::optional<Ended> ended(const ContainerId& container, Exit exit, WallTime now);
  // The NodeManager could not be told, or refused. The container must then be released.
  std::optional<Ended> not_started(const ContainerId& container, std::string reason);

  // From here on nothing is started again; what runs is stopped by the caller and its ends are final.
  void stop();

  // The owner's wishes. Each is kFailedPrecondition once the application is over or is being stopped, and
  // changes nothing when it fails.

  // So many instances that have not ended: new ones get the next numbers, and no number is used twice;
  // too many are removed, first those without a container, then those with the highest numbers. Removed ones
  // count neither as failed nor as succeeded. Where none is left the application lives until it is scaled up
  // or stopped. kInvalidArgument below 0 or above kMaxInstances, kResourceExhausted when the numbers are used
  // up.
  Result<Change> scale(std::int32_t count);
  // Takes out these. kNotFound for one that never was; one that has ended already is left as it is.
  Result<Change> remove(const std::set<std::int32_t>& numbers);
  // Another run of this instance, which counts as a restart and never as a failure. Gives the run to be
  // stopped. kNotFound, or kFailedPrecondition for one that has ended or has no container yet.
  Result<Run> restart(std::int32_t number);
  // Ends the application: gives the runs to be stopped. Instances that end well now have succeeded.
  Result<std::vector<Run>> request_stop();

  // Set once the application is over: every instance is done, or with fail_fast more have failed than may.
  // Does not change by stop() once it is set; ended by stop() alone, the application has failed.
  std::optional<Conclusion> conclusion() const;

  // From the journal of an earlier attempt of the master, in its order, with started() where it says so. What
  // was starting or running then is so here: containers outlive the master that asked for them, and what has
  // become of each is for the caller to find out.
  void restore_begun(const Run& run, WallTime when);
  void restore_ended(std::int32_t instance, std::int32_t restart, Exit exit, bool final, WallTime when);
  // `total`: numbers given out so far. `held`: the application was left without instances on request.
  void restore_scaled(std::int32_t total, const std::set<std::int32_t>& removed, bool held);
  // The owner had asked for the end: what ended after that was stopped. stop() follows when all is restored.
  void restore_stop_request();

  Counts counts() const;
  // Instances that have not ended and are not being removed.
  std::int32_t active() const;
  // Left without instances on request: the application waits to be scaled up or stopped.
  bool held() const { return held_; }
  float progress() const;  // 0 to 1: the share of instances that are done
  const std::vector<Instance>& all() const { return instances_; }
  // Runs that have a container now.
  std::vector<Run> live() const;
  // Of these, those that are to end on request: removed, or to be started anew.
  std::vector<Run> leaving() const;
  std::optional<Run> find(const ContainerId& container) const;

 private:
  struct Failure {
    Run run;
    Exit exit;
  };
  Instance* instance_of(const ContainerId& container);
  static void note_exit(Instance& instance, const Exit& exit, std::optional<WallTime> when);
  void back_to_pending(Instance& instance);
  void finish(Instance& instance, const Exit& exit, bool failed);
  bool explain(Instance& instance, Exit& exit) const;
  Status changeable() const;
  void remove(Instance& instance, Change& change);
  void add(std::int32_t count, Change& change);
  bool count(Instance& instance, Exit& exit, WallTime now);
  std::string describe_failures() const;

  std::int32_t max_restarts_, max_failures_;
  bool fail_fast_;
  bool stopping_ = false;   // nothing is started any more
  bool requested_ = false;  // and that is the owner's wish
  bool held_ = false;
  std::vector<Instance> instances_;
  std::set<std::int32_t> pending_;
  std::map<ContainerId, std::int32_t> by_container_;  // live runs
  std::int32_t done_ = 0, failed_ = 0, stopped_ = 0;  // stopped: before they ended
  std::int32_t removed_ = 0;                          // of the done
  std::int32_t leaving_ = 0;                          // removed, and not done yet
  std::optional<Failure> first_failure_;
};

}  // namespace knit::app
