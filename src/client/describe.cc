#include "client/describe.h"

#include "base/try.h"
#include "client/application_view.h"
#include "client/reasons.h"
#include "client/run_result.h"
#include "io/wait.h"

namespace knit::client {
namespace {

constexpr auto kJournalDeadline = std::chrono::seconds(30);

}  // namespace

io::Task<Result<Description>> describe_application(Session& session, ApplicationId id) {
  SessionView view(session, id);
  Description out;
  auto report = co_await view.report();
  if (!report && report.error().code() != ErrorCode::kNotFound) co_return std::move(report).error();
  auto story = co_await find_story(session, id, report ? report->user : session.user(), "");
  if (!report && !story.journal) co_return std::move(report).error();
  const RunState* state = nullptr;
  if (story.journal) {
    const auto attempts = report ? std::max(report->current_attempt.attempt, 1) : 0;
    auto read = co_await io::run_until(io::after(kJournalDeadline), story.journal->poll(attempts));
    if (!read) story.trouble = read.error().message();
    if (story.journal->state().known()) state = &story.journal->state();
  }
  if (!report && !state) co_return std::move(report).error();

  out.known_to_resource_manager = report.has_value();
  out.report = report ? *report : report_from(*state, id);
  if (state) out.instances = state->instances();
  if (report) {
    // An attempt that is just being made has no report yet.
    if (auto attempts = co_await session.resource_manager().attempts(id)) out.attempts = *std::move(attempts);
  }
  Reason reason;
  if (has_ended(out.report.state)) {
    reason = why_ended(out.report);
  } else if (report && report->running_containers <= 1) {
    auto facts = co_await view.facts(*report);
    if (story.launch) {
      facts.master = Resource{story.launch->spec.master_memory, 1, {}};
      facts.instance = story.launch->spec.resource;
    }
    const bool nothing_runs = !state || state->progress().running + state->progress().done == 0;
    if (nothing_runs) reason = why_waiting(facts);
  }
  out.why = reason.why;
  out.hints = reason.hints;
  if (out.report.type == "KNIT" && !state && !story.trouble.empty()) {
    out.hints.push_back("its instances are not known: " + story.trouble);
  }
  co_return out;
}

}  // namespace knit::client
