// The master's side of ContainerManagementProtocol: starting and stopping containers on one node. A driver
// without policy: each method is one call.
#pragma once

#include <knit/ids.h>
#include <knit/result.h>

#include <string_view>
#include <vector>

#include "io/task.h"
#include "rpc/caller.h"
#include "yarn/container.h"
#include "yarn/launch_context.h"

namespace knit::yarn {

// The name the protocol has on the wire (rpc::Service::protocol).
inline constexpr std::string_view kNodeManagerProtocol =
    "org.apache.hadoop.yarn.api.ContainerManagementProtocolPB";

struct StartRequest {
  ContainerId id;
  security::Token token;  // Container::token
  LaunchContext context;
};

// What to do to a container's processes.
enum class ContainerSignal {
  kThreadDump,  // SIGQUIT
  kTerminate,   // SIGTERM
  kKill,        // SIGKILL
};

// Calls to one NodeManager over a Caller, which must outlive it and be connected with the NM token for
// exactly this node (identity: the token alone). Belongs to the Caller's loop.
//
// Methods on several containers return one result for each, in the order asked; the outer error is the call's
// as a whole. Errors carry the Java class in remote_exception. Only `start` is not repeated by the Caller
// once it was sent.
class NodeManager {
 public:
  explicit NodeManager(rpc::Caller& caller) : caller_(caller) {}

  // Success means that the NodeManager has taken the container on: fetching its files and starting it follow,
  // and statuses() or the ResourceManager tell how that went. After an outer error some may have been
  // started: ask statuses() before trying again. Java's client starts one container a call for that reason.
  io::Task<Result<std::vector<Status>>> start(std::vector<StartRequest> requests);
  // Success also for one that ended in the last ten minutes
  // (yarn.nodemanager.duration-to-track-stopped-containers).
  io::Task<Result<std::vector<Status>>> stop(std::vector<ContainerId> ids);
  io::Task<Result<std::vector<Result<ContainerStatus>>>> statuses(std::vector<ContainerId> ids);
  io::Task<Status> signal(ContainerId id, ContainerSignal signal);

 private:
  rpc::Caller& caller_;
};

}  // namespace knit::yarn
