#include "app/instances.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "app/validate.h"
#include "base/try.h"

namespace knit::app {
namespace {

// Numbers are never used twice, and each is remembered.
constexpr std::size_t kMaxNumbers = 1'000'000;

}  // namespace

Instances::Instances(const RunSpec& spec)
    : max_restarts_(spec.max_restarts), max_failures_(spec.max_failures), fail_fast_(spec.fail_fast) {
  instances_.resize(static_cast<std::size_t>(std::max(spec.instances, 0)));
  for (std::size_t i = 0; i < instances_.size(); ++i) {
    instances_[i].number = static_cast<std::int32_t>(i);
    pending_.insert(instances_[i].number);
  }
}

std::int32_t Instances::wanted() const {
  return stopping_ ? 0 : static_cast<std::int32_t>(pending_.size());
}

std::optional<Run> Instances::begin(const ContainerId& container, const NodeId& node, WallTime now) {
  if (wanted() == 0 || by_container_.contains(container)) return std::nullopt;
  Instance& instance = instances_[static_cast<std::size_t>(*pending_.begin())];
  pending_.erase(pending_.begin());
  instance.phase = Phase::kStarting;
  instance.container = container;
  instance.node = node;
  instance.begun = now;
  ++instance.runs;
  by_container_.emplace(container, instance.number);
  return Run{instance.number, instance.restart(), container, node};
}

Instance* Instances::instance_of(const ContainerId& container) {
  const auto found = by_container_.find(container);
  return found == by_container_.end() ? nullptr : &instances_[static_cast<std::size_t>(found->second)];
}

bool Instances::started(const ContainerId& container) {
  Instance* instance = instance_of(container);
  if (instance == nullptr || instance->phase != Phase::kStarting) return false;
  instance->phase = Phase::kRunning;
  instance->launch_faults = 0;
  return true;
}

// Counts the end of a run against its instance. True if none follows; where a limit made it so, the exit is
// changed to say that.
bool Instances::count(Instance& instance, Exit& exit, WallTime now) {
  instance.launch_faults = 0;
  switch (exit.exit_class) {
    case ExitClass::kSucceeded:
    case ExitClass::kLaunch:  // fetching the same files again would end alike
      return true;
    case ExitClass::kFailed:
    case ExitClass::kMemory:
      return ++instance.failures > max_restarts_;
    case ExitClass::kLost:
      instance.short_losses = now - instance.begun < kShortRun ? instance.short_losses + 1 : 0;
      if (instance.short_losses < kMaxShortLosses) return false;
      exit.exit_class = ExitClass::kLaunch;
      exit.reason = fmt::format("was lost {} times in a row within {} s, the last time because it {}",
                                kMaxShortLosses, kShortRun / std::chrono::seconds(1), exit.reason);
      return true;
    case ExitClass::kPreempted:
    case ExitClass::kKilled:
      return false;
  }
  return true;
}

std::optional<Ended> Instances::ended(const ContainerId& container, Exit exit, WallTime now) {
  Instance* instance = instance_of(container);
  if (instance == nullptr) return std::nullopt;
  by_container_.erase(container);
  const Run run{instance->number, instance->restart(), container, instance->node};
  const bool asked = explain(*instance, exit);
  const bool counted = !asked && count(*instance, exit, now);
  const bool final = counted || stopping_ || instance->removed;
  note_exit(*instance, exit, now);
  if (final) {
    finish(*instance, exit, exit.exit_class != ExitClass::kSucceeded);
  } else {
    back_to_pending(*instance);
  }
  return Ended{run, final, std::move(exit)};
}

// A container that was stopped on request ended by no fault of its own, whatever its exit code says. True if
// that is so.
bool Instances::explain(Instance& instance, Exit& exit) const {
  const bool replaced = std::exchange(instance.restarting, false) && !requested_;
  if (!replaced && !instance.removed && !(requested_ && exit.exit_class != ExitClass::kSucceeded))
    return false;
  exit.exit_class = ExitClass::kKilled;
  if (instance.removed) {
    exit.reason = "was removed on request";
  } else {
    exit.reason = replaced ? "was stopped on request to be started anew" : "was stopped on request";
  }
  return true;
}

std::optional<Ended> Instances::not_started(const ContainerId& container, std::string reason) {
  Instance* instance = instance_of(container);
  if (instance == nullptr || instance->phase != Phase::kStarting) return std::nullopt;
  by_container_.erase(container);
  const Run run{instance->number, instance->restart(), container, instance->node};
  Exit exit{.exit_class = ExitClass::kLost, .status = -1000, .reason = std::move(reason)};
  const bool exhausted = ++instance->launch_faults >= kMaxLaunchFaults;
  if (exhausted) {
    exit.exit_class = ExitClass::kLaunch;
    exit.reason = fmt::format("could not be started {} times in a row; the last time: {}", kMaxLaunchFaults,
                              exit.reason);
  }
  const bool final = exhausted || stopping_ || instance->removed;
  note_exit(*instance, exit, std::nullopt);
  if (final) {
    finish(*instance, exit, true);
  } else {
    instance->restarting = false;
    back_to_pending(*instance);
  }
  return Ended{run, final, std::move(exit)};
}

void Instances::note_exit(Instance& instance, const Exit& exit, std::optional<WallTime> when) {
  instance.exit_class = exit.exit_class;
  instance.exit_status = exit.status;
  instance.exit_reason = exit.reason;
  instance.ended = when;
}

void Instances::back_to_pending(Instance& instance) {
  instance.phase = Phase::kPending;
  pending_.insert(instance.number);
}

void Instances::finish(Instance& instance, const Exit& exit, bool failed) {
  instance.phase = Phase::kDone;
  instance.failed = failed;
  ++done_;
  if (instance.removed) {
    --leaving_;
    ++removed_;
    return;
  }
  if (!failed) return;
  // What ends because the application is ended is nobody's failure.
  const bool own = exit.exit_class == ExitClass::kFailed || exit.exit_class == ExitClass::kMemory ||
                   exit.exit_class == ExitClass::kLaunch;
  if (stopping_ || requested_ || !own) {
    ++stopped_;
    return;
  }
  ++failed_;
  if (!first_failure_) {
    first_failure_ =
        Failure{Run{instance.number, instance.restart(), instance.container, instance.node}, exit};
  }
}

void Instances::stop() {
  stopping_ = true;
  for (const std::int32_t number : pending_) {
    Instance& instance = instances_[static_cast<std::size_t>(number)];
    instance.phase = Phase::kDone;
    instance.failed = true;
    ++done_;
    ++stopped_;
  }
  pending_.clear();
}

Status Instances::changeable() const {
  if (stopping_) return Error(ErrorCode::kFailedPrecondition, "the application is being stopped");
  if (conclusion()) return Error(ErrorCode::kFailedPrecondition, "the application has ended");
  return {};
}

std::int32_t Instances::active() const {
  return static_cast<std::int32_t>(instances_.size()) - done_ - leaving_;
}

void Instances::remove(Instance& instance, Change& change) {
  instance.removed = true;
  ++leaving_;
  change.removed.push_back(instance.number);
  if (pending_.erase(instance.number) > 0) {
    finish(instance, {}, false);
  } else {
    change.to_stop.push_back(Run{instance.number, instance.restart(), instance.container, instance.node});
  }
}

void Instances::add(std::int32_t count, Change& change) {
  for (std::int32_t i = 0; i < count; ++i) {
    Instance& instance = instances_.emplace_back();
    instance.number = static_cast<std::int32_t>(instances_.size()) - 1;
    pending_.insert(instance.number);
    change.added.push_back(instance.number);
  }
}

Result<Change> Instances::scale(std::int32_t count) {
  KNIT_TRY_VOID(changeable());
  if (count < 0 || count > kMaxInstances) {
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("{} instances: from 0 to {} are possible", count, kMaxInstances));
  }
  Change change;
  const std::int32_t more = count - active();
  if (more > 0 && instances_.size() + static_cast<std::size_t>(more) > kMaxNumbers) {
    return Error(ErrorCode::kResourceExhausted,
                 fmt::format("an application has at most {} instances in its life, and {} were there already",
                             kMaxNumbers, instances_.size()));
  }
  add(std::max(more, 0), change);
  for (const bool with_container : {false, true}) {
    for (auto it = instances_.rbegin(); it != instances_.rend() && active() > count; ++it) {
      const bool has = it->phase == Phase::kStarting || it->phase == Phase::kRunning;
      if (it->phase != Phase::kDone && !it->removed && has == with_container) remove(*it, change);
    }
  }
  held_ = count == 0;
  return change;
}

