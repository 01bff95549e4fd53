// The queues of a cluster as far as one user is concerned.
#pragma once

#include <knit/cluster.h>
#include <knit/result.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/session.h"
#include "yarn/resource_manager.h"

namespace knit::client {

// Whether an application can be submitted to it at the moment, by its state and its place in the tree.
bool takes_applications(const QueueInfo& queue);

// What may be done in a queue; nothing where the ResourceManager did not tell.
std::optional<bool> may_submit(const std::vector<yarn::QueueAccess>& access, const QueueInfo& queue);

// One queue into which an application shall go.
struct QueueFacts {
  std::optional<QueueInfo> info;   // none: there is no such queue
  bool has_parent = false;         // of a queue that does not exist: the cluster may create it on demand
  std::optional<bool> may_submit;  // none: the ResourceManager did not tell
  std::vector<std::string> open;   // where this one will not do: those that would, as far as it told
};

io::Task<Result<QueueFacts>> queue_facts(yarn::ResourceManager& resource_manager, std::string queue);
// Whether `user` may put an application into it now. kNotFound for no such queue, kInvalidArgument for one
// with queues below it, kPermissionDenied for one that is stopped or refuses the user. A core.
Status check_target(const QueueFacts& facts, const std::string& user);

// Those into which whom `access` was told to can submit now, in the cluster's order. A core.
std::vector<std::string> usable_queues(const QueueInfo& root, const std::vector<yarn::QueueAccess>& access);
// The caller's.
io::Task<Result<std::vector<std::string>>> usable_queues(yarn::ResourceManager& resource_manager);
// "a, b", at most 20 of them.
std::string list_of(const std::vector<std::string>& queues);

// What one container may have in this queue, from a ResourceManager's web page; nothing where none can be
// reached from here within a moment: then only the master is told.
io::Task<std::optional<Resource>> maximum_in_queue(Session& session, std::string queue);

}  // namespace knit::client
