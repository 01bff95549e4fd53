// What is known of an application that has ended, from the ResourceManager's report and from its record. A
// core.
#pragma once

#include <knit/run.h>

#include "client/reasons.h"
#include "client/run_state.h"

namespace knit::client {

// A report as the ResourceManager would give it, for an application that it has forgotten.
ApplicationReport report_from(const RunState& state, const ApplicationId& id);

// `state` may be null.
RunResult result_of(const ApplicationReport& report, const RunState* state);

}  // namespace knit::client
