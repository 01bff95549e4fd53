#include "client/follow.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "app/start_timeout.h"
#include "base/try.h"
#include "client/line_output.h"
#include "client/news_channel.h"
#include "client/output.h"
#include "client/run_result.h"
#include "io/task_group.h"
#include "io/wait.h"

namespace knit::client {
namespace {

using namespace std::chrono_literals;
using Phase = ContainerRun::Phase;

constexpr io::Duration kReportWhileWaiting = 250ms, kReportWhileRunning = 1s, kReportAtTheEnd = 50ms;
constexpr io::Duration kReportWhileAway = 2s;
constexpr io::Duration kJournalFastest = 200ms, kJournalSlowest = 1s, kJournalDeadline = 30s;
constexpr io::Duration kRecordPatience = 3s;   // from the application's end to its record
constexpr io::Duration kNodesPatience = 15s;   // at the end, before the uploads are read
constexpr io::Duration kUploadPatience = 60s;  // Hadoop's own take a second or two
constexpr io::Duration kContainersEvery = 2s;
constexpr io::Duration kFactsEvery = 5s, kFactsFirst = 1s, kKillAgain = 5s;

bool may_pass(const Error& error) {
  return error.code() == ErrorCode::kUnavailable || error.code() == ErrorCode::kDeadlineExceeded;
}

class Follower {
 public:
  Follower(ApplicationView& application, JournalFollower* journal, logs::NodePages& pages, FollowPlan plan,
           RunObserver& observer)
      : application_(application),
        journal_(journal),
        plan_(std::move(plan)),
        observer_(observer),
        lines_(observer),
        output_(pages, plan_.sink ? *plan_.sink : lines_, plan_.sink ? plan_.output : output_options()),
        begun_(io::now()) {
    if (journal_) news_.emplace(application_, [this] { changed_.set(); });
    output_.on_caught_up([this] { changed_.set(); });
  }

  io::Task<Result<RunResult>> run() {
    background_.spawn(watch_report());
    auto ended = co_await until_end();
    co_await background_.stop();
    if (news_) co_await news_->stop();
    news_.reset();
    if (ended) ended = co_await tell_the_rest();
    co_await output_.stop();
    KNIT_CO_TRY_VOID(std::move(ended));
    co_return result_of(*report_, state());
  }

 private:
  static OutputOptions output_options() {
    return {[](const ContainerRun& run) { return !run.is_master(); },
            [](std::string_view file) { return file == "stdout" || file == "stderr"; },
            {"stdout", "stderr"}};
  }
  const RunState* state() const {
    return journal_ && journal_->state().known() ? &journal_->state() : nullptr;
  }

  io::Task<void> watch_report();
  io::Duration report_pace() const;
  io::Task<Status> until_end();
  io::Task<Status> end_from_record();
  io::Task<Status> tell_the_rest();
  io::Task<void> read_journal();
  io::Task<void> look_for_containers();
  void tell_changes();
  void tell_what_is_read();
  void tell_progress();
  io::Task<void> look_for_reason();
  io::Task<void> withdraw_if_late();

  ApplicationView& application_;
  JournalFollower* journal_;
  FollowPlan plan_;
  RunObserver& observer_;
  LineOutput lines_;
  OutputFollower output_;
  io::TimePoint begun_;

  std::optional<ApplicationReport> report_;
  std::optional<Error> lost_;  // the ResourceManager does not know it (any more), or does not let us ask
  io::Event changed_;
  bool away_ = false;
  std::optional<NewsChannel> news_;
  io::TaskGroup background_;