Result<Change> Instances::remove(const std::set<std::int32_t>& numbers) {
  KNIT_TRY_VOID(changeable());
  if (!numbers.empty() &&
      (*numbers.begin() < 0 || *numbers.rbegin() >= static_cast<std::int32_t>(instances_.size()))) {
    const std::int32_t wrong = *numbers.begin() < 0 ? *numbers.begin() : *numbers.rbegin();
    return Error(ErrorCode::kNotFound, fmt::format("there is no instance {}", wrong));
  }
  Change change;
  for (const std::int32_t number : numbers) {
    Instance& instance = instances_[static_cast<std::size_t>(number)];
    if (instance.phase != Phase::kDone && !instance.removed) remove(instance, change);
  }
  if (!change.removed.empty()) held_ = active() == 0;
  return change;
}

Result<Run> Instances::restart(std::int32_t number) {
  KNIT_TRY_VOID(changeable());
  if (number < 0 || number >= static_cast<std::int32_t>(instances_.size()))
    return Error(ErrorCode::kNotFound, fmt::format("there is no instance {}", number));
  Instance& instance = instances_[static_cast<std::size_t>(number)];
  if (instance.phase == Phase::kDone)
    return Error(ErrorCode::kFailedPrecondition, fmt::format("instance {} has ended", number));
  if (instance.removed)
    return Error(ErrorCode::kFailedPrecondition, fmt::format("instance {} is being removed", number));
  if (instance.phase == Phase::kPending)
    return Error(ErrorCode::kFailedPrecondition, fmt::format("instance {} waits for a container", number));
  instance.restarting = true;
  return Run{number, instance.restart(), instance.container, instance.node};
}

