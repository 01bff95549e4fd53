// The master's side of ApplicationMasterProtocol: how an application's master tells the ResourceManager's
// scheduler what it wants and hears what it gets. A driver without policy: each method is one call.
#pragma once

#include <knit/cluster.h>
#include <knit/ids.h>
#include <knit/result.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/task.h"
#include "rpc/caller.h"
#include "yarn/container.h"
#include "yarn/launch_context.h"
#include "yarn/units.h"

namespace knit::yarn {

// The name the protocol has on the wire (rpc::Service::protocol).
inline constexpr std::string_view kMasterProtocol = "org.apache.hadoop.yarn.api.ApplicationMasterProtocolPB";

struct RegisterRequest {
  std::string host;          // where the master can be reached, shown in reports
  std::int32_t port = -1;    // -1: it serves nothing there
  std::string tracking_url;  // of the master's page; empty: none
};

struct RegisterResponse {
  Resource maximum;  // of one container in the application's queue
  std::string queue;
  AccessLists access;
  std::vector<ResourceType> resource_types;  // empty from a ResourceManager before 2.10
  // Running containers of earlier attempts of this application, if they were kept, and what opens their
  // nodes.
  std::vector<Container> previous_containers;
  std::vector<NmToken> nm_tokens;
};

struct AllocateRequest {
  std::int32_t response_id = 0;  // of the last answer; 0 after register_master
  float progress = 0;            // 0 to 1
  std::vector<ResourceRequest> asks;
  std::vector<ContainerId> releases;
  std::vector<std::string> blacklist_additions, blacklist_removals;  // host names
  std::optional<std::string> tracking_url;                           // a new one
};

// A command that is not known is none: the schema cannot say that there was one.
enum class MasterCommand { kNone, kResync, kShutdown };

// What the ResourceManager wants back.
struct Preemption {
  std::vector<ContainerId> strict;      // these go, soon
  std::vector<ContainerId> negotiable;  // these, or others that free as much as `amounts`
  std::vector<ResourceRequest> amounts;
};

struct AllocateResponse {
  std::int32_t response_id = 0;  // for the next request
  MasterCommand command = MasterCommand::kNone;
  std::vector<Container> allocated;
  std::vector<ContainerStatus> completed;
  std::vector<NmToken> nm_tokens;  // for nodes of which this attempt has none yet, or with a new key
  std::optional<security::Token> amrm_token;  // use it for every later connection
  std::vector<NodeReport> updated_nodes;
  std::int32_t nodes = 0;             // NodeManagers in the cluster
  std::optional<Resource> available;  // to this application, by the queue's and the user's limits
  std::optional<Preemption> preemption;
  std::optional<std::int32_t> priority;        // the application's, which may have been changed
  std::vector<Container> previous_containers;  // recovered after register_master, from 3.3 on
};

struct FinishRequest {
  FinalStatus status = FinalStatus::kSucceeded;
  std::string diagnostics;
  std::string tracking_url;  // of what remains to be seen; empty: none
};

// Calls to the scheduler port over a Caller, which must outlive it and be connected with this attempt's AMRM
// token. Belongs to the Caller's loop. No call is repeated by the Caller once it was sent: what a lost answer
// means is the master's to decide, for
//   * register_master again is InvalidApplicationMasterRequestException "Application Master is already
//   registered",
//   * allocate with the same response_id is answered with the same response again, and what a repeat asks
//   anew is
//     ignored (ApplicationMasterService.allocate, 2.10 to 3.5).
// Errors are the Caller's; kDataLoss for a container or token without the ids that make it usable.
class MasterProtocol {
 public:
  explicit MasterProtocol(rpc::Caller& caller) : caller_(caller) {}

  // Units of resource types in the answer are used for all later ones.
  io::Task<Result<RegisterResponse>> register_master(RegisterRequest request);
  io::Task<Result<AllocateResponse>> allocate(AllocateRequest request);
  // False until the ResourceManager has stored the end: ask again (every 100 ms), or the application gets
  // another attempt.
  io::Task<Result<bool>> finish(FinishRequest request);

 private:
  rpc::Caller& caller_;
  ResourceUnits units_;
};

}  // namespace knit::yarn
