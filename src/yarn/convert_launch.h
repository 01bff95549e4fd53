// Plain values to protobuf messages and back: what containers and applications are started with, and what
// masters ask for. A core; see convert.h.
#pragma once

#include "yarn/convert.h"
#include "yarn/launch_context.h"
#include "yarn/proto/yarn_client.pb.h"
#include "yarn/submission.h"

namespace knit::yarn {

void write(const LocalResource& resource, pb::LocalResourceProto& out);
void write(const LaunchContext& context, pb::ContainerLaunchContextProto& out);
void write(const LogAggregationContext& context, pb::LogAggregationContextProto& out);
void write(const SubmissionContext& context, pb::ApplicationSubmissionContextProto& out);

void write(const ResourceRequest& request, pb::ResourceRequestProto& out);
ResourceRequest read(const pb::ResourceRequestProto& in, const ResourceUnits& units);

}  // namespace knit::yarn
