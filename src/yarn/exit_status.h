// What the number that YARN gives for a container's end means. A core: one table for the master, the client
// and the log.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace knit::yarn {

// ContainerExitStatus and NodeManager's ContainerExecutor.ExitCode (2.10 to 3.5).
namespace exit_status {
inline constexpr std::int32_t kInvalid = -1000;  // running, or ended before it could be started
inline constexpr std::int32_t kLost = -100;      // ABORTED: released, or the node was lost
inline constexpr std::int32_t kDisksFailed = -101;
inline constexpr std::int32_t kPreempted = -102;
inline constexpr std::int32_t kVirtualMemory = -103;
inline constexpr std::int32_t kPhysicalMemory = -104;
inline constexpr std::int32_t kStoppedByMaster = -105;
inline constexpr std::int32_t kStoppedByResourceManager = -106;
inline constexpr std::int32_t kApplicationEnded = -107;
inline constexpr std::int32_t kStoppedByScheduler = -108;
inline constexpr std::int32_t kTooManyLogs = -109;
inline constexpr std::int32_t kLostByNodeManager = 154;
}  // namespace exit_status

// What follows from an end.
enum class ExitKind {
  kSucceeded,    // status 0
  kLost,         // the cluster's doing, not the program's: ask for another container; counts against nothing
  kStopped,      // the master, or YARN after the application's end, stopped it: nothing follows
  kUnstartable,  // YARN could not prepare it (a file it could not fetch): a failure, and another try would
                 // end alike
  kFailed,       // the program's doing, or beyond what was asked for: counts as a failure
};

struct ExitMeaning {
  ExitKind kind = ExitKind::kFailed;
  std::string
      reason;  // "was killed for using more memory than it asked for (1.0 GB of 1 GB physical memory used)"
  std::string advice;  // "ask for more memory, or ..."; empty where there is nothing to do
};

// Of an ended container. `diagnostics` is ContainerStatus::diagnostics; what it tells of limits and uses goes
// into the reason.
ExitMeaning explain_exit(std::int32_t status, std::string_view diagnostics);

// The last lines the program wrote to stderr, as a NodeManager puts them into the diagnostics of a failure (4
// KiB of them: yarn.nodemanager.container.stderr.tail.bytes); where it wrote none, those of the launch
// script. Often empty.
std::string stderr_tail(std::string_view diagnostics);

}  // namespace knit::yarn