Result<std::vector<Run>> Instances::request_stop() {
  KNIT_TRY_VOID(changeable());
  restore_stop_request();
  stop();
  return live();
}

std::string Instances::describe_failures() const {
  const auto& [run, exit] = *first_failure_;
  std::string text;
  if (instances_.size() > 1) {
    text = fmt::format("{} of {} instances failed", failed_,
                       static_cast<std::int32_t>(instances_.size()) - removed_);
    if (max_failures_ > 0) text += fmt::format(" ({} may)", max_failures_);
    text += failed_ == 1 ? ": " : "; the first was ";
  }
  text += fmt::format("instance {}", run.instance);
  if (run.restart > 0) text += fmt::format(" (restart {})", run.restart);
  if (!run.node.host.empty()) text += " on " + run.node.host;
  text += (instances_.size() > 1 ? ", which " : " ") + exit.reason + ".";
  if (!exit.advice.empty()) text += " What to do: " + exit.advice + ".";
  if (!exit.last_output.empty()) text += "\nIts last output on stderr:\n" + exit.last_output;
  return text;
}

std::optional<Conclusion> Instances::conclusion() const {
  const bool failed = failed_ > max_failures_;
  const bool all_done = done_ == static_cast<std::int32_t>(instances_.size()) && !held_;
  if (!all_done && !(fail_fast_ && failed)) return std::nullopt;
  Conclusion out;
  const auto kept = static_cast<std::int32_t>(instances_.size()) - removed_;
  if (failed) {
    out.status = FinalStatus::kFailed;
  } else if (stopped_ > 0) {
    out.status = requested_ ? FinalStatus::kKilled : FinalStatus::kFailed;
  } else {
    out.status = FinalStatus::kSucceeded;
  }
  if (first_failure_) {
    out.diagnostics = describe_failures();
  } else if (stopped_ > 0) {
    out.diagnostics = fmt::format("{} of {} instances were stopped before they ended", stopped_, kept);
  } else if (kept == 0) {
    out.diagnostics = "no instances were left";
  } else {
    out.diagnostics = kept == 1 ? "the instance succeeded" : fmt::format("{} instances succeeded", kept);
  }
  if (requested_) out.diagnostics = "stopped on request: " + out.diagnostics;
  return out;
}

