// What is reachable from here, as whom, which limits apply, what is wrong and how to mend it.
#pragma once

#include <knit/finding.h>

#include <vector>

#include "client/session.h"
#include "io/task.h"

namespace knit::client {

// Asks every kind of daemon something harmless. Starts and writes nothing. Each question has a deadline.
io::Task<std::vector<Finding>> examine(Session& session);

}  // namespace knit::client
