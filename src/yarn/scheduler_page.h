// What the ResourceManager's web page tells of a queue, and no call of its protocols does. A core.
#pragma once

#include <knit/cluster.h>

#include <cstddef>
#include <optional>
#include <string_view>

namespace knit::yarn {

inline constexpr std::string_view kSchedulerPage = "/ws/v1/cluster/scheduler";
// A queue takes some 5 KiB of it.
inline constexpr std::size_t kLargestSchedulerPage = std::size_t{16} << 20;

// Whether `queue`, as a user or an answer writes it, is the queue of this name and path (empty: not told):
// "root.a.b" is called "b" in some answers of a ResourceManager and by its path in others. 3.3 gives a queue
// by its last name and the rights on it by its path.
bool is_queue(std::string_view queue, std::string_view name, std::string_view path);

// Memory and vcores that one container may have in a queue; nothing where the page does not tell. From 3.3 on
// (CapacitySchedulerQueueInfo.maximumAllocation, FairSchedulerQueueInfo.maxContainerAllocation).
std::optional<Resource> maximum_in_queue(std::string_view page, std::string_view queue);

}  // namespace knit::yarn
