// Asking the master of a running application. A driver.
#pragma once

#include <knit/ids.h>
#include <knit/result.h>
#include <knit/run.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "client/session.h"
#include "control/service.h"

namespace knit::client {

// Each finds the master by the ResourceManager's report and proves with the owner's key of this machine whose
// application it is. kNotFound without application or key; kFailedPrecondition for one that has ended;
// kUnavailable and kDeadlineExceeded where it has no master yet, its master no control channel, or the port
// cannot be reached from here; and the errors of control::Service.
io::Task<Result<ScaleResult>> scale_application(Session& session, ApplicationId id, ScaleRequest request);
io::Task<Status> restart_instance(Session& session, ApplicationId id, std::int32_t instance,
                                  std::chrono::milliseconds grace);
// Asks, and waits for the end the master promised: for the grace and a little more. No error for one that has
// ended before.
io::Task<Result<ApplicationReport>> stop_application(Session& session, ApplicationId id,
                                                     std::chrono::milliseconds grace);

// Every instance, then the master as number -1; as the master says, else, with a notice, as the journal does,
// and after the end as the record does.
using Notice = std::function<void(const std::string&)>;
io::Task<Result<std::vector<InstanceReport>>> list_instances(Session& session, ApplicationId id,
                                                             Notice notice);

// Of the application as it was reported: what its master writes into its journal, as it writes it.
io::Task<Result<control::FollowAnswer>> ask_for_news(Session& session, ApplicationReport report,
                                                     control::FollowRequest request);

// Of an application that has ended; what goes wrong is left to the next sweep.
io::Task<void> forget_key(Session& session, ApplicationId id);
// The owner's key as text, and such a text.
io::Task<Result<std::string>> export_key(Session& session, ApplicationId id);
io::Task<Result<ApplicationId>> import_key(Session& session, std::string text);

}  // namespace knit::client
