#include "yarn/exit_status.h"

#include <fmt/format.h>

#include <array>

namespace knit::yarn {
namespace {

struct Row {
  std::int32_t status;
  ExitKind kind;
  std::string_view reason;
  std::string_view advice;
};

constexpr std::string_view kNeedsMemory = "ask for more with --memory, or make the program use less";

constexpr std::array<Row, 17> kTable = {{
    {0, ExitKind::kSucceeded, "succeeded", ""},
    {exit_status::kInvalid, ExitKind::kUnstartable, "could not be prepared by the NodeManager",
     "see the diagnostics: usually a file that is missing, unreadable or was changed after the submission"},
    {exit_status::kLost, ExitKind::kLost, "was lost with its node, or released", ""},
    {exit_status::kDisksFailed, ExitKind::kLost, "ended because the node's disks failed or are full", ""},
    {exit_status::kPreempted, ExitKind::kLost, "was preempted in favour of another queue or application", ""},
    {exit_status::kVirtualMemory, ExitKind::kFailed,
     "was killed for using more virtual memory than its limit",
     "ask for more with --memory; programs that map a lot need yarn.nodemanager.vmem-check-enabled=false on "
     "the cluster"},
    {exit_status::kPhysicalMemory, ExitKind::kFailed, "was killed for using more memory than it asked for",
     kNeedsMemory},
    {exit_status::kStoppedByMaster, ExitKind::kStopped, "was stopped by the application's master", ""},
    {exit_status::kStoppedByResourceManager, ExitKind::kLost, "was killed by the ResourceManager", ""},
    {exit_status::kApplicationEnded, ExitKind::kStopped, "was stopped because the application had ended", ""},
    {exit_status::kStoppedByScheduler, ExitKind::kLost,
     "was killed by its node to make room for another container", ""},
    {exit_status::kTooManyLogs, ExitKind::kFailed, "was killed for writing more logs than the cluster allows",
     "write less to stdout, stderr and the log directory"},
    {exit_status::kLostByNodeManager, ExitKind::kLost, "was lost sight of when its NodeManager restarted",
     ""},
    {-1, ExitKind::kFailed, "could not be launched by the NodeManager",
     "see the diagnostics; if they blame the node, its administrator must mend it"},
    {126, ExitKind::kFailed, "could not run its command: it is not executable (exit status 126)",
     "check its permissions and that it was built for the node's kind of machine"},
    {127, ExitKind::kFailed, "did not find its command (exit status 127)",
     "check the command's name, PATH on the nodes, and whether the file was shipped along"},
    {137, ExitKind::kFailed, "was killed (SIGKILL, exit status 137)",
     "where containers are limited by cgroups this usually means out of memory: ask for more with "
     "--memory"},
}};

struct Signal {
  std::int32_t number;
  std::string_view name;
};
constexpr std::array<Signal, 15> kSignals = {{{1, "SIGHUP"},
                                              {2, "SIGINT"},
                                              {3, "SIGQUIT"},
                                              {4, "SIGILL"},
                                              {5, "SIGTRAP"},
                                              {6, "SIGABRT"},
                                              {7, "SIGBUS"},
                                              {8, "SIGFPE"},
                                              {9, "SIGKILL"},
                                              {11, "SIGSEGV"},
                                              {13, "SIGPIPE"},
                                              {14, "SIGALRM"},
                                              {15, "SIGTERM"},
                                              {24, "SIGXCPU"},
                                              {25, "SIGXFSZ"}}};

// The text between two marks on one line, or nothing.
std::string_view between(std::string_view text, std::string_view begin, std::string_view end) {
  const auto from = text.find(begin);
  if (from == std::string_view::npos) return {};
  text.remove_prefix(from + begin.size());
  text = text.substr(0, text.find('\n'));
  const auto to = text.find(end);
  return to == std::string_view::npos ? std::string_view{} : text.substr(0, to);
}

// What a NodeManager says when it kills for a limit (ContainersMonitorImpl, 2.9 and 3.4):
// "... Current usage: 1.0 GB of 1 GB physical memory used; 2.0 GB of 2.1 GB virtual memory used. Killing
// container."
// "... is logging beyond the container single log directory limit.\nLimit: 1000 Log Directory Size: 2000 Log
// ..."
std::string_view use_and_limit(std::int32_t status, std::string_view diagnostics) {
  if (status == exit_status::kPhysicalMemory) return between(diagnostics, "Current usage: ", "; ");
  if (status == exit_status::kVirtualMemory) return between(diagnostics, " memory used; ", ". Killing");
  if (status == exit_status::kTooManyLogs) return between(diagnostics, "logging beyond the container ", ".");
  return {};
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Where the first `mark` with a digit behind it begins; the end if there is none.
std::size_t find_numbered(std::string_view text, std::string_view mark) {
  for (std::size_t at = 0; (at = text.find(mark, at)) != std::string_view::npos; ++at) {
    if (at + mark.size() < text.size() && is_digit(text[at + mark.size()])) return at;
  }
  return text.size();
}

// What follows "Last N bytes of FILE :" up to the next such mark or the next dated paragraph
// (ContainerLaunch.handleContainerExitWithFailure, 2.9 to 3.4), without the empty lines around it.
std::string tail_of(std::string_view file, std::string_view diagnostics) {
  const auto mark = fmt::format(" bytes of {} :", file);
  const auto at = diagnostics.find(mark);
  if (at == std::string_view::npos) return {};
  auto text = diagnostics.substr(at + mark.size());
  for (const std::string_view end : {"\n\n[", "\nLast "}) text = text.substr(0, find_numbered(text, end));
  const auto begin = text.find_first_not_of('\n');
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of("\n ") + 1 - begin));
}

}  // namespace

std::string stderr_tail(std::string_view diagnostics) {
  auto tail = tail_of("stderr", diagnostics);
  return tail.empty() ? tail_of("prelaunch.err", diagnostics) : tail;
}

ExitMeaning explain_exit(std::int32_t status, std::string_view diagnostics) {
  for (const auto& row : kTable) {
    if (row.status != status) continue;
    ExitMeaning meaning{row.kind, std::string(row.reason), std::string(row.advice)};
    if (const auto detail = use_and_limit(status, diagnostics); !detail.empty() && detail.size() < 200) {
      meaning.reason += fmt::format(" ({})", detail);
    }
    return meaning;
  }
  for (const auto& signal : kSignals) {
    if (128 + signal.number == status) {
      return {ExitKind::kFailed, fmt::format("was ended by {} (exit status {})", signal.name, status), ""};
    }
  }
  return {ExitKind::kFailed, fmt::format("ended with exit status {}", status), ""};
}

}  // namespace knit::yarn
