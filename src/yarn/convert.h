// Protobuf messages to plain values and back: what all three protocols share. A core.
//
// Reading is lenient, as Java's records are: a missing field is its zero, an enum value that is not known is
// kUnknown (never the first one), "N/A" is an empty text, a time of 0 or less is none, a negative amount is
// 0. What a caller cannot do without (the id of a container it was given) is checked where it is used.
#pragma once

#include <knit/cluster.h>
#include <knit/ids.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "security/token.h"
#include "yarn/proto/yarn_base.pb.h"
#include "yarn/proto/yarn_reports.pb.h"
#include "yarn/units.h"

namespace knit::yarn {

namespace pb = ::hadoop::yarn;

void write(const ApplicationId& id, pb::ApplicationIdProto& out);
void write(const ApplicationAttemptId& id, pb::ApplicationAttemptIdProto& out);
void write(const ContainerId& id, pb::ContainerIdProto& out);
void write(const NodeId& id, pb::NodeIdProto& out);
ApplicationId read(const pb::ApplicationIdProto& in);
ApplicationAttemptId read(const pb::ApplicationAttemptIdProto& in);
ContainerId read(const pb::ContainerIdProto& in);
NodeId read(const pb::NodeIdProto& in);

void write(const security::Token& token, ::hadoop::common::TokenProto& out);
security::Token read(const ::hadoop::common::TokenProto& in);

// Memory and vcores go out both as fields and as entries of the map (a Hadoop 3 reads the fields first,
// ResourcePBImpl 3.4.1; the map is there for others). Other types go out without a unit, which every server
// takes for the one it declared itself.
void write(const Resource& resource, pb::ResourceProto& out);
// The fields count, the map where they are missing. An amount of another type is converted to its unit in
// `units`; it stays as it came if either unit is not known.
Resource read(const pb::ResourceProto& in, const ResourceUnits& units);

// MiB as YARN counts them; negative (its "not available") is 0, too much is the greatest size.
ByteSize memory_from_mib(std::int64_t mib);
std::optional<WallTime> time_from_ms(std::int64_t ms);
// Empty for "N/A".
std::string text_or_empty(const std::string& text);

ApplicationState read(pb::YarnApplicationStateProto state);
FinalStatus read(pb::FinalApplicationStatusProto status);
LogAggregation read(pb::LogAggregationStatusProto status);
NodeState read(pb::NodeStateProto state);
QueueState read(pb::QueueStateProto state);
ContainerState read(pb::ContainerStateProto state);
// Nothing for kUnknown, which no message can say.
std::optional<pb::YarnApplicationStateProto> write(ApplicationState state);
std::optional<pb::FinalApplicationStatusProto> write(FinalStatus status);
std::optional<pb::NodeStateProto> write(NodeState state);

ResourceType read(const pb::ResourceTypeInfoProto& in);
NodeReport read(const pb::NodeReportProto& in, const ResourceUnits& units);

}  // namespace knit::yarn
