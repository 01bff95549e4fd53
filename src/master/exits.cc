#include "master/exits.h"

#include <string>
#include <string_view>

#include "base/utf8.h"
#include "yarn/exit_status.h"

namespace knit::master {
namespace {

constexpr std::size_t kMaxReason = 500;

// "[2026-11-23 03:05:42.533]", in front of each piece of diagnostics (ContainerImpl.addDiagnostics).
constexpr std::string_view kStampSample = "[2026-11-23 03:05:42.533]";
bool begins_with_stamp(std::string_view text) {
  if (text.size() < kStampSample.size()) return false;
  for (std::size_t i = 0; i < kStampSample.size(); ++i) {
    const bool digit = kStampSample[i] >= '0' && kStampSample[i] <= '9';
    if (digit ? text[i] < '0' || text[i] > '9' : text[i] != kStampSample[i]) return false;
  }
  return true;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string first_line(std::string_view diagnostics) {
  while (!diagnostics.empty()) {
    const auto newline = diagnostics.find('\n');
    std::string_view line = trimmed(diagnostics.substr(0, newline));
    if (begins_with_stamp(line)) line = trimmed(line.substr(kStampSample.size()));
    if (!line.empty()) return base::to_utf8(base::utf8_head(line, kMaxReason));
    if (newline == std::string_view::npos) break;
    diagnostics.remove_prefix(newline + 1);
  }
  return {};
}

app::ExitClass exit_class(yarn::ExitKind kind, std::int32_t status) {
  switch (kind) {
    case yarn::ExitKind::kSucceeded:
      return app::ExitClass::kSucceeded;
    case yarn::ExitKind::kLost:
      return status == yarn::exit_status::kPreempted ? app::ExitClass::kPreempted : app::ExitClass::kLost;
    case yarn::ExitKind::kStopped:
      return app::ExitClass::kKilled;
    case yarn::ExitKind::kUnstartable:
      return app::ExitClass::kLaunch;
    case yarn::ExitKind::kFailed:
      break;
  }
  const bool memory =
      status == yarn::exit_status::kPhysicalMemory || status == yarn::exit_status::kVirtualMemory;
  return memory ? app::ExitClass::kMemory : app::ExitClass::kFailed;
}

}  // namespace

app::Exit to_exit(const yarn::ContainerStatus& status) {
  auto meaning = yarn::explain_exit(status.exit_status, status.diagnostics);
  app::Exit exit;
  exit.exit_class = exit_class(meaning.kind, status.exit_status);
  exit.status = status.exit_status;
  exit.reason = std::move(meaning.reason);
  exit.advice = std::move(meaning.advice);
  if (exit.exit_class == app::ExitClass::kLaunch || status.exit_status == -1) {
    if (const std::string why = first_line(status.diagnostics); !why.empty()) exit.reason += ": " + why;
  }
  if (exit.exit_class == app::ExitClass::kFailed || exit.exit_class == app::ExitClass::kMemory) {
    exit.last_output = yarn::stderr_tail(status.diagnostics);
  }
  return exit;
}

}  // namespace knit::master
