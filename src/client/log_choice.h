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

// 80 MB of line starts; nobody looks at more lines by their number.
inline constexpr std::int64_t kMaxTailLines = 10'000'000;

// What can be said before any container is known: kNotFound for an instance or a container that the
// application cannot have, kFailedPrecondition for an instance where there is no journal (`state` is null),
// kInvalidArgument for too many lines.
Status check_choice(const LogsOptions& options, const ApplicationId& id, const RunState* state);

// Of a choice that was checked, from what is known of the application: its journal, or else (`state` is null)
// the containers that the ResourceManager told. kNotFound: no such container, or an instance that was not
// started. A container that nobody knows is chosen all the same when the application has ended: its log may
// have been uploaded.
Result<LogChoice> choose_logs(const LogsOptions& options, const ApplicationId& id, const RunState* state,
                              const std::vector<ContainerRun>& known, bool ended);

bool wants_container(const LogsOptions& options, const ContainerRun& run);
bool wants_file(const LogsOptions& options, std::string_view file);

}  // namespace knit::client
