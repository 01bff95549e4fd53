// Containers that are to end: asked first, then made to. A core.
#pragma once

#include <knit/ids.h>

#include <map>
#include <vector>

#include "app/instances.h"
#include "io/clock.h"

namespace knit::master {

// For each container: SIGTERM at once, after the grace stopContainers (SIGKILL at last: the NodeManager's own
// 250 ms later, yarn.nodemanager.sleep-delay-before-sigkill.ms), and where its NodeManager does not end it,
// releasing it to the ResourceManager, whose word the NodeManager gets by its heartbeat. Owned by the
// master's loop.
class Stopper {
 public:
  // From stopContainers to releasing.
  static constexpr io::Duration kReleaseAfter = std::chrono::seconds(20);

  // Asked again, the shorter grace counts. True if the container is to be sent SIGTERM now: the first time,
  // where there is a grace.
  bool begin(const app::Run& run, io::Duration grace, io::TimePoint now);
  void ended(const ContainerId& container) { stopping_.erase(container); }
  bool holds(const ContainerId& container) const { return stopping_.contains(container); }

  struct Due {
    std::vector<app::Run> stop;
    std::vector<ContainerId> release;
  };
  // What is to be done now; each once.
  Due due(io::TimePoint now);
  // When due() has something next; kNoDeadline without any.
  io::TimePoint next() const;

 private:
  enum class Step { kAsked, kStopped, kReleased };
  struct Stopping {
    app::Run run;
    Step step = Step::kAsked;
    io::TimePoint at;  // of the next step
  };
  std::map<ContainerId, Stopping> stopping_;
};

}  // namespace knit::master
