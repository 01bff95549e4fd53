#include "client/run_result.h"

namespace knit::client {

ApplicationReport report_from(const RunState& state, const ApplicationId& id) {
  ApplicationReport report;
  report.id = id;
  report.type = "KNIT";
  if (!state.known()) return report;
  const auto& master = state.master();
  report.id = master.attempt.application;
  report.current_attempt = master.attempt;
  report.name = master.name;
  report.user = master.user;
  report.queue = master.queue;
  // The first attempt's, if there were several.
  for (const auto& run : state.containers()) {
    if (run.is_master() && run.started) {
      report.started = run.started;
      break;
    }
  }
  if (const auto& end = state.end()) {
    report.state = ApplicationState::kFinished;
    report.final_status = end->status;
    report.diagnostics = end->diagnostics;
    report.finished = end->time;
  }
  return report;
}

RunResult result_of(const ApplicationReport& report, const RunState* state) {
  RunResult result;
  result.report = report;
  result.outcome = outcome_of(report);
  if (state) {
    result.instances = state->known() ? state->master().instances : 0;
    result.exit_statuses = state->exit_statuses();
  }
  const auto reason = why_ended(report);
  result.diagnostics = reason.why;
  for (const auto& hint : reason.hints) result.diagnostics += "\n" + hint;
  return result;
}

}  // namespace knit::client
