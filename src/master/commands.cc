#include "master/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/try.h"

namespace knit::master {
namespace {

std::string_view ended_state(const app::Instance& instance) {
  if (instance.removed) return "removed";
  if (!instance.failed) return "succeeded";
  return instance.exit_class == app::ExitClass::kKilled ? "killed" : "failed";
}

// As the journal's reader calls them (client/run_state.h), for both tell the same people.
std::string_view state_of(const app::Instance& instance) {
  switch (instance.phase) {
    case app::Phase::kPending:
      return instance.runs > 0 ? "restarting" : "pending";
    case app::Phase::kStarting:
    case app::Phase::kRunning:
      if (instance.removed || instance.restarting) return "stopping";
      return instance.phase == app::Phase::kStarting ? "starting" : "running";
    case app::Phase::kDone:
      return instance.runs == 0 && !instance.removed ? "never started" : ended_state(instance);
  }
  return "pending";
}

}  // namespace

Commands::Commands(app::Instances& instances, Stopper& stopper, Launcher& launcher, Journal& journal,
                   Followers& followers, Notes& notes, io::Event& wake, io::Event& stops)
    : instances_(instances),
      stopper_(stopper),
      launcher_(launcher),
      journal_(journal),
      followers_(followers),
      notes_(notes),
      wake_(wake),
      stops_(stops) {}

void Commands::resume(const std::optional<control::StopRequested>& stop) {
  if (stop) {
    stopping_ = true;
    const auto left = stop->time + stop->grace - io::wall_now();
    stop_runs(instances_.live(), std::clamp(left, std::chrono::milliseconds(0), stop->grace));
    return;
  }
  stop_runs(instances_.leaving(), kDefaultGrace);
}

void Commands::end(std::optional<Error> attempt_over) {
  ending_ = true;
  attempt_over_ = std::move(attempt_over);
}

Status Commands::ready() const {
  if (attempt_over_) return *attempt_over_;
  if (!status_) return Error(ErrorCode::kUnavailable, "the master is starting; ask again in a while");
  return {};
}

Status Commands::changeable() const {
  KNIT_TRY_VOID(ready());
  if (ending_) return Error(ErrorCode::kFailedPrecondition, "the application has ended");
  return {};
}

Result<control::ApplicationStatus> Commands::application() const {
  KNIT_TRY_VOID(ready());
  auto status = *status_;
  status.counts = instances_.counts();
  if (ending_) {
    status.state = control::RunningState::kEnding;
  } else if (stopping_) {
    status.state = control::RunningState::kStopping;
  } else if (instances_.held()) {
    status.state = control::RunningState::kHeld;
  }
  return status;
}

Result<std::vector<InstanceReport>> Commands::instances() const {
  KNIT_TRY_VOID(ready());
  std::vector<InstanceReport> out;
  for (const auto& one : instances_.all()) {
    auto& report = out.emplace_back();
    report.instance = one.number;
    report.restarts = one.restart();
    report.state = state_of(one);
    if (one.runs == 0) continue;
    report.container = one.container;
    report.node = one.node;
    if (one.begun != WallTime()) report.started = one.begun;
    if (!one.exit_class) continue;
    report.reason = one.exit_reason;
    if (one.phase == app::Phase::kStarting || one.phase == app::Phase::kRunning) continue;
    report.ended = one.ended;
    report.exit_status = one.exit_status;
    report.exit_class = app::to_string(*one.exit_class);
  }
  return out;
}

io::Task<Result<control::FollowAnswer>> Commands::follow(control::FollowRequest request, io::Event* gone) {
  KNIT_CO_TRY_VOID(ready());
  co_return co_await followers_.follow(std::move(request), gone);
}

Result<app::Change> Commands::change(const ScaleRequest& request) {
  if (!request.remove.empty()) return instances_.remove(request.remove);
  return instances_.scale(request.to ? *request.to : instances_.active() + request.by);
}

std::uint64_t Commands::write_down(const app::Change& change) {
  control::Scaled entry{.time = io::wall_now(),
                        .total = static_cast<std::int32_t>(instances_.all().size()),
                        .removed = {},
                        .held = instances_.held()};
  for (const auto number : change.removed) {
    entry.removed.insert(number);
    if (entry.removed.size() < control::kMaxRemoved) continue;
    journal_.append(entry);
    entry.removed.clear();
  }
  return journal_.append(entry);
}

void Commands::stop_runs(const std::vector<app::Run>& runs, std::chrono::milliseconds grace) {
  for (const auto& run : runs) {
    if (!instances_.find(run.container)) continue;  // it has ended meanwhile
    if (stopper_.begin(run, grace, io::now())) launcher_.terminate(run.node, run.container);
  }
  stops_.set();
  wake_.set();
}

io::Task<Result<ScaleResult>> Commands::scale(ScaleRequest request) {
  KNIT_CO_TRY_VOID(changeable());
  KNIT_CO_TRY(const auto done, change(request));
  ScaleResult reply{done.added, done.removed, instances_.active()};
  if (done.added.empty() && done.removed.empty()) co_return reply;
  notes_.say(fmt::format("scaled on request: {} instances added, {} removed, {} active", done.added.size(),
                         done.removed.size(), reply.active));
  wake_.set();
  co_await journal_.settled(write_down(done));
  KNIT_CO_TRY_VOID(changeable());  // it may have ended meanwhile
  stop_runs(done.to_stop, request.grace);
  co_return reply;
}

io::Task<Status> Commands::restart(std::int32_t instance, std::chrono::milliseconds grace) {
  KNIT_CO_TRY_VOID(changeable());
  KNIT_CO_TRY(const auto run, instances_.restart(instance));
  notes_.say(fmt::format("instance {} is started anew on request", instance));
  co_await journal_.settled(journal_.append(control::RestartRequested{instance, io::wall_now()}));
  KNIT_CO_TRY_VOID(changeable());  // it may have ended meanwhile
  stop_runs({run}, grace);
  co_return Status();
}

io::Task<Status> Commands::stop(std::chrono::milliseconds grace) {
  KNIT_CO_TRY_VOID(ready());
  if (ending_) co_return Status();  // that is what was wanted
  if (!stopping_) {
    KNIT_CO_TRY_VOID(instances_.request_stop());
    stopping_ = true;
    notes_.say("the application is stopped on request");
    co_await journal_.settled(journal_.append(control::StopRequested{io::wall_now(), grace}));
    KNIT_CO_TRY_VOID(ready());
    if (ending_) co_return Status();
  }
  stop_runs(instances_.live(), grace);
  co_return Status();
}

}  // namespace knit::master
