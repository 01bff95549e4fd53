// Protobuf messages to plain values: what the ResourceManager tells its clients. A core; see convert.h.
#pragma once

#include "yarn/convert.h"
#include "yarn/proto/yarn_client.pb.h"

namespace knit::yarn {

ApplicationReport read(const pb::ApplicationReportProto& in, const ResourceUnits& units);
AttemptReport read(const pb::ApplicationAttemptReportProto& in);
ContainerReport read(const pb::ContainerReportProto& in, const ResourceUnits& units);
ClusterMetrics read(const pb::YarnClusterMetricsProto& in);

// With everything below it. Before 3.4 no queue tells its path: below "root" it is put together from the
// names.
QueueInfo read(const pb::QueueInfoProto& in);

}  // namespace knit::yarn
