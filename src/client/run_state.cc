#include "client/run_state.h"

#include <algorithm>

#include "base/try.h"

namespace knit::client {

using control::ExitClass;
using Phase = ContainerRun::Phase;

namespace {

// Far more than a master writes (master/failed_output.h).
constexpr std::size_t kMaxOutputSize = 32u << 20;

}  // namespace

void RunState::apply(const control::JournalEntry& entry) {
  std::visit([this](const auto& value) { apply_entry(value); }, entry);
}

const control::MasterStarted& RunState::master() const {
  KNIT_ASSERT(master_, "asked about a master before the journal told of one");
  return *master_;
}

const ContainerRun* RunState::find(const ContainerId& id) const {
  const auto found = index_.find(id);
  return found == index_.end() ? nullptr : &containers_[found->second];
}

const control::InstanceOutput* RunState::output(const ContainerId& id) const {
  const auto found = outputs_.find(id);
  return found == outputs_.end() ? nullptr : &found->second;
}

ContainerRun& RunState::run_of(const ContainerId& id) {
  const auto [place, added] = index_.try_emplace(id, containers_.size());
  if (added) containers_.emplace_back().id = id;
  return containers_[place->second];
}

void RunState::apply_entry(const control::MasterStarted& entry) {
  // Nobody was left to write that down. What the other containers came to the new master will tell.
  for (auto& run : containers_) {
    if (!run.is_master() || run.phase == Phase::kEnded || run.id.attempt == entry.attempt) continue;
    run.phase = Phase::kEnded;
    run.ended = entry.time;
    run.exit_class = ExitClass::kLost;
    run.reason = "another attempt of the master followed";
  }
  auto& run = run_of(entry.container);
  run.node = entry.node;
  run.node_http_address = entry.node_http_address;
  if (run.phase != Phase::kEnded) run.phase = Phase::kRunning;
  run.started = entry.time;
  master_ = entry;
}

void RunState::apply_entry(const control::InstanceStarting& entry) {
  auto& run = run_of(entry.container);
  run.instance = entry.instance;
  run.restart = entry.restart;
  run.node = entry.node;
  run.node_http_address = entry.node_http_address;
  latest_[entry.instance] = index_.at(entry.container);
}

void RunState::apply_entry(const control::InstanceStarted& entry) {
  auto& run = run_of(entry.container);
  if (run.phase == Phase::kStarting) run.phase = Phase::kRunning;
  run.started = entry.time;
}

void RunState::apply_entry(const control::InstanceEnded& entry) {
  auto& run = run_of(entry.container);
  run.instance = entry.instance;
  run.restart = entry.restart;
  run.phase = Phase::kEnded;
  run.ended = entry.time;
  run.exit_status = entry.exit_status;
  run.exit_class = entry.exit_class;
  run.reason = entry.reason;
  run.final = entry.final;
  latest_.try_emplace(entry.instance, index_.at(entry.container));
}

void RunState::apply_entry(const control::InstanceOutput& entry) {
  for (const auto& stream : entry.streams) output_size_ += stream.bytes.size();
  if (output_size_ <= kMaxOutputSize) outputs_.insert_or_assign(entry.container, entry);
}

void RunState::apply_entry(const control::Scaled& entry) {
  scaled_ = std::max(scaled_, entry.total);
  removed_.insert(entry.removed.begin(), entry.removed.end());
}

// What follows from a request its instances' own entries tell.
void RunState::apply_entry(const control::RestartRequested&) {}
void RunState::apply_entry(const control::StopRequested&) {}

void RunState::apply_entry(const control::ApplicationEnded& entry) {
  end_ = entry;
}

ContainerRun run_of(const ContainerReport& report) {
  ContainerRun run;
  run.id = report.id;
  // The master's is the first of its attempt.
  run.instance = report.id.sequence() == 1 ? ContainerRun::kMaster : ContainerRun::kUnknown;
  run.node = report.node;
  run.node_http_address = report.node_http_address;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (run.node_http_address.starts_with(scheme)) run.node_http_address.erase(0, scheme.size());
  }
  run.phase = report.state == ContainerState::kComplete ? Phase::kEnded : Phase::kRunning;
  run.started = report.created;
  return run;
}

std::string state_text(const ContainerRun& run) {
  if (run.phase == Phase::kStarting) return "starting";
  if (run.phase == Phase::kRunning) return "running";
  switch (run.exit_class.value_or(ExitClass::kLost)) {
    case ExitClass::kSucceeded:
      return "succeeded";
    case ExitClass::kKilled:
      return run.final ? "killed" : "restarting";
    case ExitClass::kFailed:
    case ExitClass::kMemory:
    case ExitClass::kLaunch:
    case ExitClass::kLost:
    case ExitClass::kPreempted:
      return run.final ? "failed" : "restarting";
  }
  return "unknown";
}

std::int32_t RunState::total() const {
  const std::int32_t asked = master_ ? master_->instances : 0;
  const std::int32_t highest = latest_.empty() ? 0 : latest_.rbegin()->first + 1;
  return std::max({asked, highest, scaled_});
}

std::vector<InstanceReport> RunState::instances() const {
  std::vector<InstanceReport> out;
  for (std::int32_t number = 0; number < total(); ++number) {
    auto& report = out.emplace_back();
    report.instance = number;
    const bool removed = removed_.contains(number);
    report.state = removed ? "removed" : end_ ? "never started" : "pending";
    const auto found = latest_.find(number);
    if (found == latest_.end()) continue;
    const auto& run = containers_[found->second];
    report.restarts = run.restart;
    // Nothing is started any more once the application has ended.
    report.state = end_ && run.phase != Phase::kEnded ? "ended" : state_text(run);
    if (end_ && report.state == "restarting") report.state = "failed";
    if (removed) report.state = run.phase == Phase::kEnded ? "removed" : "stopping";
    report.container = run.id;
    report.node = run.node;
    report.started = run.started;
    report.ended = run.ended;
    report.exit_status = run.exit_status;
    if (run.exit_class) report.exit_class = control::to_string(*run.exit_class);
    report.reason = run.reason;
  }
  return out;
}

std::map<std::int32_t, std::int32_t> RunState::exit_statuses() const {
  std::map<std::int32_t, std::int32_t> out;
  for (const auto& [instance, place] : latest_) {
    if (const auto& run = containers_[place]; run.exit_status) out[instance] = *run.exit_status;
  }
  return out;
}

bool RunState::any_ran() const {
  return std::any_of(containers_.begin(), containers_.end(),
                     [](const ContainerRun& run) { return !run.is_master() && run.started; });
}

Progress RunState::progress() const {
  Progress out;
  if (!master_) return out;
  out.instances = total() - static_cast<std::int32_t>(removed_.size());
  std::int32_t begun = 0;
  for (const auto& [instance, place] : latest_) {
    if (removed_.contains(instance)) continue;
    ++begun;
    const auto& run = containers_[place];
    if (run.phase != Phase::kEnded) {
      ++(run.phase == Phase::kRunning ? out.running : out.pending);
    } else if (run.exit_class == ExitClass::kSucceeded) {
      ++out.done;
    } else if (run.final) {
      ++out.failed;
    } else {
      ++out.pending;
    }
  }
  out.pending += out.instances - begun;
  return out;
}

}  // namespace knit::client
