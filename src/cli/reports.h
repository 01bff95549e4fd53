// Values of the cluster as JSON and as text. The JSON names are documented in docs/cli.md and only grow.
#pragma once

#include <knit/client.h>

#include <boost/json/value.hpp>
#include <string>

namespace knit::cli {

boost::json::value to_json(const Resource& resource);
boost::json::value to_json(const ApplicationReport& report);
boost::json::value to_json(const AttemptReport& report);
boost::json::value to_json(const InstanceReport& report);
boost::json::value to_json(const Description& description);
boost::json::value to_json(const NodeReport& report);
boost::json::value to_json(const QueueInfo& queue);

// "-" for none yet.
std::string shown(const ContainerId& container);
std::string shown(const NodeId& node);
// A row for each; the master is the one with a negative number.
void print_instances(const std::vector<InstanceReport>& instances);

// "512 MiB, 1 vcore, 2 yarn.io/gpu".
std::string to_text(const Resource& resource);
// "FINISHED, SUCCEEDED"; "RUNNING".
std::string state_text(const ApplicationReport& report);
// How long it has run, or ran.
std::string elapsed_text(const ApplicationReport& report);

}  // namespace knit::cli
