// Nodes that do not start what they are given, so that one of them does not swallow every instance in turn.
#pragma once

#include <knit/cluster.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace knit::app {

// So many failed starts in a row make a node one to avoid, for this long; at most a third of the cluster's
// nodes at once (Java's MapReduce stops avoiding nodes at a third too:
// yarn.app.mapreduce.am.job.node-blacklisting. ignore-threshold-node-percent, 33).
inline constexpr std::int32_t kMaxNodeFaults = 2;
inline constexpr std::chrono::milliseconds kAvoidNodeFor = std::chrono::minutes(10);
inline constexpr std::int32_t kAvoidedShare = 3;

// What to tell the ResourceManager.
struct AvoidChanges {
  std::vector<std::string> additions, removals;  // host names
};

class NodeFaults {
 public:
  void started(const std::string& host);  // something could be started there
  void failed(const std::string& host);
  // What has changed since the last call. `nodes` is the number in the cluster.
  AvoidChanges update(WallTime now, std::int32_t nodes);

 private:
  std::map<std::string, std::int32_t> faults_;  // in a row
  std::map<std::string, WallTime> avoided_;     // until when
};

}  // namespace knit::app
