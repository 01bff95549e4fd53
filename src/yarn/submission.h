// What an application is submitted with, as a plain value.
#pragma once

#include <knit/cluster.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "yarn/container.h"
#include "yarn/launch_context.h"

namespace knit::yarn {

// Which files NodeManagers collect; the patterns are Java regular expressions on file names. The defaults
// collect every file when the container ends and none before.
struct LogAggregationContext {
  std::string include = ".*", exclude;
  std::string rolled_include, rolled_exclude = ".*";  // collected while the container runs
  std::string policy_class, policy_parameters;        // empty: the cluster's
  bool operator==(const LogAggregationContext&) const = default;
};

// See check_submission (limits.h) for what a cluster accepts. Everything that is empty is left to the
// cluster.
struct SubmissionContext {
  ApplicationId id;  // from ResourceManager::new_application
  std::string name;
  std::string queue;              // empty: "default"
  std::string type;               // empty: "YARN"
  std::int32_t priority = 0;      // higher is served first, unlike a ResourceRequest's
  std::vector<std::string> tags;  // sent in lower case, as Java's client does
  LaunchContext master;
  Resource resource;                         // the master's container
  std::string node_label;                    // of the application's containers
  std::string master_node_label;             // of the master's; empty: node_label's
  std::optional<std::int32_t> max_attempts;  // of the master; the cluster's limit counts if it is lower
  bool keep_containers = false;              // when the master fails, for its next attempt
  // Failures of the master that are older do not count against max_attempts.
  std::optional<std::chrono::milliseconds> attempt_failures_validity;
  std::optional<std::chrono::seconds> lifetime;  // from the submission; then the ResourceManager kills it
  std::optional<LogAggregationContext> log_aggregation;
  bool cancel_tokens_when_complete = true;
};

}  // namespace knit::yarn
