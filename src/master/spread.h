// On which nodes containers are asked for by name. A core.
//
// CapacityScheduler gives one container per heartbeat of a node to those who ask for any place, and up to a
// hundred to those who ask for that node (per-node-heartbeat.maximum-offswitch-assignments is 1 and
// maximum-container-assignments 100; 2.10 to 3.5). So what is wanted in numbers is asked for by name, in
// equal parts. Locality is relaxed: whatever place it comes from, a container is taken.
#pragma once

#include <knit/cluster.h>
#include <knit/ids.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "control/launch_file.h"

namespace knit::master {

// Owned by the Allocation. Without nodes it names none.
class Spread {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  Spread() = default;
  // `patience`: for so long a node is asked for by name; what is still open then may come from anywhere.
  Spread(std::vector<control::UsableNode> nodes, Duration patience);

  // So many containers are open. New ones are spread where they are as many as there are nodes, for fewer
  // come as soon from any place. First nodes that had room when the application was submitted, then those
  // that could have some; the fewest of our own containers first.
  void plan(std::int32_t open, Time now);

  // A container has come on this node, or has gone from it.
  void placed(const NodeId& node);
  void gone(const NodeId& node);
  // What the ResourceManager says of a node.
  void report(const NodeId& node, NodeState state);
  // These hosts, and no others, are to be avoided.
  void avoid(const std::set<std::string>& hosts);

  // Containers to ask for by the names of nodes and racks.
  std::map<std::string, std::int32_t> named() const;
  // As the scheduler calls it and its rack; nothing for a node that is never named.
  const control::UsableNode* find(const NodeId& node) const;

 private:
  struct Place {
    control::UsableNode node;
    std::int32_t asked = 0;  // open, by this name
    std::int32_t used = 0;   // our containers there
    bool running = true, avoided = false;
    bool usable() const { return running && !avoided; }
    std::int32_t load() const { return asked + used; }
  };
  Place* place(const NodeId& node);
  Place* best();
  void name(std::int32_t count, Time now);
  void withdraw(std::int32_t count);
  void forget(Place& place);

  std::vector<Place> places_;
  std::map<std::string, std::size_t> by_name_;
  Duration patience_{};
  Time forget_at_{};
  std::int32_t asked_ = 0;    // of all places
  std::int32_t unnamed_ = 0;  // open, from any place
};

}  // namespace knit::master
