// How a run of an instance ended, in the classes that decide what follows.
#pragma once

#include <knit/result.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace knit::app {

enum class ExitClass {
  kSucceeded,
  kFailed,     // the command's own fault: non-zero exit, a signal
  kMemory,     // over its memory limit
  kLost,       // node lost, disks, aborted: not the user's fault, asked for again
  kPreempted,  // likewise
  kKilled,     // by a person, by us at the end, or by the ResourceManager
  kLaunch,     // could not be launched or localized
};

// "succeeded", "failed", "memory", "lost", "preempted", "killed", "launch".
std::string_view to_string(ExitClass exit_class);
// From those names. kDataLoss for others.
Result<ExitClass> parse_exit_class(std::string_view text);

struct Exit {
  ExitClass exit_class = ExitClass::kSucceeded;
  std::int32_t status = 0;  // YARN's (negative) or the process's
  std::string reason;       // one sentence for people: "exited with code 3"
  std::string advice;       // what to do; empty where there is nothing
  std::string last_output;  // the last lines of its stderr, as far as they are known
};

}  // namespace knit::app
