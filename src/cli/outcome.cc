#include "cli/outcome.h"

#include <fmt/format.h>

#include <cstdio>

#include "cli/context.h"
#include "cli/reports.h"
#include "cli/standard_streams.h"

namespace knit::cli {
namespace {

const char* verb(Outcome outcome) {
  switch (outcome) {
    case Outcome::kSucceeded:
      return "succeeded";
    case Outcome::kFailed:
      return "failed";
    case Outcome::kKilled:
      return "was killed";
    case Outcome::kLifetimeOver:
      return "was ended: its lifetime was over";
    case Outcome::kNeverStarted:
      return "was withdrawn: nothing ran in time";
  }
  return "ended";
}

}  // namespace

void print_outcome(const RunResult& result) {
  tell("{} {} after {}\n", to_string(result.report.id), verb(result.outcome), elapsed_text(result.report));
  if (result.outcome != Outcome::kSucceeded && !result.diagnostics.empty()) {
    tell("{}\n", result.diagnostics);
  }
}

int exit_code_of(const RunResult& result, int from_instance) {
  if (from_instance >= 0) {
    const auto found = result.exit_statuses.find(from_instance);
    if (found != result.exit_statuses.end() && found->second >= 0 && found->second <= 255)
      return found->second;
    if (result.instances > 0 && from_instance >= result.instances) {
      tell("knit: error: {} has no instance {}: its instances are 0 to {}\n", to_string(result.report.id),
           from_instance, result.instances - 1);
      return kExitNotFound;
    }
    tell("knit: the exit code of instance {} is not known\n", from_instance);
  }
  switch (result.outcome) {
    case Outcome::kSucceeded:
      return kExitSucceeded;
    case Outcome::kFailed:
      return kExitFailed;
    case Outcome::kKilled:
      return kExitKilled;
    case Outcome::kLifetimeOver:
    case Outcome::kNeverStarted:
      return kExitDeadline;
  }
  return kExitFailed;
}

}  // namespace knit::cli
