// A file in HDFS as a NodeManager is told to fetch it. A core.
#pragma once

#include <knit/byte_size.h>
#include <knit/cluster.h>
#include <knit/result.h>

#include <string_view>

#include "yarn/launch_context.h"

namespace knit::yarn {

// `uri` names scheme and host ("hdfs://nn:8020/x", "hdfs://ns1/x"); size and time are the NameNode's, to the
// millisecond. Visibility is PRIVATE: shared between the user's applications on a node. kInvalidArgument for
// a URI without scheme or path.
Result<LocalResource> local_resource(std::string_view uri, ByteSize size, WallTime modified, bool archive);

}  // namespace knit::yarn
