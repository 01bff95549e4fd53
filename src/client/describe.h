// Driver: the whole of what is known about an application.
#pragma once

#include <knit/run.h>

#include "client/session.h"

namespace knit::client {

// From the ResourceManager, the journal or record, the queue and the nodes. One that the ResourceManager has
// forgotten is told from its record alone; without one it is kNotFound.
io::Task<Result<Description>> describe_application(Session& session, ApplicationId id);

}  // namespace knit::client
