// Protobuf messages of ApplicationMasterProtocol to plain values and back. A core; see convert.h.
#pragma once

#include <knit/result.h>

#include "yarn/application_master.h"
#include "yarn/convert_launch.h"
#include "yarn/proto/yarn_master.pb.h"

namespace knit::yarn {

void write(const AllocateRequest& request, pb::AllocateRequestProto& out);

// kDataLoss without id or node. The token may be missing: a ResourceManager that restarted has none for the
// containers it recovered.
Result<Container> read(const pb::ContainerProto& in, const ResourceUnits& units);
// kDataLoss without id.
Result<ContainerStatus> read(const pb::ContainerStatusProto& in);
Result<RegisterResponse> read(const pb::RegisterApplicationMasterResponseProto& in);
Result<AllocateResponse> read(const pb::AllocateResponseProto& in, const ResourceUnits& units);

}  // namespace knit::yarn
