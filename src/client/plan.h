// What a submission asks of the cluster, and whether the cluster can give it: known before anything is
// uploaded.
#pragma once

#include <knit/cluster.h>
#include <knit/result.h>
#include <knit/run_spec.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/queues.h"
#include "yarn/limits.h"
#include "yarn/resource_manager.h"

namespace knit::client {

struct LabelFacts {
  std::vector<std::string> labels;  // all of the cluster
  std::int32_t nodes = 0;           // running ones that have the wanted one
};

// The cluster as far as one submission is concerned.
struct ClusterFacts {
  ApplicationId id;  // given out for this submission
  yarn::ClusterLimits limits;
  std::int32_t active_nodes = 0;
  std::vector<NodeReport> nodes;    // running ones; not asked for where there are too many to name
  std::optional<QueueFacts> queue;  // where the specification names one
  std::optional<LabelFacts> label;  // likewise
};

// `limits` holds what this side's settings say (tags); maxima and types come from the ResourceManager.
io::Task<Result<ClusterFacts>> gather_facts(yarn::ResourceManager& resource_manager, RunSpec spec,
                                            yarn::ClusterLimits limits);

// The submission as far as the specification tells it: everything but the master's command and files.
yarn::SubmissionContext submission_of(const RunSpec& spec, const ApplicationId& id);

// Gives warnings. Errors, in the CLI's words: kInvalidArgument for what can never be (too large, no such
// label, no such type), kNotFound for a queue, kPermissionDenied for one that is stopped or refuses `user`. A
// core.
Result<std::vector<std::string>> check_against(const ClusterFacts& facts, const RunSpec& spec,
                                               const std::string& user);

// What YARN's launch script could not pass on: see yarn/quoting.h. A core.
Status check_launch(const RunSpec& spec);

}  // namespace knit::client
