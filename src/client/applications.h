// Questions and orders about any YARN application, Knit's or not.
#pragma once

#include <knit/cluster.h>
#include <knit/result.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "client/session.h"

namespace knit::client {

// Newest first.
io::Task<Result<std::vector<ApplicationReport>>> list_applications(Session& session,
                                                                   yarn::ApplicationFilter filter);

// Asks the ResourceManager to end it and waits, at most 30 s, until it says that it has. True if it was still
// alive. Cancelled, it asks all the same and does not wait.
io::Task<Result<bool>> kill_application(Session& session, ApplicationId id);

// Into another queue of the scheduler, with everything it has; its report from there. kFailedPrecondition for
// one that has ended, kUnimplemented for a scheduler that cannot, and check_target's errors.
io::Task<Result<ApplicationReport>> move_application(Session& session, ApplicationId id, std::string queue);

// Polls until the application has ended; the caller sets the deadline. A ResourceManager that cannot be
// reached for a while is waited for.
io::Task<Result<ApplicationReport>> wait_for_end(Session& session, ApplicationId id);

// The queues below root, depth first, parents before children.
io::Task<Result<std::vector<QueueInfo>>> list_queues(Session& session);

}  // namespace knit::client