  io::Duration journal_pace_ = kJournalFastest;
  bool told_journal_trouble_ = false;
  std::set<ContainerId> told_ended_;
  std::int32_t told_master_ = 1;
  std::string why_;
  ApplicationState why_in_ = ApplicationState::kUnknown;
  io::TimePoint next_facts_{}, next_kill_{}, next_containers_{};
  std::vector<ContainerRun> strangers_;  // of an application without a journal
};

io::Duration Follower::report_pace() const {
  if (away_) return kReportWhileAway;
  if (!report_ || report_->state != ApplicationState::kRunning) return kReportWhileWaiting;
  if (const auto* known = state()) {
    const auto progress = known->progress();
    if (known->end() || (progress.instances > 0 && progress.done + progress.failed >= progress.instances)) {
      return kReportAtTheEnd;
    }
  }
  return kReportWhileRunning;
}

// Beside everything else: a ResourceManager that is away for long keeps nothing from being read.
io::Task<void> Follower::watch_report() {
  while (true) {
    auto report = co_await application_.report();
    if (report) {
      if (std::exchange(away_, false)) observer_.on_notice("the ResourceManager answers again");
      report_ = *std::move(report);
      if (news_) news_->update(*report_);
      changed_.set();
      if (has_ended(report_->state)) co_return;
    } else if (report.error().code() == ErrorCode::kCancelled) {
      co_return;
    } else if (may_pass(report.error()) && report_) {
      if (!std::exchange(away_, true)) {
        observer_.on_notice(
            fmt::format("{}; the application is followed on meanwhile", report.error().message()));
      }
    } else {
      lost_ = report.error();
      changed_.set();
      co_return;
    }
    // In small steps: the journal may tell that the end is near.
    const auto asked = io::now();
    while (io::now() - asked < report_pace()) {
      if (!co_await io::sleep_for(std::min(report_pace(), kReportAtTheEnd * 2))) co_return;
    }
  }
}

io::Task<void> Follower::read_journal() {
  if (!journal_) co_return;
  Result<bool> news = news_ ? news_->take(*journal_) : false;
  if (news && !(news_ && news_->live())) {
    const auto attempts = report_ ? std::max(report_->current_attempt.attempt, 1) : 1;
    news = co_await io::run_until(io::after(kJournalDeadline), journal_->poll(attempts));
  }
  if (news) {
    journal_pace_ = *news ? kJournalFastest : std::min(journal_pace_ * 3 / 2, kJournalSlowest);
    co_return;
  }
  journal_pace_ = kJournalSlowest;
  if (news.error().code() == ErrorCode::kCancelled || std::exchange(told_journal_trouble_, true)) co_return;
  observer_.on_notice(fmt::format("{}; without it Knit does not know which containers there are",
                                  news.error().with_context("the application's journal").message()));
}

// Restarts and failures, once each.
void Follower::tell_changes() {
  const auto* known = state();
  if (!known) return;
  if (const auto attempt = known->master().attempt.attempt; attempt > told_master_) {
    told_master_ = attempt;
    observer_.on_notice(fmt::format("the master was started again (attempt {})", attempt));
  }
  for (const auto& run : known->containers()) {
    const bool failed = run.phase == Phase::kEnded && !run.is_master() && run.exit_class &&
                        run.exit_class != control::ExitClass::kSucceeded &&
                        run.exit_class != control::ExitClass::kKilled;
    if (!failed || !told_ended_.insert(run.id).second) continue;
    observer_.on_notice(fmt::format("instance {} {} on {}{}", run.instance, run.reason, to_string(run.node),
                                    run.final ? "" : "; it is started again"));
  }
  if (plan_.logs) output_.update(known->containers());
}

// The master keeps its end back until its followers have read what its containers wrote.
void Follower::tell_what_is_read() {
  if (!news_ || !report_ || !output_.caught_up()) return;
  const bool ending = state() && state()->end();
  news_->has_read(journal_->position(report_->current_attempt.attempt), ending);
}

// Of an application without a journal.
io::Task<void> Follower::look_for_containers() {
  const bool wanted =
      !journal_ && plan_.logs && plan_.sink && report_ && report_->current_attempt.attempt > 0;
  if (!wanted || has_ended(report_->state) || io::now() < next_containers_) co_return;
  next_containers_ = io::after(kContainersEvery);
  auto reports = co_await application_.containers(report_->current_attempt);
  if (!reports) co_return;  // the ResourceManager's absence is told already
  std::set<ContainerId> alive;
  for (const auto& report : *reports) {
    if (report.state == ContainerState::kComplete) continue;
    alive.insert(report.id);
    const auto known =
        std::find_if(strangers_.begin(), strangers_.end(), [&](auto& run) { return run.id == report.id; });
    if (known == strangers_.end()) strangers_.push_back(run_of(report));
  }
  for (auto& run : strangers_) {
    if (!alive.contains(run.id)) run.phase = Phase::kEnded;
  }
  output_.update(strangers_);
}

void Follower::tell_progress() {
  if (!report_) return;
  Progress progress = state() ? state()->progress() : Progress();
  progress.state = report_->state;
  if (!state()) progress.running = std::max(0, report_->running_containers - 1);
  if (report_->started) {
    progress.elapsed = std::max(0ms, report_->finished.value_or(io::wall_now()) - *report_->started);
  }
  const bool waits = !has_ended(report_->state) && progress.running + progress.done + progress.failed == 0;
  progress.waiting_for = waits ? why_ : "";
  observer_.on_progress(progress);
}

io::Task<void> Follower::look_for_reason() {
  if (!report_ || has_ended(report_->state)) co_return;
  const auto progress = state() ? state()->progress() : Progress();
  const bool waits = report_->state != ApplicationState::kRunning ||
                     (state() && progress.running + progress.done + progress.failed == 0);
  if (!waits) {
    why_.clear();
    co_return;
  }
  WaitFacts facts;
  facts.report = *report_;
  if (std::exchange(why_in_, report_->state) != report_->state) next_facts_ = {};
  // Most applications wait for less than a second: those cost no questions.
  if (io::now() - begun_ >= kFactsFirst) {
    if (io::now() < next_facts_) co_return;
    next_facts_ = io::after(kFactsEvery);
    facts = co_await application_.facts(*report_);
  }
  facts.master = plan_.master;
  facts.instance = plan_.instance;
  why_ = why_waiting(facts).why;
}

io::Task<void> Follower::withdraw_if_late() {
  if (!plan_.start_timeout || !report_ || !report_->started || io::now() < next_kill_) co_return;
  if (has_ended(report_->state) || report_->state == ApplicationState::kRunning) co_return;
  // Between two attempts of the master it waits too; then something may have run.
  if (state() && state()->any_ran()) co_return;
  if (io::wall_now() - *report_->started < *plan_.start_timeout) co_return;
  next_kill_ = io::after(kKillAgain);
  const auto text = app::start_timeout_text(*plan_.start_timeout, why_);
  auto killed = co_await application_.kill(text);
  if (killed) {
    observer_.on_notice(fmt::format("{}; the application is withdrawn", text));
  } else if (killed.error().code() != ErrorCode::kCancelled) {
    observer_.on_notice(killed.error().with_context("withdrawing the application").message());
  }
}

// The record tells the end of what the ResourceManager has forgotten, also where that was just now and its
// last word was an earlier one.
io::Task<Status> Follower::end_from_record() {
  for (const auto until = io::after(kRecordPatience);;) {
    co_await read_journal();
    if (state() && state()->end()) break;
    if (!state()) co_return *lost_;
    if (io::now() >= until) {
      if (lost_->code() != ErrorCode::kNotFound || !report_) co_return *lost_;
      co_return Error(
          ErrorCode::kNotFound,
          fmt::format("the ResourceManager has forgotten {} while it ran; it was restarted without "
                      "recovery (yarn.resourcemanager.recovery.enabled), which ends whatever runs",
                      to_string(report_->id)));
    }
    KNIT_CO_TRY_VOID(co_await io::sleep_for(kJournalFastest));
  }
  report_ = report_from(*state(), {});
  co_return Status();
}

io::Task<Status> Follower::until_end() {
  while (true) {
    changed_.reset();
    co_await read_journal();
    tell_changes();
    tell_what_is_read();
    co_await look_for_containers();
    co_await look_for_reason();
    co_await withdraw_if_late();
    tell_progress();
    KNIT_CO_TRY_VOID(co_await io::check_cancelled());
    if (output_.failure()) co_return *output_.failure();
    if (report_ && has_ended(report_->state)) co_return Status();
    if (lost_) co_return co_await end_from_record();
    (void)co_await io::run_until(io::after(journal_pace_), changed_.wait());
  }
}

io::Task<Status> Follower::tell_the_rest() {
  for (const auto until = io::after(kRecordPatience); journal_ && !(state() && state()->end());) {
    co_await read_journal();
    // Only a master that ended by itself leaves a last word.
    const bool expected = report_->state == ApplicationState::kFinished;
    if (!expected || journal_->complete() || (state() && state()->end()) || io::now() >= until) break;
    KNIT_CO_TRY_VOID(co_await io::sleep_for(kJournalFastest));
  }
  tell_changes();
  if (!plan_.logs || !output_.pending()) co_return Status();
  co_await output_.finish_from_nodes(io::after(kNodesPatience));
  if (state() && report_->log_aggregation == LogAggregation::kDisabled) output_.finish_from_record(*state());
  if (output_.pending() && !output_.failure()) {
    auto uploads = application_.uploads(report_->user);
    if (uploads) {
      const auto uploading = [this]() -> io::Task<std::optional<LogAggregation>> {
        auto report = co_await application_.report();
        if (!report) co_return std::nullopt;
        co_return report->log_aggregation;
      };
      co_await output_.finish_from_uploads(*std::move(uploads), uploading, io::after(kUploadPatience));
    } else {
      output_.give_up(uploads.error().message());
    }
  }
  if (output_.failure()) co_return *output_.failure();
  KNIT_CO_TRY_VOID(co_await io::check_cancelled());
  tell_progress();
  co_return Status();
}

}  // namespace

io::Task<Result<RunResult>> follow(ApplicationView& application, JournalFollower* journal,
                                   logs::NodePages& pages, FollowPlan plan, RunObserver& observer) {
  Follower follower(application, journal, pages, std::move(plan), observer);
  co_return co_await follower.run();
}

}  // namespace knit::client
