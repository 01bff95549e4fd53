// How a run ended, as a sentence and as an exit code: the same for run, wait and attach.
#pragma once

#include <knit/client.h>

namespace knit::cli {

// One line on stderr.
void print_outcome(const RunResult& result);

// 0 succeeded, 1 failed, 3 killed, 4 its lifetime was over or nothing ran in time. With `from_instance` >= 0
// that instance's own exit code where it is known and a process's (0 to 255).
int exit_code_of(const RunResult& result, int from_instance);

}  // namespace knit::cli
