// What a ResourceManager's refusal means, and what of our settings it and the master are given.
#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>

#include "client/diagnostics.h"
#include "client/submission.h"

namespace knit::client {
namespace {

struct Phrase {
  std::string_view words;
  ErrorCode code;
};
// Words of CapacityScheduler, FairScheduler, RMAppManager and their queues, 2.10 to 3.4.
constexpr std::array<Phrase, 14> kPhrases = {{
    {"cannot submit applications to queue", ErrorCode::kPermissionDenied},
    {"does not have permission to submit", ErrorCode::kPermissionDenied},
    {"cannot submit", ErrorCode::kPermissionDenied},
    {"doesn't have permission to access all labels", ErrorCode::kPermissionDenied},
    {"is STOPPED", ErrorCode::kPermissionDenied},
    {"is DRAINING", ErrorCode::kPermissionDenied},
    {"to unknown queue", ErrorCode::kNotFound},
    {"to nonexistent queue", ErrorCode::kNotFound},
    {"to non-leaf queue", ErrorCode::kInvalidArgument},
    {"not a leaf queue", ErrorCode::kInvalidArgument},
    {"cannot accept submission of application", ErrorCode::kResourceExhausted},
    {"Rejecting application", ErrorCode::kResourceExhausted},
    {"Invalid resource request", ErrorCode::kInvalidArgument},
    {"Invalid label", ErrorCode::kInvalidArgument},
}};

constexpr std::string_view kRefuses = "the ResourceManager refuses ";

ErrorCode code_of(std::string_view text, ErrorCode otherwise) {
  for (const auto& phrase : kPhrases) {
    if (text.find(phrase.words) != std::string_view::npos) return phrase.code;
  }
  return otherwise;
}

}  // namespace

Error refused_at_submit(Error error) {
  switch (error.code()) {
    case ErrorCode::kCancelled:
    case ErrorCode::kUnavailable:
    case ErrorCode::kDeadlineExceeded:
      return error;
    default:
      return Error(code_of(error.message(), error.code()),
                   fmt::format("{}the application: {}", kRefuses, first_line(error.message())),
                   error.remote_exception());
  }
}

Error refused_later(const ApplicationReport& report) {
  return Error(
      code_of(report.diagnostics, ErrorCode::kFailedPrecondition),
      fmt::format("{}{}: {}", kRefuses, to_string(report.id),
                  report.diagnostics.empty() ? "it gives no reason" : first_line(report.diagnostics)));
}

bool refuses_queue(const Error& error) {
  return error.message().starts_with(kRefuses) &&
         (error.code() == ErrorCode::kPermissionDenied || error.code() == ErrorCode::kNotFound);
}

std::map<std::string, std::string> settings_for_master(const conf::Settings& settings) {
  // Addresses and how to speak to them. Not folders, limits and the like of the daemons themselves.
  constexpr std::array<std::string_view, 12> kPrefixes = {
      "fs.defaultFS",    "fs.permissions.", "dfs.nameservices", "dfs.ha.", "dfs.namenode.",    "dfs.client.",
      "dfs.replication", "dfs.blocksize",   "dfs.checksum.",    "yarn.",   "hadoop.security.", "hadoop.rpc.",
  };
  constexpr std::array<std::string_view, 6> kMore = {"ipc.",
                                                     "dfs.bytes-per-checksum",
                                                     "dfs.user.home.dir.prefix",
                                                     "dfs.data.transfer.protection",
                                                     "dfs.encrypt.data.transfer",
                                                     "dfs.internal.nameservices"};
  std::map<std::string, std::string> out;
  for (const auto& entry : settings.entries()) {
    const auto begins = [&](std::string_view prefix) { return entry.key.starts_with(prefix); };
    const bool wanted = std::any_of(kPrefixes.begin(), kPrefixes.end(), begins) ||
                        std::any_of(kMore.begin(), kMore.end(), begins);
    if (wanted && entry.problem.empty() && !conf::is_sensitive(entry.key)) out[entry.key] = entry.value;
  }
  return out;
}

}  // namespace knit::client
