#include "app/node_faults.h"

namespace knit::app {

void NodeFaults::started(const std::string& host) {
  faults_.erase(host);
}

void NodeFaults::failed(const std::string& host) {
  ++faults_[host];
}

AvoidChanges NodeFaults::update(WallTime now, std::int32_t nodes) {
  AvoidChanges changes;
  for (auto it = avoided_.begin(); it != avoided_.end();) {
    if (it->second > now) {
      ++it;
      continue;
    }
    changes.removals.push_back(it->first);
    it = avoided_.erase(it);
  }
  for (auto it = faults_.begin(); it != faults_.end();) {
    const bool avoid = it->second >= kMaxNodeFaults && !avoided_.contains(it->first) &&
                       static_cast<std::int32_t>(avoided_.size()) < nodes / kAvoidedShare;
    if (!avoid) {
      ++it;
      continue;
    }
    avoided_.emplace(it->first, now + kAvoidNodeFor);
    changes.additions.push_back(it->first);
    it = faults_.erase(it);
  }
  return changes;
}

}  // namespace knit::app
