#include "client/applications.h"

#include <fmt/format.h>
#include <knit/duration.h>

#include <algorithm>

#include "base/try.h"
#include "client/bounds.h"
#include "client/diagnostics.h"
#include "client/queues.h"
#include "io/wait.h"
#include "yarn/scheduler_page.h"

namespace knit::client {
namespace {

using namespace std::chrono_literals;

constexpr auto kKillDeadline = 30s;
// How long a ResourceManager may be away while somebody waits for an application's end.
constexpr auto kResourceManagerAway = 10min;

bool may_pass(const Error& error) {
  return error.code() == ErrorCode::kUnavailable || error.code() == ErrorCode::kDeadlineExceeded;
}

}  // namespace

io::Task<Result<std::vector<ApplicationReport>>> list_applications(Session& session,
                                                                   yarn::ApplicationFilter filter) {
  const auto limit = filter.limit;
  filter.limit.reset();  // the ResourceManager would give any so many, not the newest
  KNIT_CO_TRY(auto reports, co_await session.resource_manager().list(std::move(filter)));
  std::sort(reports.begin(), reports.end(),
            [](const ApplicationReport& a, const ApplicationReport& b) { return a.id > b.id; });
  if (limit && reports.size() > static_cast<std::size_t>(*limit))
    reports.resize(static_cast<std::size_t>(*limit));
  co_return reports;
}

namespace {

io::Task<Result<bool>> kill_and_wait(Session& session, ApplicationId id, std::string why) {
  KNIT_CO_TRY(const auto report, co_await session.resource_manager().report(id));
  if (has_ended(report.state)) co_return false;
  for (auto pause = 20ms;; pause = std::min(pause * 2, 500ms)) {
    KNIT_CO_TRY(const bool ended, co_await session.resource_manager().kill(id, why));
    if (ended) co_return true;
    KNIT_CO_TRY_VOID(co_await io::sleep_for(pause));
  }
}

io::Task<Status> ask_to_kill(Session& session, ApplicationId id, std::string why) {
  KNIT_CO_TRY_VOID(co_await session.resource_manager().kill(id, std::move(why)));
  co_return Status();
}

}  // namespace

io::Task<Result<bool>> kill_application(Session& session, ApplicationId id) {
  const auto why = fmt::format("killed by {} with knit kill", session.user());
  auto killed = co_await io::run_until(io::after(kKillDeadline), kill_and_wait(session, id, why));
  if (killed) co_return killed;
  if (killed.error().code() == ErrorCode::kDeadlineExceeded) {
    co_return Error(
        ErrorCode::kDeadlineExceeded,
        fmt::format("the ResourceManager has not ended {} within {}", to_string(id), to_text(kKillDeadline)));
  }
  // Who no longer waits for the end wants it all the same.
  if (killed.error().code() == ErrorCode::kCancelled) (void)co_await clean_up(ask_to_kill(session, id, why));
  co_return killed;
}

namespace {

Error refused_move(Error error, const QueueFacts& facts) {
  const auto says = [&](std::string_view words) { return error.message().find(words) != std::string::npos; };
  ErrorCode code = error.code();
  if (says("does not support")) code = ErrorCode::kUnimplemented;            // FifoScheduler
  if (says("state cannot be moved")) code = ErrorCode::kFailedPrecondition;  // it has ended meanwhile
  if (says("would violate")) code = ErrorCode::kResourceExhausted;           // FairScheduler's limits
  // Whether it may or there is none is one answer; we have looked.
  if (code == ErrorCode::kPermissionDenied && says("target queue") && !facts.info)
    code = ErrorCode::kNotFound;
  return Error(code, "the ResourceManager refuses: " + first_line(error.message()), error.remote_exception());
}

}  // namespace

io::Task<Result<ApplicationReport>> move_application(Session& session, ApplicationId id, std::string queue) {
  auto& manager = session.resource_manager();
  KNIT_CO_TRY(auto report, co_await manager.report(id));
  if (has_ended(report.state)) {
    co_return Error(ErrorCode::kFailedPrecondition, fmt::format("{} has ended", to_string(id)));
  }
  if (yarn::is_queue(queue, report.queue, {})) co_return report;
  const auto context = fmt::format("moving {} to queue {}", to_string(id), queue);
  KNIT_CO_TRY(const auto facts, co_await queue_facts(manager, queue));
  KNIT_CO_TRY_VOID(check_target(facts, session.user()).with_context(context));
  if (auto moved = co_await manager.move(id, queue); !moved) {
    if (moved.error().remote_exception().empty()) co_return std::move(moved).error();
    co_return refused_move(std::move(moved).error(), facts).with_context(context);
  }
  co_return co_await manager.report(id);
}

io::Task<Result<ApplicationReport>> wait_for_end(Session& session, ApplicationId id) {
  auto pause = 50ms;
  auto away_since = io::kNoDeadline;
  while (true) {
    auto report = co_await session.resource_manager().report(id);
    if (report) {
      if (has_ended(report->state)) co_return report;
      away_since = io::kNoDeadline;
    } else {
      if (!may_pass(report.error())) co_return report;
      if (away_since == io::kNoDeadline) away_since = io::now();
      if (io::now() - away_since > kResourceManagerAway) co_return report;
    }
    KNIT_CO_TRY_VOID(co_await io::sleep_for(pause));
    pause = std::min(pause * 3 / 2, 1000ms);
  }
}

namespace {

void flatten(QueueInfo queue, std::vector<QueueInfo>& out) {
  auto children = std::exchange(queue.children, {});
  out.push_back(std::move(queue));
  for (auto& child : children) flatten(std::move(child), out);
}

}  // namespace

io::Task<Result<std::vector<QueueInfo>>> list_queues(Session& session) {
  KNIT_CO_TRY(auto root, co_await session.resource_manager().queue("root", true, true));
  std::vector<QueueInfo> queues;
  flatten(std::move(root), queues);
  co_return queues;
}

}  // namespace knit::client
