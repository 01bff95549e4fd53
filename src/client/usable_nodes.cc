#include "client/usable_nodes.h"

#include <algorithm>
#include <map>

#include "app/validate.h"

namespace knit::client {
namespace {

// How often `one` fits into what is left of `capacity` beside `used`. Without cores: most schedulers count
// memory alone, and those that do not give their nodes other types too.
std::int32_t fits(const Resource& capacity, const Resource& used, const Resource& one) {
  std::int64_t most = app::kMaxInstances;
  const auto limit = [&](std::int64_t all, std::int64_t gone, std::int64_t each) {
    if (each > 0) most = std::clamp<std::int64_t>((all - gone) / each, 0, most);
  };
  limit(capacity.memory.bytes(), used.memory.bytes(), one.memory.bytes());
  for (const auto& [name, each] : one.others) {
    const auto amount = [&name = name](const Resource& of) {
      const auto found = of.others.find(name);
      return found == of.others.end() ? 0 : found->second;
    };
    limit(amount(capacity), amount(used), each);
  }
  return static_cast<std::int32_t>(most);
}

}  // namespace

std::vector<control::UsableNode> usable_nodes(const std::vector<NodeReport>& running, const RunSpec& spec,
                                              bool port_in_name) {
  if (!spec.node_label.empty()) return {};
  std::map<std::string, control::UsableNode> by_name;  // a host with several NodeManagers is one to YARN
  for (const auto& report : running) {
    if (report.state != NodeState::kRunning || !report.labels.empty()) continue;
    const auto most = fits(report.capacity, {}, spec.resource);
    if (most == 0 || report.capacity.vcores < spec.resource.vcores) continue;
    const auto name = port_in_name ? to_string(report.id) : report.id.host;
    auto& node = by_name.try_emplace(name, control::UsableNode{name, report.rack}).first->second;
    node.room += fits(report.capacity, report.used, spec.resource);
    node.most += most;
  }
  if (by_name.size() > control::kMaxUsableNodes) return {};
  std::vector<control::UsableNode> out;
  for (auto& [name, node] : by_name) out.push_back(std::move(node));
  return out;
}

}  // namespace knit::client
