// The client's side of ApplicationClientProtocol: what anybody may ask a ResourceManager. A driver without
// policy: each method is one call.
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
#include "yarn/submission.h"
#include "yarn/units.h"

namespace knit::yarn {

// The name the protocol has on the wire (rpc::Service::protocol).
inline constexpr std::string_view kResourceManagerProtocol =
    "org.apache.hadoop.yarn.api.ApplicationClientProtocolPB";

struct NewApplication {
  ApplicationId id;
  Resource maximum;  // of one container, in any queue; a queue's own maximum may be less
};

// Which applications to list; what is empty does not restrict.
struct ApplicationFilter {
  std::vector<ApplicationState> states;
  std::vector<std::string> users, queues, types;  // types in any case; queues by name or path
  std::vector<std::string> tags;                  // with at least one of them, in any case
  std::string name;                               // exactly this one
  std::optional<WallTime> started_after;          // or at that time
  std::optional<std::int64_t> limit;              // any that many of them: the ResourceManager does not sort
};

struct NodeLabel {
  std::string name;
  bool exclusive = true;  // false: its idle nodes serve requests without a label too
};

// What the caller may do in a queue.
struct QueueAccess {
  std::string queue;
  bool may_submit = false;
  bool may_administer = false;
};

// Calls to one ResourceManager (or pair of them) over a Caller, which must outlive it. Belongs to the
// Caller's loop. Deadlines are the caller's of these methods, by io::run_until. Errors are the Caller's, with
// the Java class in remote_exception, and those said below.
//
// Every call may be repeated, and the Caller does so: an id that was given out in vain costs nothing,
// submitting an id again is answered with success (ClientRMService.submitApplication, 3.4.1), and so is
// killing twice.
class ResourceManager {
 public:
  explicit ResourceManager(rpc::Caller& caller) : caller_(caller) {}

  io::Task<Result<NewApplication>> new_application();
  // Returns when the ResourceManager has taken the application in; it may still refuse it (report() then says
  // FAILED and why).
  io::Task<Status> submit(SubmissionContext context);
  // kNotFound for an application it does not know, or no longer.
  io::Task<Result<ApplicationReport>> report(ApplicationId id);
  // In no order.
  io::Task<Result<std::vector<ApplicationReport>>> list(ApplicationFilter filter);
  // One request; true once the end is stored. Ask again until then. Ended applications are true at once.
  io::Task<Result<bool>> kill(ApplicationId id, std::string diagnostics);
  // Into a leaf queue, with everything it has. Done when this returns. What the caller may not do, and a
  // queue that does not exist, are one kPermissionDenied; kInternal for a scheduler that cannot.
  io::Task<Status> move(ApplicationId id, std::string queue);
  // Replaces or sets the time at which the application is killed. From 2.9 on.
  io::Task<Status> set_expiry(ApplicationId id, WallTime expires);

  io::Task<Result<std::vector<AttemptReport>>> attempts(ApplicationId id);
  io::Task<Result<AttemptReport>> attempt(ApplicationAttemptId id);
  // Those it still knows: the running ones, and of the ended at most the master's.
  io::Task<Result<std::vector<ContainerReport>>> containers(ApplicationAttemptId id);

  // All nodes when `states` is empty.
  io::Task<Result<std::vector<NodeReport>>> nodes(std::vector<NodeState> states);
  // The queue with its children, or with everything below it. kNotFound for a queue that does not exist.
  io::Task<Result<QueueInfo>> queue(std::string name, bool children, bool recursive);
  io::Task<Result<std::vector<QueueAccess>>> queue_access();
  io::Task<Result<ClusterMetrics>> cluster_metrics();
  // Memory and vcores where the ResourceManager is too old to be asked. What it answers is kept: amounts of
  // these types are from then on read in the unit it declared.
  io::Task<Result<std::vector<ResourceType>>> resource_types();
  io::Task<Result<std::vector<NodeLabel>>> node_labels();

 private:
  rpc::Caller& caller_;
  ResourceUnits units_;
};

}  // namespace knit::yarn
