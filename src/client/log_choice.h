// Which logs somebody asked for. A core.
#pragma once

#include <knit/run.h>

#include <string>
#include <string_view>
#include <vector>

#include "client/run_state.h"

namespace knit::client {

struct LogChoice {
  std::vector<ContainerRun> runs;  // by instance, then restart; masters last
  bool complete = false;           // there are no others: what lacks of these is missing
};

// From what is known of the application: its journal, or else (`state` is null) the containers that the
// ResourceManager told. kNotFound: no such instance or container; kFailedPrecondition for an instance of an
// application without a journal. A container that nobody knows is chosen all the same when the application
// has ended: its log may have been uploaded.
Result<LogChoice> choose_logs(const LogsOptions& options, const ApplicationId& id, const RunState* state,
                              const std::vector<ContainerRun>& known, bool ended);

bool wants_container(const LogsOptions& options, const ContainerRun& run);
bool wants_file(const LogsOptions& options, std::string_view file);

}  // namespace knit::client
