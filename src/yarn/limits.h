// What YARN refuses, or cuts silently, known before anything is sent. A core.
#pragma once

#include <knit/cluster.h>
#include <knit/result.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "yarn/submission.h"

namespace knit::yarn {

// Of one cluster, for one queue.
struct ClusterLimits {
  Resource maximum;                  // of one container
  std::string where = "here";        // what sets it, for messages: "in queue 'small'"
  std::vector<ResourceType> types;   // empty: not known, names are not checked
  std::size_t max_tags = 10;         // yarn.resourcemanager.application.max-tags
  std::size_t max_tag_length = 100;  // yarn.resourcemanager.application.max-tag.length
};

// A type that is longer is cut by the ResourceManager (YarnConfiguration.APPLICATION_TYPE_LENGTH).
inline constexpr std::size_t kMaximumTypeLength = 20;
// Ours, far above what anybody writes: names are repeated in every report and page.
inline constexpr std::size_t kMaximumNameLength = 1000;

// To what one container of a queue gets, where that is less.
void restrict(ClusterLimits& limits, const Resource& maximum, std::string_view queue);

// Each returns kInvalidArgument that says what is wrong, what is allowed, and of what.

// `what` begins the message: "an instance", "the master".
Status check_resource(std::string_view what, const Resource& resource, const ClusterLimits& limits);
// Name, queue, type, tags, lifetime, the master's resource and everything it is launched with.
Status check_submission(const SubmissionContext& context, const ClusterLimits& limits);
// The NodeManager pastes this name, and the last part of the source's path, into the launch script as it is.
Status check_local_resource(std::string_view name, const LocalResource& resource);
// That of every file, and that no two names stand for one source: of such only one is linked into the
// container's directory (ContainerExecutor.resolveSymLinks, 3.3 and 3.4; seen on 3.4.2).
Status check_launch_context(const LaunchContext& context);

}  // namespace knit::yarn
