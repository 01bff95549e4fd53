#include "master/master.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "app/start_timeout.h"
#include "app/validate.h"
#include "base/try.h"
#include "base/utf8.h"
#include "master/exits.h"
#include "security/identifiers.h"
#include "yarn/exit_status.h"

namespace knit::master {
namespace {

// The one role's key. Priority 0 is the master's own container's.
constexpr std::int32_t kPriority = 1;
constexpr std::int64_t kAllocationRequestId = 1;
// The ResourceManager cuts an application's diagnostics there (RMAppImpl;
// yarn.app.attempt.diagnostics.limit.kc is 64).
constexpr std::size_t kMaxDiagnostics = 64 * 1024;
// For the requests that are under way at once; each is there about three times, as a value, as a message and
// as bytes to send. A master has 128 MiB by default.
constexpr std::size_t kLaunchMemory = 8u << 20;

yarn::ResourceRequest role_request(const RunSpec& spec) {
  yarn::ResourceRequest request;
  request.priority = kPriority;
  request.allocation_request_id = kAllocationRequestId;
  request.capability = spec.resource;
  request.node_label = spec.node_label;
  return request;
}

std::string describe(const Resource& resource) {
  std::string text = fmt::format("{}, {} vcores", to_string(resource.memory), resource.vcores);
  for (const auto& [name, value] : resource.others) text += fmt::format(", {} {}", value, name);
  return text;
}

std::optional<WallTime> expiry_of(const security::Token& token) {
  const auto identifier = security::decode_container_token_identifier(token.identifier);
  if (!identifier) return std::nullopt;
  return identifier->expiry;
}

}  // namespace

Master::Master(const control::LaunchFile& file, Identity identity, security::Credentials credentials,
               Scheduler& scheduler, Nodes& nodes, Journal& journal, Notes& notes, Limits limits)
    : file_(file),
      identity_(std::move(identity)),
      credentials_(std::move(credentials)),
      scheduler_(scheduler),
      nodes_(nodes),
      journal_(journal),
      notes_(notes),
      limits_(limits),
      instances_(file.spec),
      allocation_(role_request(file.spec), Spread(file.nodes, limits.node_heartbeat * 2)),
      launcher_(nodes, [this](const ContainerId& id, const Status& started) { on_start(id, started); }),
      followers_(journal, identity_.container.attempt.attempt),
      commands_(instances_, stopper_, launcher_, journal_, followers_, notes_, wake_, stops_) {}

io::Task<Result<app::Conclusion>> Master::run() {
  started_ = last_answer_ = io::now();
  auto result = co_await run_registered();
  if (!result)
    commands_.end(Error(ErrorCode::kUnavailable, "this attempt of the master is over; ask again in a while"));
  followers_.release();
  co_await io::begin_cleanup();
  co_await launcher_.end();
  if (output_) co_await output_->stop();
  if (!result) co_await journal_.stop();
  co_return result;
}

io::Task<Result<app::Conclusion>> Master::run_registered() {
  if (!recovered_) KNIT_CO_TRY_VOID(co_await recover());
  KNIT_CO_TRY_VOID(co_await register_master());
  if (!recorded_) {
    make_template();
    begin_journal();
    introduce();
    commands_.resume(stop_requested_);
    background_.spawn(stop_when_due());
    const Status concluded = co_await run_until_conclusion();
    co_await background_.stop();
    KNIT_CO_TRY_VOID(concluded);
    commands_.end(std::nullopt);
    co_await stop_rest();
    if (output_) co_await output_->finish();
    co_await say_farewell();
  }
  KNIT_CO_TRY_VOID(co_await finish());
  co_return *conclusion_;
}

io::Task<Status> Master::register_master() {
  while (true) {
    yarn::RegisterRequest request{.host = identity_.node.host, .port = control_.port};
    auto response =
        co_await io::run_until(io::after(limits_.call_timeout), scheduler_.register_master(request));
    if (response) {
      adopt(*response);
      break;
    }
    // An earlier call was heard although its answer was lost. What it would have said of containers nobody
    // says again: they are taken to run, for their ends will be told.
    if (response.error().message().find("already registered") != std::string::npos) {
      for (const auto& container : unconfirmed_) previous_.emplace_back().id = container;
      break;
    }
    if (after_failure(response.error()) == AfterFailure::kReregister) co_return std::move(response).error();
    KNIT_CO_TRY_VOID(co_await after_failed_call(std::move(response).error(), "registering"));
  }
  last_answer_ = io::now();
  take_over_until_ = last_answer_ + limits_.take_over;
  allocation_.registered();
  notes_.say(
      fmt::format("registered with the ResourceManager{}{}", queue_.empty() ? "" : " in queue ", queue_));
  co_return Status();
}

void Master::adopt(const yarn::RegisterResponse& response) {
  queue_ = response.queue;
  maximum_ = response.maximum;
  for (const auto& token : response.nm_tokens) nodes_.use_token(token.node, token.token);
  // After a restart of the ResourceManager these are this attempt's own, too.
  previous_ = response.previous_containers;
  access_ = response.access;
}

// What the containers are launched with. The access lists are empty if the answer that told them was lost:
// then only the owner sees the logs on the nodes.
void Master::make_template() {
  auto made = ContainerTemplate::make(file_, credentials_, access_, control_);
  if (made) {
    template_ = *std::move(made);
    launcher_.limit(
        std::clamp<std::size_t>(kLaunchMemory / template_->size(), 2, Launcher::Limits().at_once));
  } else {
    conclusion_ = app::Conclusion{FinalStatus::kFailed, made.error().message()};
  }
}

void Master::begin_journal() {
  control::MasterStarted entry;
  entry.attempt = identity_.container.attempt;
  entry.container = identity_.container;
  entry.node = identity_.node;
  entry.node_http_address = identity_.node_http_address;
  entry.time = io::wall_now();
  entry.name = app::application_name(file_.spec);
  entry.user = file_.user;
  entry.queue = queue_;
  entry.instances = file_.spec.instances;
  entry.command = file_.spec.command;
  entry.control_port = std::max(control_.port, 0);
  journal_.start();
  journal_.append(entry);
}

void Master::introduce() {
  commands_.introduce({.attempt = identity_.container.attempt,
                       .name = app::application_name(file_.spec),
                       .user = file_.user,
                       .queue = queue_,
                       .started = io::wall_now()});
}

void Master::stop_due() {
  const auto due = stopper_.due(io::now());
  for (const auto& run : due.stop) launcher_.stop(run.node, run.container);
  for (const auto& container : due.release) allocation_.release(container);
  if (!due.release.empty()) wake_.set();
}

// A task of its own: a call to the ResourceManager can take a minute, and a grace is a promise.
io::Task<void> Master::stop_when_due() {
  while (co_await io::check_cancelled()) {
    stop_due();
    stops_.reset();
    (void)co_await io::run_until(stopper_.next(), stops_.wait());
  }
}

io::Task<Status> Master::run_until_conclusion() {
  pace_.hurry(io::now());
  while (true) {
    if (!conclusion_) conclusion_ = instances_.conclusion();
    if (!conclusion_) conclusion_ = nothing_started();
    if (conclusion_) co_return Status();
    KNIT_CO_TRY_VOID(co_await beat());
    if (conclusion_ || instances_.conclusion()) continue;
    KNIT_CO_TRY_VOID(co_await pause());
  }
}

// Until the next heartbeat; a slow one is brought forward when there is news to tell.
io::Task<Status> Master::pause() {
  const auto pause = pace_.next(io::now(), allocation_.open() || instances_.wanted() > 0);
  const io::Deadline until = io::after(pause);
  KNIT_CO_TRY_VOID(co_await io::sleep_for(std::min<io::Duration>(pause, Pace::kFast)));
  (void)co_await io::run_until(until, wake_.wait());
  wake_.reset();
  co_return co_await io::check_cancelled();
}

io::Task<Status> Master::beat() {
  take_over();
  // The next call tells the ResourceManager that the last answer was taken; then it forgets the ends that
  // came with it (RMAppAttemptImpl.pullJustFinishedContainers), and only the journal knows them.
  if (unsaved_ends_) co_await journal_.settled(*std::exchange(unsaved_ends_, std::nullopt));
  allocation_.want(instances_.wanted(), io::now());
  const auto avoid = node_faults_.update(io::wall_now(), cluster_nodes_);
  for (const auto& host : avoid.additions) {
    notes_.say(fmt::format("avoiding node {} for {} min: nothing could be started there", host,
                           app::kAvoidNodeFor / std::chrono::minutes(1)));
  }
  allocation_.avoid(avoid.additions, avoid.removals);
  auto request = allocation_.next(instances_.progress());
  if (!request.asks.empty()) pace_.hurry(io::now());
  auto response =
      co_await io::run_until(io::after(limits_.call_timeout), scheduler_.allocate(std::move(request)));
  if (!response) co_return co_await after_failed_call(std::move(response).error(), "heartbeat");
  last_answer_ = io::now();
  switch (response->command) {
    case yarn::MasterCommand::kShutdown:
      co_return Error(ErrorCode::kFailedPrecondition, "the ResourceManager tells this attempt to end");
    case yarn::MasterCommand::kResync:
      co_return co_await register_master();
    case yarn::MasterCommand::kNone:
      break;
  }
  on_answer(*response);
  co_return Status();
}

// Success: go on. The error is the reason to end this attempt.
io::Task<Status> Master::after_failed_call(Error error, std::string_view call) {
  switch (after_failure(error)) {
    case AfterFailure::kReregister:
      notes_.say("the ResourceManager has restarted; registering again");
      co_return co_await register_master();
    case AfterFailure::kOver:
      co_return std::move(error).with_context("this attempt is over");
    case AfterFailure::kRefused:
      if (error.is_remote("InvalidResourceRequestException") ||
          error.is_remote("InvalidLabelResourceRequestException")) {
        instances_.stop();
        conclusion_ = app::Conclusion{FinalStatus::kFailed,
                                      "YARN refuses the request for containers: " + error.message()};
        co_return Status();
      }
      co_return std::move(error).with_context("the ResourceManager refuses this master");
    case AfterFailure::kRepeat:
      break;
  }
  if (io::now() - last_answer_ > limits_.expiry) {
    co_return std::move(error).with_context(
        fmt::format("the ResourceManager has not answered for {} s, so that it has given this attempt up",
                    limits_.expiry / std::chrono::seconds(1)));
  }
  notes_.say(fmt::format("{}: {}; trying again", call, error.message()));
  co_return co_await io::sleep_for(limits_.retry_pause);
}

void Master::on_answer(const yarn::AllocateResponse& response) {
  if (response.amrm_token) {
    notes_.say("the ResourceManager has sent a new token");
    scheduler_.use_token(*response.amrm_token);
  }
  for (const auto& token : response.nm_tokens) nodes_.use_token(token.node, token.token);
  if (response.nodes > 0) cluster_nodes_ = response.nodes;
  available_ = response.available;
  const auto news = allocation_.answered(response);
  previous_.insert(previous_.end(), news.previous.begin(), news.previous.end());
  for (const auto& container : news.containers) on_container(container);
  for (const auto& status : news.completed) on_completed(status);
}

void Master::on_container(const yarn::Container& container) {
  const auto run = instances_.begin(container.id, container.node, io::wall_now());
  if (!run) {
    allocation_.release(container.id);
    return;
  }
  web_addresses_[container.node] = container.node_http_address;
  const auto ticket =
      journal_.append(control::InstanceStarting{run->instance, run->restart, container.id, container.node,
                                                container.node_http_address, io::wall_now()});
  const auto make = [this, run = *run, token = container.token, granted = container.resource] {
    return yarn::StartRequest{run.container, token, template_->context(run, granted)};
  };
  launcher_.start(container.node, container.id, make, journal_.settled(ticket), expiry_of(container.token));
  pace_.hurry(io::now());
}

void Master::on_start(const ContainerId& container, const Status& started) {
  pace_.hurry(io::now());
  wake_.set();
  const auto run = instances_.find(container);
  if (!run) return;  // it has ended meanwhile
  if (started) {
    node_faults_.started(run->node.host);
    if (!instances_.started(container)) return;
    any_ran_ = true;
    journal_.append(control::InstanceStarted{container, io::wall_now()});
    // It was to end before it was there: it has begun nothing yet that would need a grace.
    if (stopper_.holds(container)) launcher_.stop(run->node, container);
    notes_.say(fmt::format("instance {}{} started on {} in {}", run->instance,
                           run->restart > 0 ? fmt::format(" (restart {})", run->restart) : "", run->node.host,
                           to_string(container)));
    return;
  }
  node_faults_.failed(run->node.host);
  allocation_.release(container);
  const std::string reason = describe_start_failure(started.error());
  if (const auto ended = instances_.not_started(container, "could not be started: " + reason)) {
    tell_end(*ended, reason);
  }
}

void Master::on_completed(const yarn::ContainerStatus& status) {
  stopper_.ended(status.id);
  unconfirmed_.erase(status.id);
  const auto ended = instances_.ended(status.id, to_exit(status), io::wall_now());
  if (!ended) return;
  any_ran_ = true;
  pace_.hurry(io::now());
  tell_end(*ended, status.diagnostics);
}

void Master::tell_end(const app::Ended& ended, std::string diagnostics) {
  control::InstanceEnded entry;
  entry.instance = ended.run.instance;
  entry.restart = ended.run.restart;
  entry.container = ended.run.container;
  entry.time = io::wall_now();
  entry.exit_status = ended.exit.status;
  entry.exit_class = ended.exit.exit_class;
  entry.reason = ended.exit.reason;
  if (ended.exit.exit_class != app::ExitClass::kSucceeded) entry.diagnostics = std::move(diagnostics);
  entry.final = ended.final;
  unsaved_ends_ = journal_.append(entry);
  const bool failed =
      entry.exit_class == app::ExitClass::kFailed || entry.exit_class == app::ExitClass::kMemory;
  if (output_ && failed) output_->keep(entry.container, web_addresses_[ended.run.node]);
  notes_.say(fmt::format("instance {} on {} {}{}", ended.run.instance, ended.run.node.host, ended.exit.reason,
                         ended.final ? "" : "; it is started again"));
}

std::string Master::what_is_missing() const {
  std::string text =
      fmt::format("asked for {} containers of {}", allocation_.wanted(), describe(file_.spec.resource));
  if (!file_.spec.node_label.empty()) text += fmt::format(" on nodes with label '{}'", file_.spec.node_label);
  if (!queue_.empty()) text += fmt::format(" in queue {}", queue_);
  if (available_) text += fmt::format("; {} are available to this application", describe(*available_));
  text += fmt::format("; the cluster has {} nodes", cluster_nodes_);
  const auto counts = instances_.counts();
  if (counts.starting > 0) text += fmt::format("; {} containers are being started", counts.starting);
  return text;
}

// Since the submission. The master itself may have had to wait for most of that.
io::Duration Master::waited() const {
  const auto here = io::now() - started_;
  return identity_.submitted ? std::max<io::Duration>(here, io::wall_now() - *identity_.submitted) : here;
}

std::optional<app::Conclusion> Master::nothing_started() {
  if (instances_.held()) {  // when it is scaled up again, the clock starts anew
    started_ = io::now();
    identity_.submitted.reset();
  }
  const auto& timeout = file_.spec.start_timeout;
  if (!timeout || any_ran_ || instances_.held() || waited() < *timeout) return std::nullopt;
  if (!unconfirmed_.empty()) return std::nullopt;  // an earlier attempt's may run
  return app::Conclusion{FinalStatus::kFailed, app::start_timeout_text(*timeout, what_is_missing())};
}

// Bounded. What does not end in time is stopped by YARN when the application has ended.
io::Task<void> Master::stop_rest() {
  const auto live = instances_.live();
  instances_.stop();
  co_await launcher_.end();
  for (const auto& run : live) launcher_.stop(run.node, run.container);
  if (!live.empty()) notes_.say(fmt::format("stopping {} instances", live.size()));
  const io::Deadline deadline = io::after(limits_.stop_timeout);
  while (!instances_.live().empty() && io::now() < deadline) {
    if (!co_await io::run_until(deadline, beat()) || !co_await io::sleep_for(Pace::kFast)) break;
  }
  for (const auto& run : instances_.live()) {
    app::Exit exit{.exit_class = app::ExitClass::kKilled,
                   .status = -107,
                   .reason = "was stopped because the application had ended"};
    if (const auto ended = instances_.ended(run.container, std::move(exit), io::wall_now()))
      tell_end(*ended, {});
  }
}

io::Task<void> Master::say_farewell() {
  conclusion_->diagnostics =
      std::string(base::utf8_head(base::to_utf8(conclusion_->diagnostics), kMaxDiagnostics));
  notes_.say(
      fmt::format("the application ends {}: {}", to_string(conclusion_->status), conclusion_->diagnostics));
  const auto ticket = journal_.append(
      control::ApplicationEnded{io::wall_now(), conclusion_->status, conclusion_->diagnostics});
  // The file system may take its time; the ResourceManager must not take us for dead meanwhile.
  io::TaskGroup writing;
  io::Event done;
  writing.spawn(finish_journal(ticket, done));
  while (!done.is_set() && co_await beat()) {
    (void)co_await io::run_until(io::after(std::chrono::seconds(1)), done.wait());
  }
  co_await writing.join();
}

// Meanwhile the followers read on.
io::Task<void> Master::finish_journal(std::uint64_t ticket, io::Event& done) {
  io::TaskGroup following;
  following.spawn(wait_for_followers(ticket));
  const Status recorded = co_await journal_.finish();
  co_await following.join();
  if (!recorded) notes_.say(recorded.error().message());
  done.set();
}

// With the application's end its nodes begin to remove what the containers wrote.
io::Task<void> Master::wait_for_followers(std::uint64_t ticket) {
  const auto deadline = io::after(limits_.follow_timeout);
  co_await journal_.settled(ticket);
  const auto behind = co_await followers_.all_read(journal_.flushed(), deadline);
  if (behind == 0) co_return;
  notes_.say(
      fmt::format("{} followers have not read all output within {} s; the application ends all the same",
                  behind, limits_.follow_timeout / std::chrono::seconds(1)));
}

// The ResourceManager answers false until it has stored the end; whoever leaves before gets another attempt.
io::Task<Status> Master::finish() {
  last_answer_ = io::now();
  bool tried = false;
  while (true) {
    yarn::FinishRequest request{conclusion_->status, conclusion_->diagnostics, {}};
    auto finished =
        co_await io::run_until(io::after(limits_.call_timeout), scheduler_.finish(std::move(request)));
    if (finished && *finished) break;
    if (finished) {
      tried = true;
      if (io::now() - last_answer_ > limits_.expiry) {
        co_return Error(ErrorCode::kDeadlineExceeded,
                        "the ResourceManager does not store the application's end");
      }
      KNIT_CO_TRY_VOID(co_await io::sleep_for(limits_.finish_pause));
      continue;
    }
    // An earlier try was heard although its answer was lost, and the attempt has gone since.
    if (tried && after_failure(finished.error()) == AfterFailure::kOver) break;
    tried = true;
    KNIT_CO_TRY_VOID(co_await after_failed_call(std::move(finished).error(), "unregistering"));
  }
  notes_.say("unregistered");
  co_return Status();
}

}  // namespace knit::master
