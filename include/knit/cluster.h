// What YARN says about its applications, nodes and queues, as plain values. These exist once: the yarn module
// translates to and from protobuf, everything else uses them.
#pragma once

#include <knit/byte_size.h>
#include <knit/export.h>
#include <knit/ids.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace knit {

// Wall clock time with YARN's resolution.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

// An amount of what YARN schedules. Other types (GPUs, ...) are counted in the unit the cluster declares for
// them.
struct Resource {
  ByteSize memory;
  std::int32_t vcores = 0;
  std::map<std::string, std::int64_t> others;  // "yarn.io/gpu" -> 1
  bool operator==(const Resource&) const = default;
};

// A resource type the cluster knows, with the unit it declared ("", "Mi", "G", ...).
struct ResourceType {
  std::string name;
  std::string unit;
};

enum class ApplicationState {
  kUnknown,
  kNew,
  kNewSaving,
  kSubmitted,
  kAccepted,
  kRunning,
  kFinished,
  kFailed,
  kKilled
};
enum class FinalStatus { kUnknown, kUndefined, kSucceeded, kFailed, kKilled, kEnded };
enum class LogAggregation {
  kUnknown,
  kDisabled,
  kNotStarted,
  kRunning,
  kSucceeded,
  kFailed,
  kTimedOut,
  kRunningWithFailure
};
enum class NodeState {
  kUnknown,
  kNew,
  kRunning,
  kUnhealthy,
  kDecommissioned,
  kLost,
  kRebooted,
  kDecommissioning,
  kShutdown
};
enum class QueueState { kUnknown, kStopped, kRunning, kDraining };
enum class ContainerState { kUnknown, kNew, kRunning, kComplete };

// YARN's names: "RUNNING", "NEW_SAVING", "SUCCEEDED", ...
KNIT_EXPORT std::string_view to_string(ApplicationState state);
KNIT_EXPORT std::string_view to_string(FinalStatus status);
KNIT_EXPORT std::string_view to_string(LogAggregation status);
KNIT_EXPORT std::string_view to_string(NodeState state);
KNIT_EXPORT std::string_view to_string(QueueState state);
KNIT_EXPORT std::string_view to_string(ContainerState state);
// From YARN's names, in any case.
KNIT_EXPORT Result<ApplicationState> parse_application_state(std::string_view text);

// True for FINISHED, FAILED and KILLED.
KNIT_EXPORT bool has_ended(ApplicationState state);

struct ApplicationReport {
  ApplicationId id;
  std::string name, user, queue, type;
  std::vector<std::string> tags;
  ApplicationState state = ApplicationState::kUnknown;
  FinalStatus final_status = FinalStatus::kUnknown;
  std::string diagnostics;  // empty where YARN says "N/A"
  std::string tracking_url, original_tracking_url;
  std::string master_host;  // empty until the master registered
  std::int32_t master_port = -1;
  ApplicationAttemptId current_attempt;
  float progress = 0;  // 0 to 1
  std::int32_t priority = 0;
  std::optional<WallTime> started, launched, finished;
  std::optional<WallTime> expires;  // from the lifetime, if one is set
  LogAggregation log_aggregation = LogAggregation::kUnknown;
  std::int32_t running_containers = 0, reserved_containers = 0;
  Resource used, reserved, needed;
  std::int64_t memory_mib_seconds = 0, vcore_seconds = 0;
  std::string node_label, master_node_label;
};

struct AttemptReport {
  ApplicationAttemptId id;
  ContainerId master_container;
  std::string state;  // YARN's name: "RUNNING", "FAILED", ...
  std::string diagnostics, tracking_url, host;
  std::optional<WallTime> started, finished;
};

struct ContainerReport {
  ContainerId id;
  NodeId node;
  std::string node_http_address, log_url, diagnostics;
  Resource resource;
  ContainerState state = ContainerState::kUnknown;
  std::int32_t exit_status = 0;
  std::optional<WallTime> created, finished;
};

struct NodeReport {
  NodeId id;
  std::string http_address, rack, health_report;
  NodeState state = NodeState::kUnknown;
  Resource used, capacity;
  std::int32_t containers = 0;
  std::vector<std::string> labels;
};

struct QueueInfo {
  std::string name, path;  // path is "root.a.b" where the cluster tells it, else the name
  QueueState state = QueueState::kUnknown;
  float capacity = 0, maximum_capacity = 0, current_capacity = 0;  // 1.0 = 100 %
  std::vector<std::string> accessible_labels;
  std::string default_label;
  std::optional<std::int64_t> running, pending, pending_containers;  // applications, applications, containers
  std::optional<ByteSize> available_memory, allocated_memory, pending_memory;
  std::optional<std::int64_t> available_vcores, allocated_vcores;
  std::optional<float> maximum_master_share;  // of the queue that masters may use
  std::vector<QueueInfo> children;
};

struct ClusterMetrics {
  std::int32_t nodes = 0, active = 0, lost = 0, unhealthy = 0, decommissioned = 0, rebooted = 0;
  std::int32_t decommissioning = 0, shut_down = 0;  // 0 before Hadoop 3
};

}  // namespace knit
