// Starting and stopping containers on their nodes. A driver.
#pragma once

#include <knit/ids.h>
#include <knit/result.h>

#include <chrono>
#include <deque>
#include <functional>

#include "io/task_group.h"
#include "master/cluster.h"

namespace knit::master {

// What a failed start means (ContainerManagerImpl, 2.10 to 3.5; ServerProxy).
enum class StartFailure {
  kRunsAlready,  // an earlier try was heard although its answer was lost
  kTryAgain,     // the NodeManager is restarting, or did not answer
  kRefused,      // it will refuse again: release the container and ask for another
};
StartFailure start_failure(const Error& error);
// In words for people, with what to do about clocks that differ where that is the reason.
std::string describe_start_failure(const Error& error);

// Starts many containers at once, one in a call. Owned by the master, belongs to its loop.
class Launcher {
 public:
  struct Limits {
    std::size_t at_once = 200;
    // For how long a start is tried; the container's token expires 10 min after the allocation by default
    // (yarn.resourcemanager.rm.container-allocation.expiry-interval-ms) and another node may do better long
    // before. Java: 3 min.
    std::chrono::milliseconds try_for{180'000};
    std::chrono::milliseconds first_pause{200}, longest_pause{10'000};
    std::chrono::milliseconds call_timeout{60'000};
    std::chrono::milliseconds stop_timeout{10'000};
  };
  // Told how a start went, on the loop.
  using Told = std::function<void(const ContainerId&, const Status&)>;

  Launcher(Nodes& nodes, Told told);
  Launcher(Nodes& nodes, Told told, Limits limits);
  // To be called before the first start.
  void limit(std::size_t at_once) { limits_.at_once = at_once; }

  // What to start, made when its turn has come: a thousand requests need not be in memory at once.
  using Make = std::function<yarn::StartRequest()>;

  // Starts it as soon as a worker is free. `before` is awaited first: the journal. `expires`: of the
  // container's token, if known.
  void start(NodeId node, ContainerId container, Make make, io::Task<void> before,
             std::optional<WallTime> expires);
  // Best effort, both; its end is told by the ResourceManager. terminate() sends SIGTERM to its processes.
  void terminate(NodeId node, ContainerId container);
  void stop(NodeId node, ContainerId container);
  std::size_t busy() const { return jobs_.size() + working_; }
  // Cancels all that is under way and waits for it; nobody is told.
  io::Task<void> end();

 private:
  struct Job {
    NodeId node;
    ContainerId container;
    Make make;
    io::Task<void> before;
    std::optional<WallTime> expires;
  };
  io::Task<void> work();
  io::Task<Status> try_to_start(Job& job);
  io::Task<void> terminate_one(NodeId node, ContainerId container);
  io::Task<void> stop_one(NodeId node, ContainerId container);

  Nodes& nodes_;
  Told told_;
  Limits limits_;
  std::deque<Job> jobs_;
  std::size_t working_ = 0;
  io::TaskGroup workers_;
};

}  // namespace knit::master
