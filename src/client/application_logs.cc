#include "base/try.h"
#include "client/application_view.h"
#include "client/log_choice.h"
#include "client/log_pieces.h"
#include "client/log_reader.h"
#include "client/run_result.h"

namespace knit::client {
namespace {

class NoticesOnly final : public RunObserver {
 public:
  explicit NoticesOnly(LogOutput& output) : output_(output) {}
  void on_notice(const std::string& text) override { output_.notice(text); }

 private:
  LogOutput& output_;
};

FollowPlan plan_for(const LogsOptions& options, OutputSink& sink) {
  FollowPlan plan;
  plan.sink = &sink;
  plan.output = {
      [&options](const ContainerRun& run) { return wants_container(options, run); },
      [&options](std::string_view file) { return wants_file(options, file); },
      options.log.empty() ? std::vector<std::string>{"stdout", "stderr"} : std::vector{options.log},
      std::nullopt};
  if (options.tail_lines) plan.output.tail_lines = static_cast<std::uint64_t>(*options.tail_lines);
  return plan;
}

const RunState* state_of(const Story& story) {
  return story.journal && story.journal->state().known() ? &story.journal->state() : nullptr;
}

}  // namespace

io::Task<Status> read_application_logs(Session& session, ApplicationId id, LogsOptions options,
                                       LogOutput output) {
  SessionView view(session, id);
  auto report = co_await view.report();
  if (!report && report.error().code() != ErrorCode::kNotFound) co_return std::move(report).error();
  auto story = co_await find_story(session, id, report ? report->user : session.user(), "");
  if (!report && !story.journal) co_return std::move(report).error();
  auto pages = node_pages(session);
  const bool ended = !report || has_ended(report->state);
  if (!pages && !ended) co_return std::move(pages).error();
  if (!pages) pages = logs::NodePages({}, session.connect_timeout());

  if (story.journal) {
    auto read = co_await story.journal->poll(report ? std::max(report->current_attempt.attempt, 1) : 0);
    if (!read) output.notice(read.error().message());
  } else if (report && report->type == "KNIT" && !story.trouble.empty()) {
    output.notice(story.trouble + "; containers are shown without their instances");
  }
  if (!report && !state_of(story)) co_return std::move(report).error();
  if (options.follow && !ended) {
    // Of one that is just being started the journal comes later.
    if (!story.journal || state_of(story)) KNIT_CO_TRY_VOID(check_choice(options, id, state_of(story)));
    Pieces sink(output);
    NoticesOnly observer(output);
    auto followed = co_await follow(view, story.journal.get(), *pages, plan_for(options, sink), observer);
    if (!followed) co_return std::move(followed).error();
    // Where nothing came, reading it once more says why.
    if (sink.any()) co_return Status();
    report = std::move(followed->report);
  }
  co_return co_await read_logs(view, *pages, report ? *report : report_from(*state_of(story), id),
                               state_of(story), std::move(options), std::move(output));
}

}  // namespace knit::client
