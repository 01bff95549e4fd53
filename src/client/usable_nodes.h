// Which nodes the master may ask for by name. A core.
#pragma once

#include <knit/cluster.h>
#include <knit/run_spec.h>

#include <vector>

#include "control/launch_file.h"

namespace knit::client {

// Of `running` those on which an instance can ever fit and that belong to no label, each with the instances
// for which it has room. None where names are of no use or not allowed: with a label, or above
// control::kMaxUsableNodes of them. `port_in_name`: the scheduler's names have the port.
std::vector<control::UsableNode> usable_nodes(const std::vector<NodeReport>& running, const RunSpec& spec,
                                              bool port_in_name);

}  // namespace knit::client
