#include "client/application_view.h"

#include <fmt/format.h>

#include "base/try.h"
#include "client/applications.h"
#include "client/control.h"
#include "client/files.h"
#include "client/run_result.h"
#include "client/staging.h"
#include "client/staging_place.h"
#include "conf/hdfs_settings.h"
#include "conf/yarn_settings.h"
#include "fs/path.h"
#include "io/wait.h"

namespace knit::client {
namespace {

using namespace std::chrono_literals;

constexpr io::Duration kFactsDeadline = 5s, kStoryDeadline = 30s, kRecordPatience = 3s, kRecordPause = 100ms,
                       kSettleDeadline = 10s;
constexpr std::uint64_t kMaxLaunchFile = 16u << 20;

// Where the application's folder and its record are.
Result<StagingPlace> staging_of(Session& session, const std::string& user, const std::string& staging_dir) {
  KNIT_TRY(auto place, staging_place(session, staging_dir));
  if (!place.is_default || user == session.user()) return place;
  KNIT_TRY(const auto hdfs, conf::hdfs_settings(session.settings()));
  place.path = fs::join_path(fs::join_path(hdfs.home_prefix, user), ".knit");
  return place;
}

io::Task<Result<Story>> look(StagingPlace place, ApplicationId id) {
  Story story;
  const auto folder = control::application_directory(place.path, id);
  auto launch =
      co_await fs::read_file(*place.file_system, fs::join_path(folder, "launch.json"), kMaxLaunchFile);
  if (launch) {
    // A newer Knit's may not be understood; its journal may be all the same.
    if (auto decoded = control::decode_launch_file(*launch)) story.launch = *std::move(decoded);
  } else if (launch.error().code() != ErrorCode::kNotFound) {
    co_return std::move(launch).error();
  } else {
    auto record = co_await place.file_system->stat(control::record_path(place.path, id));
    if (!record && record.error().code() == ErrorCode::kNotFound) co_return story;
    if (!record) co_return std::move(record).error();
  }
  story.journal = std::make_unique<JournalFollower>(place, id);
  co_return story;
}

// Nothing needs an ended application's folder any more. What cannot be done now is left to a later sweep.
io::Task<void> settle(Session& session, ApplicationId id, const Story& story) {
  if (!story.place || !story.journal) co_return;
  Staging staging(*story.place, session.user(), session.resource_manager_address());
  (void)co_await io::run_until(io::after(kSettleDeadline), staging.settle(id));
}

}  // namespace

io::Task<Result<ApplicationReport>> SessionView::report() {
  return session_.resource_manager().report(id_);
}

io::Task<Status> SessionView::kill(std::string why) {
  KNIT_CO_TRY_VOID(co_await session_.resource_manager().kill(id_, std::move(why)));
  co_return Status();
}

io::Task<WaitFacts> SessionView::facts(ApplicationReport report) {
  auto& manager = session_.resource_manager();
  WaitFacts facts;
  auto queue = co_await io::run_until(io::after(kFactsDeadline), manager.queue(report.queue, false, false));
  if (queue) facts.queue = *std::move(queue);
  auto nodes = co_await io::run_until(io::after(kFactsDeadline), manager.nodes({}));
  if (nodes) facts.nodes = *std::move(nodes);
  facts.report = std::move(report);
  co_return facts;
}

io::Task<Result<std::vector<ContainerReport>>> SessionView::containers(ApplicationAttemptId attempt) {
  return session_.resource_manager().containers(attempt);
}

Result<UploadFolders> SessionView::uploads(const std::string& user) {
  KNIT_TRY(const auto settings, conf::log_settings(session_.settings()));
  UploadFolders folders;
  for (const auto& uri : logs::log_folders(log_layout(settings), user, id_)) {
    KNIT_TRY(auto place, locate(session_, uri, "yarn.nodemanager.remote-app-log-dir"));
    folders.push_back({place.file_system, std::move(place.path)});
  }
  return folders;
}

io::Task<Result<control::FollowAnswer>> SessionView::news(ApplicationReport report,
                                                          control::FollowRequest request) {
  co_return co_await ask_for_news(session_, std::move(report), std::move(request));
}

Result<logs::NodePages> node_pages(Session& session) {
  KNIT_TRY(const bool tls, conf::yarn_web_uses_tls(session.settings()));
  if (tls) {
    return Error(
        ErrorCode::kUnimplemented,
        "the NodeManagers' pages speak TLS (yarn.http.policy), which Knit does not yet: logs can be read "
        "once the application has ended");
  }
  return logs::NodePages({}, session.connect_timeout());
}

io::Task<Story> find_story(Session& session, ApplicationId id, std::string user, std::string staging_dir) {
  auto place = staging_of(session, user, staging_dir);
  if (!place) co_return Story{{}, {}, {}, place.error().message()};
  auto story = co_await io::run_until(io::after(kStoryDeadline), look(*place, id));
  if (!story) co_return Story{{}, {}, {}, story.error().message()};
  if (user == session.user()) story->place = *std::move(place);
  co_return *std::move(story);
}

io::Task<Result<RunResult>> follow_application(Session& session, ApplicationId id, FollowOptions options,
                                               RunObserver& observer) {
  SessionView view(session, id);
  auto report = co_await view.report();
  if (!report && report.error().code() != ErrorCode::kNotFound) co_return std::move(report).error();
  auto story = co_await find_story(session, id, report ? report->user : session.user(), options.staging_dir);
  if (!story.journal) {
    if (!report) co_return std::move(report).error();
    // Somebody else's staging directory is not ours to read, and most applications are not Knit's.
    if (report->type == "KNIT" && !story.trouble.empty()) {
      observer.on_notice(fmt::format("{}; only the application's state is followed", story.trouble));
    }
  }
  FollowPlan plan;
  plan.logs = options.logs;
  plan.start_timeout = options.start_timeout;
  if (story.launch) {
    plan.master = Resource{story.launch->spec.master_memory, 1, {}};
    plan.instance = story.launch->spec.resource;
    if (!plan.start_timeout) plan.start_timeout = story.launch->spec.start_timeout;
  }
  auto pages = node_pages(session);
  if (!pages) {
    observer.on_notice(pages.error().message());
    pages = logs::NodePages({}, session.connect_timeout());
    plan.logs = false;
  }
  auto result = co_await follow(view, story.journal.get(), *pages, std::move(plan), observer);
  if (result) co_await settle(session, id, story);
  co_return result;
}

namespace {

// Says nothing.
class NoObserver final : public RunObserver {};

}  // namespace

io::Task<Result<RunResult>> await_application(Session& session, ApplicationId id) {
  auto report = co_await session.resource_manager().report(id);
  // One that has a start timeout and no master yet is followed: there is nobody else to withdraw it in time.
  if (report && !has_ended(report->state) && report->state != ApplicationState::kRunning) {
    const auto story = co_await find_story(session, id, report->user, "");
    if (story.launch && story.launch->spec.start_timeout) {
      NoObserver observer;
      FollowOptions options;
      options.logs = false;
      co_return co_await follow_application(session, id, std::move(options), observer);
    }
  }
  if (report) report = co_await wait_for_end(session, id);
  if (!report && report.error().code() != ErrorCode::kNotFound) co_return std::move(report).error();
  auto story = co_await find_story(session, id, report ? report->user : session.user(), "");
  if (!report && !story.journal) co_return std::move(report).error();
  const RunState* state = nullptr;
  if (story.journal) {
    // The record may come a moment after the end.
    const bool expected = report && report->state == ApplicationState::kFinished;
    for (const auto until = io::after(kRecordPatience);;) {
      (void)co_await story.journal->poll(report ? std::max(report->current_attempt.attempt, 1) : 0);
      if (!expected || story.journal->complete() || story.journal->state().end() || io::now() >= until) break;
      KNIT_CO_TRY_VOID(co_await io::sleep_for(kRecordPause));
    }
    if (story.journal->state().known()) state = &story.journal->state();
  }
  if (!report && (!state || !state->end())) co_return std::move(report).error();
  auto result = result_of(report ? *report : report_from(*state, id), state);
  co_await settle(session, id, story);
  co_return result;
}

}  // namespace knit::client
