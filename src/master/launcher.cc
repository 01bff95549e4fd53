#include "master/launcher.h"

#include <fmt/format.h>

#include <algorithm>

#include "io/wait.h"

namespace knit::master {
namespace {

bool says(const Error& error, std::string_view text) {
  return error.message().find(text) != std::string::npos;
}

}  // namespace

StartFailure start_failure(const Error& error) {
  // startContainerInternal; authorizeStartRequest where the token was used before.
  if (says(error, "already is running on this node") ||
      says(error, "Attempt to relaunch the same container")) {
    return StartFailure::kRunsAlready;
  }
  if (error.is_remote("NMNotYetReadyException")) return StartFailure::kTryAgain;
  if (error.code() == ErrorCode::kUnavailable || error.code() == ErrorCode::kDeadlineExceeded) {
    return StartFailure::kTryAgain;
  }
  return StartFailure::kRefused;
}

std::string describe_start_failure(const Error& error) {
  std::string text = error.message();
  if (says(error, "This token is expired")) {
    text +=
        " (the node's clock and the ResourceManager's may differ by minutes, or the master was held up: the "
        "cluster's administrator should check the clocks)";
  }
  return text;
}

Launcher::Launcher(Nodes& nodes, Told told) : Launcher(nodes, std::move(told), Limits{}) {}

Launcher::Launcher(Nodes& nodes, Told told, Limits limits)
    : nodes_(nodes), told_(std::move(told)), limits_(limits) {}

void Launcher::start(NodeId node, ContainerId container, Make make, io::Task<void> before,
                     std::optional<WallTime> expires) {
  jobs_.push_back(Job{std::move(node), container, std::move(make), std::move(before), expires});
  if (working_ >= limits_.at_once) return;
  ++working_;
  workers_.spawn(work());
}

io::Task<void> Launcher::work() {
  while (!jobs_.empty()) {
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    co_await std::move(job.before);
    const Status started = co_await try_to_start(job);
    if (!co_await io::check_cancelled()) break;
    told_(job.container, started);
  }
  --working_;
}

io::Task<Status> Launcher::try_to_start(Job& job) {
  auto try_for = limits_.try_for;
  if (job.expires) {
    // A few seconds before the NodeManager would refuse it, by its clock.
    const auto left = *job.expires - io::wall_now() - std::chrono::seconds(5);
    if (left > std::chrono::seconds(0)) try_for = std::min(try_for, left);
  }
  const io::Deadline deadline = io::after(try_for);
  auto pause = limits_.first_pause;
  while (true) {
    const io::Deadline until = std::min(deadline, io::after(limits_.call_timeout));
    Status started = co_await io::run_until(until, nodes_.start(job.node, job.make()));
    if (started) co_return started;
    const StartFailure failure = start_failure(started.error());
    if (failure == StartFailure::kRunsAlready) co_return Status();
    if (failure == StartFailure::kRefused || io::now() + pause >= deadline) co_return started;
    if (!co_await io::sleep_for(pause)) co_return started;
    pause = std::min(pause * 2, limits_.longest_pause);
  }
}

void Launcher::terminate(NodeId node, ContainerId container) {
  workers_.spawn(terminate_one(std::move(node), container));
}

io::Task<void> Launcher::terminate_one(NodeId node, ContainerId container) {
  // A NodeManager that does not answer, or cannot do that, does not keep the container from being stopped.
  (void)co_await io::run_until(io::after(limits_.stop_timeout),
                               nodes_.signal(std::move(node), container, yarn::ContainerSignal::kTerminate));
}

void Launcher::stop(NodeId node, ContainerId container) {
  workers_.spawn(stop_one(std::move(node), container));
}

io::Task<void> Launcher::stop_one(NodeId node, ContainerId container) {
  // The ResourceManager stops what could not be reached here: the container is released, or the application
  // ends.
  (void)co_await io::run_until(io::after(limits_.stop_timeout), nodes_.stop(std::move(node), container));
}

io::Task<void> Launcher::end() {
  jobs_.clear();
  co_await workers_.stop();
}

}  // namespace knit::master