void Instances::restore_begun(const Run& run, WallTime when) {
  if (run.instance < 0 || run.instance >= static_cast<std::int32_t>(instances_.size())) return;
  Instance& instance = instances_[static_cast<std::size_t>(run.instance)];
  if (instance.phase == Phase::kDone || run.restart < instance.runs) return;
  if (instance.phase != Phase::kPending) by_container_.erase(instance.container);
  pending_.erase(run.instance);
  instance.phase = Phase::kStarting;
  instance.runs = run.restart + 1;
  instance.container = run.container;
  instance.node = run.node;
  instance.begun = when;
  by_container_.emplace(run.container, run.instance);
}

void Instances::restore_ended(std::int32_t number, std::int32_t restart, Exit exit, bool final,
                              WallTime when) {
  if (number < 0 || number >= static_cast<std::int32_t>(instances_.size())) return;
  Instance& instance = instances_[static_cast<std::size_t>(number)];
  if (instance.phase == Phase::kDone || restart + 1 < instance.runs) return;
  instance.runs = restart + 1;
  by_container_.erase(instance.container);
  // As not_started() and ended() have counted it.
  if (instance.phase == Phase::kStarting && exit.exit_class == ExitClass::kLost) {
    ++instance.launch_faults;
  } else {
    Exit unchanged = exit;
    (void)count(instance, unchanged, when);
  }
  instance.restarting = false;
  note_exit(instance, exit, when);
  pending_.erase(number);
  if (final) {
    finish(instance, exit, exit.exit_class != ExitClass::kSucceeded);
  } else {
    back_to_pending(instance);
  }
}

void Instances::restore_scaled(std::int32_t total, const std::set<std::int32_t>& removed, bool held) {
  Change change;
  add(std::min(total, static_cast<std::int32_t>(kMaxNumbers)) - static_cast<std::int32_t>(instances_.size()),
      change);
  for (const std::int32_t number : removed) {
    if (number < 0 || number >= static_cast<std::int32_t>(instances_.size())) continue;
    Instance& instance = instances_[static_cast<std::size_t>(number)];
    if (instance.phase != Phase::kDone && !instance.removed) remove(instance, change);
  }
  held_ = held;
}

void Instances::restore_stop_request() {
  requested_ = true;
  held_ = false;
}

Counts Instances::counts() const {
  Counts counts;
  counts.pending = static_cast<std::int32_t>(pending_.size());
  for (const auto& [container, number] : by_container_) {
    const bool running = instances_[static_cast<std::size_t>(number)].phase == Phase::kRunning;
    ++(running ? counts.running : counts.starting);
  }
  counts.failed = failed_;
  counts.stopped = stopped_;
  counts.removed = removed_;
  counts.succeeded = done_ - failed_ - stopped_ - removed_;
  return counts;
}

float Instances::progress() const {
  return instances_.empty() ? 1.0F : static_cast<float>(done_) / static_cast<float>(instances_.size());
}

std::vector<Run> Instances::live() const {
  std::vector<Run> out;
  for (const auto& [container, number] : by_container_) {
    const Instance& instance = instances_[static_cast<std::size_t>(number)];
    out.push_back(Run{number, instance.restart(), container, instance.node});
  }
  return out;
}

std::vector<Run> Instances::leaving() const {
  auto out = live();
  std::erase_if(out, [this](const Run& run) {
    const Instance& instance = instances_[static_cast<std::size_t>(run.instance)];
    return !instance.removed && !instance.restarting;
  });
  return out;
}

std::optional<Run> Instances::find(const ContainerId& container) const {
  const auto found = by_container_.find(container);
  if (found == by_container_.end()) return std::nullopt;
  const Instance& instance = instances_[static_cast<std::size_t>(found->second)];
  return Run{instance.number, instance.restart(), container, instance.node};
}

}  // namespace knit::app
