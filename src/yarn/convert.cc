#include "yarn/convert.h"

#include <algorithm>
#include <limits>

namespace knit::yarn {
namespace {

constexpr std::int64_t kMaximumMib = std::numeric_limits<std::int64_t>::max() >> 20;

void add_entry(pb::ResourceProto& out, std::string_view name, std::int64_t value, const char* unit) {
  auto& entry = *out.add_resource_value_map();
  entry.set_key(std::string(name));
  entry.set_value(value);
  if (unit) entry.set_units(unit);
  entry.set_type(pb::COUNTABLE);
}

// The entry's amount in the unit wanted; as it came if that cannot be said.
std::int64_t amount(const pb::ResourceInformationProto& entry, std::string_view unit) {
  const std::int64_t value = std::max<std::int64_t>(entry.value(), 0);
  if (!entry.has_units()) return value;
  return convert_unit(entry.units(), unit, value).value_or(value);
}

}  // namespace

void write(const ApplicationId& id, pb::ApplicationIdProto& out) {
  out.set_id(id.id);
  out.set_cluster_timestamp(id.cluster_timestamp);
}

void write(const ApplicationAttemptId& id, pb::ApplicationAttemptIdProto& out) {
  write(id.application, *out.mutable_application_id());
  out.set_attemptid(id.attempt);
}

void write(const ContainerId& id, pb::ContainerIdProto& out) {
  write(id.attempt, *out.mutable_app_attempt_id());
  out.set_id(id.id);
}

void write(const NodeId& id, pb::NodeIdProto& out) {
  out.set_host(id.host);
  out.set_port(id.port);
}

ApplicationId read(const pb::ApplicationIdProto& in) {
  return {in.cluster_timestamp(), in.id()};
}

ApplicationAttemptId read(const pb::ApplicationAttemptIdProto& in) {
  return {read(in.application_id()), in.attemptid()};
}

ContainerId read(const pb::ContainerIdProto& in) {
  return {read(in.app_attempt_id()), in.id()};
}

NodeId read(const pb::NodeIdProto& in) {
  return {in.host(), in.port()};
}

void write(const security::Token& token, ::hadoop::common::TokenProto& out) {
  out.set_identifier(token.identifier);
  out.set_password(token.password.bytes());
  out.set_kind(token.kind);
  out.set_service(token.service);
}

security::Token read(const ::hadoop::common::TokenProto& in) {
  return {in.identifier(), security::Secret(std::string_view(in.password())), in.kind(), in.service()};
}

void write(const Resource& resource, pb::ResourceProto& out) {
  const std::int64_t mib = resource.memory.mib_rounded_up();
  out.set_memory(mib);
  out.set_virtual_cores(resource.vcores);
  add_entry(out, kMemoryType, mib, "Mi");
  add_entry(out, kVcoresType, resource.vcores, "");
  for (const auto& [name, value] : resource.others) add_entry(out, name, value, nullptr);
}

Resource read(const pb::ResourceProto& in, const ResourceUnits& units) {
  Resource out;
  out.memory = memory_from_mib(in.memory());
  out.vcores = std::max(in.virtual_cores(), 0);
  for (const auto& entry : in.resource_value_map()) {
    if (entry.key() == kMemoryType) {
      if (!in.has_memory()) out.memory = memory_from_mib(amount(entry, "Mi"));
    } else if (entry.key() == kVcoresType) {
      constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
      if (!in.has_virtual_cores()) out.vcores = static_cast<std::int32_t>(std::min(amount(entry, ""), kMost));
    } else {
      const auto declared = units.find(entry.key());
      out.others[entry.key()] = amount(entry, declared == units.end() ? entry.units() : declared->second);
    }
  }
  return out;
}

ByteSize memory_from_mib(std::int64_t mib) {
  return ByteSize::mib(std::clamp<std::int64_t>(mib, 0, kMaximumMib));
}

std::optional<WallTime> time_from_ms(std::int64_t ms) {
  if (ms <= 0) return std::nullopt;
  return WallTime(std::chrono::milliseconds(ms));
}

std::string text_or_empty(const std::string& text) {
  return text == "N/A" ? std::string() : text;
}

ApplicationState read(pb::YarnApplicationStateProto state) {
  switch (state) {
    case pb::NEW:
      return ApplicationState::kNew;
    case pb::NEW_SAVING:
      return ApplicationState::kNewSaving;
    case pb::SUBMITTED:
      return ApplicationState::kSubmitted;
    case pb::ACCEPTED:
      return ApplicationState::kAccepted;
    case pb::RUNNING:
      return ApplicationState::kRunning;
    case pb::FINISHED:
      return ApplicationState::kFinished;
    case pb::FAILED:
      return ApplicationState::kFailed;
    case pb::KILLED:
      return ApplicationState::kKilled;
  }
  return ApplicationState::kUnknown;
}

FinalStatus read(pb::FinalApplicationStatusProto status) {
  switch (status) {
    case pb::APP_UNDEFINED:
      return FinalStatus::kUndefined;
    case pb::APP_SUCCEEDED:
      return FinalStatus::kSucceeded;
    case pb::APP_FAILED:
      return FinalStatus::kFailed;
    case pb::APP_KILLED:
      return FinalStatus::kKilled;
    case pb::APP_ENDED:
      return FinalStatus::kEnded;
  }
  return FinalStatus::kUnknown;
}

LogAggregation read(pb::LogAggregationStatusProto status) {
  switch (status) {
    case pb::LOG_DISABLED:
      return LogAggregation::kDisabled;
    case pb::LOG_NOT_START:
      return LogAggregation::kNotStarted;
    case pb::LOG_RUNNING:
      return LogAggregation::kRunning;
    case pb::LOG_SUCCEEDED:
      return LogAggregation::kSucceeded;
    case pb::LOG_FAILED:
      return LogAggregation::kFailed;
    case pb::LOG_TIME_OUT:
      return LogAggregation::kTimedOut;
    case pb::LOG_RUNNING_WITH_FAILURE:
      return LogAggregation::kRunningWithFailure;
  }
  return LogAggregation::kUnknown;
}

NodeState read(pb::NodeStateProto state) {
  switch (state) {
    case pb::NS_NEW:
      return NodeState::kNew;
    case pb::NS_RUNNING:
      return NodeState::kRunning;
    case pb::NS_UNHEALTHY:
      return NodeState::kUnhealthy;
    case pb::NS_DECOMMISSIONED:
      return NodeState::kDecommissioned;
    case pb::NS_LOST:
      return NodeState::kLost;
    case pb::NS_REBOOTED:
      return NodeState::kRebooted;
    case pb::NS_DECOMMISSIONING:
      return NodeState::kDecommissioning;
    case pb::NS_SHUTDOWN:
      return NodeState::kShutdown;
  }
  return NodeState::kUnknown;
}

QueueState read(pb::QueueStateProto state) {
  switch (state) {
    case pb::Q_STOPPED:
      return QueueState::kStopped;
    case pb::Q_RUNNING:
      return QueueState::kRunning;
    case pb::Q_DRAINING:
      return QueueState::kDraining;
  }
  return QueueState::kUnknown;
}

ContainerState read(pb::ContainerStateProto state) {
  switch (state) {
    case pb::C_NEW:
      return ContainerState::kNew;
    case pb::C_RUNNING:
      return ContainerState::kRunning;
    case pb::C_COMPLETE:
      return ContainerState::kComplete;
  }
  return ContainerState::kUnknown;
}

std::optional<pb::YarnApplicationStateProto> write(ApplicationState state) {
  switch (state) {
    case ApplicationState::kUnknown:
      return std::nullopt;
    case ApplicationState::kNew:
      return pb::NEW;
    case ApplicationState::kNewSaving:
      return pb::NEW_SAVING;
    case ApplicationState::kSubmitted:
      return pb::SUBMITTED;
    case ApplicationState::kAccepted:
      return pb::ACCEPTED;
    case ApplicationState::kRunning:
      return pb::RUNNING;
    case ApplicationState::kFinished:
      return pb::FINISHED;
    case ApplicationState::kFailed:
      return pb::FAILED;
    case ApplicationState::kKilled:
      return pb::KILLED;
  }
  return std::nullopt;
}

std::optional<pb::FinalApplicationStatusProto> write(FinalStatus status) {
  switch (status) {
    case FinalStatus::kUnknown:
      return std::nullopt;
    case FinalStatus::kUndefined:
      return pb::APP_UNDEFINED;
    case FinalStatus::kSucceeded:
      return pb::APP_SUCCEEDED;
    case FinalStatus::kFailed:
      return pb::APP_FAILED;
    case FinalStatus::kKilled:
      return pb::APP_KILLED;
    case FinalStatus::kEnded:
      return pb::APP_ENDED;
  }
  return std::nullopt;
}

std::optional<pb::NodeStateProto> write(NodeState state) {
  switch (state) {
    case NodeState::kUnknown:
      return std::nullopt;
    case NodeState::kNew:
      return pb::NS_NEW;
    case NodeState::kRunning:
      return pb::NS_RUNNING;
    case NodeState::kUnhealthy:
      return pb::NS_UNHEALTHY;
    case NodeState::kDecommissioned:
      return pb::NS_DECOMMISSIONED;
    case NodeState::kLost:
      return pb::NS_LOST;
    case NodeState::kRebooted:
      return pb::NS_REBOOTED;
    case NodeState::kDecommissioning:
      return pb::NS_DECOMMISSIONING;
    case NodeState::kShutdown:
      return pb::NS_SHUTDOWN;
  }
  return std::nullopt;
}

ResourceType read(const pb::ResourceTypeInfoProto& in) {
  return {in.name(), in.units()};
}

NodeReport read(const pb::NodeReportProto& in, const ResourceUnits& units) {
  NodeReport out;
  out.id = read(in.nodeid());
  out.http_address = in.httpaddress();
  out.rack = in.rackname();
  out.health_report = in.health_report();
  out.state = in.has_node_state() ? read(in.node_state()) : NodeState::kUnknown;
  out.used = read(in.used(), units);
  out.capacity = read(in.capability(), units);
  out.containers = in.numcontainers();
  out.labels.assign(in.node_labels().begin(), in.node_labels().end());
  return out;
}

}  // namespace knit::yarn
