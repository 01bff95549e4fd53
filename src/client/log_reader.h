// Driver: the logs of any YARN application, running or ended.
#pragma once

#include <knit/run.h>

#include <functional>
#include <string>
#include <vector>

#include "client/follow.h"
#include "client/session.h"
#include "io/task.h"

namespace knit::client {

struct LogOutput {
  std::function<Status(const LogPiece&)> piece;  // its error ends the reading and is handed on
  std::function<void(const std::string&)> notice;
};

// Reads what `options` ask for: from NodeManagers while the application runs, from the uploaded logs
// afterwards. `state` tells which container was which instance; null for an application that is not Knit's,
// whose containers are those that the ResourceManager knows or that were uploaded. Logs that should be there
// and are not within options.timeout are notices (but for a single one) and an error in the end:
// kDeadlineExceeded, kUnavailable where their nodes cannot be reached, or kNotFound where the cluster keeps
// none. kNotFound: no such instance, container or log.
io::Task<Status> read_logs(ApplicationView& application, logs::NodePages& pages, ApplicationReport report,
                           const RunState* state, LogsOptions options, LogOutput output);

// The same, and with options.follow until the application has ended, on a session's cluster.
io::Task<Status> read_application_logs(Session& session, ApplicationId id, LogsOptions options,
                                       LogOutput output);

}  // namespace knit::client
