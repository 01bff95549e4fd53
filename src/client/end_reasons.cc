#include <fmt/format.h>

#include "app/start_timeout.h"
#include "base/utf8.h"
#include "client/diagnostics.h"
#include "client/reasons.h"
#include "yarn/exit_status.h"

namespace knit::client {
namespace {

using yarn::exit_status::kInvalid;

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// SecretManager.retrievePassword and AbstractDelegationTokenSecretManager (2.10 to 3.5).
bool blames_token(std::string_view text) {
  return has(text, "can't be found in cache") || has(text, "InvalidToken") ||
         (has(text, "oken") && has(text, "is expired"));
}

constexpr std::string_view kTokenHint =
    "the application outlived its tokens, or they were cancelled; submit it again";

std::vector<std::string> container_hints(const ApplicationReport& report, const MasterFailure& failure,
                                         const yarn::ExitMeaning& meaning) {
  std::vector<std::string> hints;
  const bool memory = failure.exit_status == yarn::exit_status::kPhysicalMemory ||
                      failure.exit_status == yarn::exit_status::kVirtualMemory || failure.exit_status == 137;
  if (memory) {
    hints.push_back("give the master more memory with --master-memory");
  } else if (failure.exit_status == kInvalid) {
    hints.push_back(blames_token(failure.details)
                        ? std::string(kTokenHint)
                        : "a file it needs is missing, unreadable or was changed after the submission");
  } else if (!meaning.advice.empty() && failure.exit_status != 127 && failure.exit_status != 126) {
    hints.push_back(meaning.advice);
  }
  if (meaning.kind != yarn::ExitKind::kLost && failure.exit_status != kInvalid) {
    hints.push_back(
        fmt::format("'knit logs {} --instance master' shows what it wrote", to_string(report.id)));
  }
  return hints;
}

Reason master_failed(const ApplicationReport& report, const MasterFailure& failure) {
  Reason reason;
  std::string last_output;
  switch (failure.kind) {
    case MasterFailure::Kind::kContainer: {
      const auto meaning = yarn::explain_exit(failure.exit_status, failure.details);
      if (failure.exit_status == 0) {
        reason.why = "the master ended without telling the ResourceManager how the application went";
      } else if (failure.exit_status == kInvalid) {
        reason.why = fmt::format("the master's node could not prepare it: {}", first_line(failure.details));
      } else {
        reason.why = "the master " + meaning.reason;
      }
      const auto tail = yarn::stderr_tail(failure.details);
      if (!tail.empty()) last_output = "\nIts last output on stderr:\n" + base::to_utf8(tail);
      reason.hints = container_hints(report, failure, meaning);
      break;
    }
    case MasterFailure::Kind::kSilent:
      reason.why = "the master was not heard of for too long";
      reason.hints = {"its node may be overloaded or cut off from the ResourceManager"};
      break;
    case MasterFailure::Kind::kLaunch:
      reason.why = fmt::format("the master could not be launched: {}", first_line(failure.details));
      if (blames_token(failure.details)) reason.hints = {std::string(kTokenHint)};
      break;
    case MasterFailure::Kind::kOther:
      reason.why = first_line(failure.details);
      break;
  }
  if (failure.times > 1) {
    reason.why =
        fmt::format("all {} attempts of the master failed; the last one: {}", failure.times, reason.why);
  }
  reason.why += last_output;
  return reason;
}

Reason killed(const ApplicationReport& report) {
  const std::string_view text = report.diagnostics;
  if (has(text, "exceeded the lifetime period")) {
    return {"it was ended because its lifetime was over",
            {"give it longer with --lifetime; the queue may set a maximum"}};
  }
  const auto by = parse_killed(text);
  if (!by) return {text.empty() ? "it was killed" : first_line(text), {}};
  if (has(by->message, app::kStartTimeoutMark)) return {by->message, {}};
  std::string why = "it was killed by " + by->user;
  if (!by->address.empty()) why += " from " + by->address;
  // "killed by alice with knit kill" says the same again
  if (!by->message.empty() && !by->message.starts_with("killed by " + by->user)) why += ": " + by->message;
  return {std::move(why), {}};
}

}  // namespace

Reason why_ended(const ApplicationReport& report) {
  if (!has_ended(report.state) || outcome_of(report) == Outcome::kSucceeded) return {};
  const std::string_view text = report.diagnostics;
  if (report.state == ApplicationState::kKilled) return killed(report);
  // The master unregistered: its own words.
  if (report.state == ApplicationState::kFinished) return {std::string(text), {}};
  if (const auto failure = parse_master_failure(text)) return master_failed(report, *failure);

  Reason reason{first_line(text), {}};
  if (has(text, "is STOPPED. Cannot accept submission")) {
    reason.why = fmt::format("queue '{}' is stopped", report.queue);
    reason.hints = {"choose another one with --queue; 'knit queues' lists them"};
  } else if (has(text, " to unknown queue")) {
    reason.why = fmt::format("there is no queue '{}'", report.queue);
    reason.hints = {"'knit queues' lists them"};
  } else if (has(text, "to non-leaf queue")) {
    reason.why = fmt::format("queue '{}' only holds other queues", report.queue);
    reason.hints = {"'knit queues' lists those below it"};
  } else if (has(text, "does not have permission to submit")) {
    reason.hints = {"choose another queue with --queue, or ask the queue's administrator"};
  } else if (has(text, "cannot accept submission of application") ||
             has(text, "applications, cannot accept")) {
    reason.hints = {
        "the queue holds as many applications as it may; wait, or choose another one with --queue"};
  } else if (blames_token(text)) {
    reason.hints = {std::string(kTokenHint)};
  }
  if (reason.why.empty()) reason.why = "the ResourceManager does not say why";
  return reason;
}

}  // namespace knit::client
