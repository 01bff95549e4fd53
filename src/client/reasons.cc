#include "client/reasons.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/start_timeout.h"
#include "client/diagnostics.h"

namespace knit::client {
namespace {

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string text_of(const Resource& resource) {
  auto out = fmt::format("{} and {} vcore{}", to_string(resource.memory), resource.vcores,
                         resource.vcores == 1 ? "" : "s");
  for (const auto& [name, amount] : resource.others) {
    if (amount > 0) out += fmt::format(" and {} {}", amount, name);
  }
  return out;
}

bool fits(const Resource& wanted, const Resource& room) {
  if (wanted.memory > room.memory || wanted.vcores > room.vcores) return false;
  return std::all_of(wanted.others.begin(), wanted.others.end(), [&](const auto& other) {
    const auto found = room.others.find(other.first);
    return other.second <= (found == room.others.end() ? 0 : found->second);
  });
}

Resource free_on(const NodeReport& node) {
  Resource left = node.capacity;
  left.memory = ByteSize::bytes(std::max<std::int64_t>(0, left.memory.bytes() - node.used.memory.bytes()));
  left.vcores = std::max(0, left.vcores - node.used.vcores);
  for (auto& [name, amount] : left.others) {
    const auto used = node.used.others.find(name);
    if (used != node.used.others.end()) amount = std::max<std::int64_t>(0, amount - used->second);
  }
  return left;
}

bool has_label(const NodeReport& node, const std::string& label) {
  if (label.empty()) return true;  // nodes without a label, and what idle labelled ones lend
  return std::find(node.labels.begin(), node.labels.end(), label) != node.labels.end();
}

std::string queue_name(const WaitFacts& facts) {
  return facts.queue && !facts.queue->path.empty() ? facts.queue->path : facts.report.queue;
}

// As it stands in the names of settings. Before 3.4 nobody tells a queue's path; then as Hadoop's documents
// do.
std::string queue_path(const WaitFacts& facts) {
  const bool told = facts.queue && facts.queue->path.starts_with("root.");
  return told ? facts.queue->path : "<queue-path>";
}

// What the nodes say about a request; empty if one of them has the room for it.
Reason judge_nodes(const WaitFacts& facts, const std::string& label, const Resource& wanted,
                   std::string_view what) {
  if (!facts.nodes) return {};
  std::vector<const NodeReport*> usable;
  std::size_t unhealthy = 0;
  for (const auto& node : *facts.nodes) {
    if (node.state == NodeState::kUnhealthy) ++unhealthy;
    if (node.state == NodeState::kRunning && has_label(node, label)) usable.push_back(&node);
  }
  if (usable.empty()) {
    if (!label.empty()) {
      return {fmt::format("no running node has the label '{}'", label),
              {"'knit nodes' shows each node's labels; another label is given with --node-label"}};
    }
    return {unhealthy == 0 ? std::string("no NodeManager is running")
                           : fmt::format("no NodeManager is usable: {} unhealthy", unhealthy),
            {"'knit nodes' shows the state of each; their administrator must mend them"}};
  }
  const auto by_memory = [](auto room) {
    return [room](const NodeReport* a, const NodeReport* b) { return room(*a).memory < room(*b).memory; };
  };
  const auto capacity = [](const NodeReport& node) { return node.capacity; };
  const auto& largest = **std::max_element(usable.begin(), usable.end(), by_memory(capacity));
  if (std::none_of(usable.begin(), usable.end(), [&](auto* node) { return fits(wanted, node->capacity); })) {
    return {fmt::format("{} needs {} and no node is that large: the largest, {}, has {}", what,
                        text_of(wanted), to_string(largest.id), text_of(largest.capacity)),
            {"ask for less memory or fewer vcores"}};
  }
  if (std::any_of(usable.begin(), usable.end(), [&](auto* node) { return fits(wanted, free_on(*node)); })) {
    return {};
  }
  const auto& freest = **std::max_element(usable.begin(), usable.end(), by_memory(free_on));
  return {
      fmt::format("{} busy: {} needs {}, at most {} are free on one node",
                  usable.size() == 1 ? "the only node is" : fmt::format("all {} nodes are", usable.size()),
                  what, text_of(wanted), text_of(free_on(freest))),
      {"it starts when other applications end; 'knit nodes' shows what is used"}};
}

Reason judge_queue(const WaitFacts& facts, const Resource& wanted, std::string_view what) {
  if (!facts.queue) return {};
  const auto& queue = *facts.queue;
  if (queue.state == QueueState::kStopped || queue.state == QueueState::kDraining) {
    return {fmt::format("queue '{}' is {}", queue_name(facts), to_string(queue.state)),
            {"choose another one with --queue ('knit queues' lists them), or ask its administrator"}};
  }
  if (queue.available_memory && *queue.available_memory < wanted.memory) {
    return {fmt::format("queue '{}' has {} left and {} needs {}", queue_name(facts),
                        to_string(*queue.available_memory), what, to_string(wanted.memory)),
            {"it starts when other applications of that queue end; 'knit queues' lists the others"}};
  }
  return {};
}

// "Queue's AM resource limit exceeded.  Details : ... Queue Resource Limit for AM = <memory:128, vCores:1>;
// ... Queue AM Resource Usage = <memory:256, vCores:1>; "
Reason master_share(const WaitFacts& facts, bool of_user) {
  const std::string_view text = facts.report.diagnostics;
  const auto limit = resource_after(
      text, of_user ? "User AM Resource Limit of the queue = " : "Queue Resource Limit for AM = ");
  const auto used = resource_after(text, "Queue AM Resource Usage = ");
  const auto wanted = resource_after(text, "AM Resource Request = ");
  std::string why =
      fmt::format("queue '{}' lets masters{} use {}", queue_name(facts), of_user ? " of one user" : "",
                  limit ? "at most " + to_string(limit->memory) : "only a part of it");
  if (used && !of_user) why += fmt::format(", {} are in use", to_string(used->memory));
  if (wanted) why += fmt::format(", and this one needs {}", to_string(wanted->memory));
  std::vector<std::string> hints = {
      of_user ? "it starts when another application of yours in that queue ends; --queue chooses another one"
              : "it starts when another application of that queue ends; --queue chooses another one"};
  std::string setting =
      fmt::format("its administrator can raise yarn.scheduler.capacity.{}.", queue_path(facts));
  setting += of_user ? "user-limit-factor or minimum-user-limit-percent" : "maximum-am-resource-percent";
  if (!of_user && facts.queue && facts.queue->maximum_master_share) {
    setting += fmt::format(" (now {:.0f}%)", *facts.queue->maximum_master_share * 100);
  }
  hints.push_back(std::move(setting));
  return {std::move(why), std::move(hints)};
}

// "... ; Queue's Absolute max capacity = 0.0 % ; ...": of the label's nodes the queue gets none, ever.
Reason without_capacity(const WaitFacts& facts, const std::string& label) {
  const bool labelled =
      !label.empty() && has(facts.report.diagnostics, "Queue's Absolute max capacity = 0.0 %");
  if (!labelled) return {};
  return {
      fmt::format("queue '{}' has no capacity on nodes with the label '{}'", queue_name(facts), label),
      {"choose another queue with --queue or another label with --node-label",
       fmt::format("its administrator can set yarn.scheduler.capacity.{}.accessible-node-labels.{}.capacity, "
                   "and those of the queues above it",
                   queue_path(facts), label)}};
}

Reason waiting_for_master(const WaitFacts& facts) {
  const auto& report = facts.report;
  const std::string_view text = report.diagnostics;
  if (has(text, "waiting for AM container to Register")) {
    return {"the master was started and has not registered yet", {}};
  }
  if (has(text, "Scheduler has assigned a container for AM")) {
    return {"a container was found for the master; its node is preparing it", {}};
  }
  if (has(text, "Queue's AM resource limit exceeded")) return master_share(facts, false);
  if (has(text, "User's AM resource limit exceeded")) return master_share(facts, true);

  // The request in the diagnostics is the one that waits; where nobody knows it, the smallest there can be.
  auto asked = resource_after(text, "AM Resource Request = ");
  if (!asked && report.needed.memory > ByteSize()) asked = report.needed;
  if (!asked) asked = facts.master;
  const Resource wanted = asked.value_or(Resource{ByteSize::mib(1), 1, {}});
  const std::string_view what = asked ? "the master" : "even the smallest master";
  const auto& label = report.master_node_label.empty() ? report.node_label : report.master_node_label;
  if (auto reason = without_capacity(facts, label); !reason.why.empty()) return reason;
  if (auto reason = judge_nodes(facts, label, wanted, what); !reason.why.empty()) return reason;
  if (auto reason = judge_queue(facts, wanted, what); !reason.why.empty()) return reason;
  if (has(text, "cluster resource is empty")) {
    return {label.empty() ? std::string("no NodeManager offers anything yet")
                          : fmt::format("no running node has the label '{}'", label),
            {"'knit nodes' shows the nodes and their labels"}};
  }
  if (has(text, "black listed")) {
    return {"every node on which the master could start has been ruled out after failures there", {}};
  }
  if (has(text, "is not yet activated")) {
    return {fmt::format("queue '{}' has not let it start yet", queue_name(facts)),
            {"it may have reached its limit of running applications; 'knit queues' shows the queue"}};
  }
  if (has(text, "Application is Activated")) {
    return {"the scheduler looks for room for the master", {}};
  }
  const auto plain = without_time(text);
  return {plain.empty() ? "the scheduler has not found room for the master yet" : std::string(plain), {}};
}

}  // namespace

Reason why_waiting(const WaitFacts& facts) {
  const auto& report = facts.report;
  switch (report.state) {
    case ApplicationState::kNew:
    case ApplicationState::kNewSaving:
      return {"the ResourceManager is storing the application", {}};
    case ApplicationState::kSubmitted:
      return {"the scheduler has not taken it in yet", {}};
    case ApplicationState::kAccepted:
      return waiting_for_master(facts);
    case ApplicationState::kRunning:
      break;
    default:
      return {};
  }
  if (report.running_containers > 1) return {};
  const Resource wanted = facts.instance.value_or(Resource{ByteSize::mib(1), 1, {}});
  if (auto reason = judge_nodes(facts, report.node_label, wanted, "each instance"); !reason.why.empty()) {
    return reason;
  }
  if (auto reason = judge_queue(facts, wanted, "each instance"); !reason.why.empty()) return reason;
  return {"the master waits for containers", {}};
}

Outcome outcome_of(const ApplicationReport& report) {
  const bool late = has(report.diagnostics, app::kStartTimeoutMark);
  if (report.state == ApplicationState::kKilled) {
    if (has(report.diagnostics, "exceeded the lifetime period")) return Outcome::kLifetimeOver;
    return late ? Outcome::kNeverStarted : Outcome::kKilled;
  }
  if (report.final_status == FinalStatus::kSucceeded) return Outcome::kSucceeded;
  if (report.final_status == FinalStatus::kKilled) return late ? Outcome::kNeverStarted : Outcome::kKilled;
  return late ? Outcome::kNeverStarted : Outcome::kFailed;
}

}  // namespace knit::client
