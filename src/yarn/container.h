// What the ResourceManager and an application's master say to each other about containers, as plain values.
#pragma once

#include <knit/cluster.h>
#include <knit/ids.h>

#include <cstdint>
#include <optional>
#include <string>

#include "security/token.h"

namespace knit::yarn {

// OPPORTUNISTIC containers may be queued and killed by the node to make room.
enum class ExecutionType { kGuaranteed, kOpportunistic };

// Any node.
inline constexpr std::string_view kAnyPlace = "*";

// One line of what a master wants: in all `count` containers (an absolute number, not a change; 0 withdraws)
// of this size in this place. The ResourceManager keeps one line per (priority, allocation_request_id) and
// place: another size there replaces the first silently, so every key has one size.
struct ResourceRequest {
  std::int32_t priority = 0;  // 0 is served first
  std::int64_t allocation_request_id = 0;
  std::string place{kAnyPlace};  // "*", a rack, or a node's host name
  Resource capability;
  std::int32_t count = 0;
  bool relax_locality = true;  // false: this place and no other
  std::string node_label;      // legal only with "*"; empty: the queue's default
  ExecutionType execution = ExecutionType::kGuaranteed;
  bool operator==(const ResourceRequest&) const = default;
};

// A container the ResourceManager gave us: the right, for some minutes, to start something on that node.
struct Container {
  ContainerId id;
  NodeId node;                    // NM tokens are kept by this, as it is
  std::string node_http_address;  // "node7.example.com:8042"
  Resource resource;              // may be more than was asked for, and vcores may be 1
  std::int32_t priority = 0;
  // Shown to the NodeManager to start it. Of a container that an earlier attempt started it may be empty.
  security::Token token;
  ExecutionType execution = ExecutionType::kGuaranteed;
  std::int64_t allocation_request_id = -1;  // the request's
  std::int32_t version = 0;
};

struct ContainerStatus {
  ContainerId id;
  ContainerState state = ContainerState::kUnknown;
  std::int32_t exit_status = -1000;  // see exit_status.h; -1000 also while it runs
  std::string diagnostics;           // empty where YARN says "N/A"
};

// What opens a NodeManager to this attempt. Sent once per node: keep it, and replace it when another comes.
struct NmToken {
  NodeId node;
  security::Token token;
};

}  // namespace knit::yarn
