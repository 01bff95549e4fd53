#include "client/plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "app/validate.h"
#include "base/try.h"
#include "client/bounds.h"
#include "client/queues.h"
#include "control/launch_file.h"
#include "yarn/quoting.h"

namespace knit::client {
namespace {

using Answer = Result<std::vector<std::string>>;

// Failures of the master that are older do not count against its attempts: an application of weeks is not
// ended by two of them, and one whose master cannot live is.
constexpr std::chrono::hours kAttemptFailuresValidity{1};

io::Task<Result<LabelFacts>> label_facts(yarn::ResourceManager& resource_manager, std::string label,
                                         const std::vector<NodeReport>& nodes) {
  LabelFacts facts;
  KNIT_CO_TRY(const auto labels, co_await bounded(resource_manager.node_labels()));
  for (const auto& one : labels) facts.labels.push_back(one.name);
  for (const auto& node : nodes) {
    if (std::find(node.labels.begin(), node.labels.end(), label) != node.labels.end()) ++facts.nodes;
  }
  co_return facts;
}

Answer check_queue(const QueueFacts& facts, const RunSpec& spec, const std::string& user) {
  const auto& queue = spec.queue;
  KNIT_TRY_VOID(check_target(facts, user).with_context("--queue " + queue));
  if (!facts.info) {
    return std::vector<std::string>{
        fmt::format("queue '{}' does not exist yet; the cluster creates it if it is set up to", queue)};
  }
  const auto& labels = facts.info->accessible_labels;
  if (!spec.node_label.empty() && std::find(labels.begin(), labels.end(), "*") == labels.end() &&
      std::find(labels.begin(), labels.end(), spec.node_label) == labels.end()) {
    return Error(
        ErrorCode::kPermissionDenied,
        fmt::format("--node-label {}: queue '{}' may not use nodes with this label", spec.node_label, queue));
  }
  return std::vector<std::string>{};
}

Status check_label(const LabelFacts& facts, const std::string& label) {
  if (facts.nodes > 0) return {};
  const bool known = std::find(facts.labels.begin(), facts.labels.end(), label) != facts.labels.end();
  if (known) {
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("--node-label {}: no running node has this label", label));
  }
  return Error(ErrorCode::kInvalidArgument,
               facts.labels.empty()
                   ? fmt::format("--node-label {}: this cluster has no node labels", label)
                   : fmt::format("--node-label {}: this cluster has no such label; it has {}", label,
                                 fmt::join(facts.labels, ", ")));
}

}  // namespace

io::Task<Result<ClusterFacts>> gather_facts(yarn::ResourceManager& resource_manager, RunSpec spec,
                                            yarn::ClusterLimits limits) {
  ClusterFacts facts;
  facts.limits = std::move(limits);
  // First, for it settles the units in which the other amounts are read.
  KNIT_CO_TRY(facts.limits.types, co_await bounded(resource_manager.resource_types()));
  KNIT_CO_TRY(const auto application, co_await bounded(resource_manager.new_application()));
  facts.id = application.id;
  facts.limits.maximum = application.maximum;
  KNIT_CO_TRY(const auto metrics, co_await bounded(resource_manager.cluster_metrics()));
  facts.active_nodes = metrics.active;
  if (!spec.queue.empty()) {
    KNIT_CO_TRY(facts.queue, co_await queue_facts(resource_manager, spec.queue));
  }
  if (facts.active_nodes <= static_cast<std::int32_t>(control::kMaxUsableNodes) || !spec.node_label.empty()) {
    KNIT_CO_TRY(facts.nodes, co_await bounded(resource_manager.nodes({NodeState::kRunning})));
  }
  if (!spec.node_label.empty()) {
    KNIT_CO_TRY(facts.label, co_await label_facts(resource_manager, spec.node_label, facts.nodes));
  }
  co_return facts;
}

yarn::SubmissionContext submission_of(const RunSpec& spec, const ApplicationId& id) {
  yarn::SubmissionContext context;
  context.id = id;
  context.name = app::application_name(spec);
  context.queue = spec.queue;
  context.type = spec.type;
  context.priority = spec.priority;
  context.tags = spec.tags;
  context.resource = {spec.master_memory, 1, {}};
  context.node_label = spec.node_label;
  context.max_attempts = spec.master_attempts;
  // What runs goes on when the master fails; the next one takes it over.
  context.keep_containers = true;
  context.attempt_failures_validity = kAttemptFailuresValidity;
  if (spec.lifetime) context.lifetime = std::chrono::ceil<std::chrono::seconds>(*spec.lifetime);
  return context;
}

Answer check_against(const ClusterFacts& facts, const RunSpec& spec, const std::string& user) {
  KNIT_TRY_VOID(yarn::check_resource("an instance", spec.resource, facts.limits));
  KNIT_TRY_VOID(yarn::check_submission(submission_of(spec, facts.id), facts.limits));
  std::vector<std::string> warnings;
  if (facts.queue) {
    KNIT_TRY(warnings, check_queue(*facts.queue, spec, user));
  }
  if (facts.label) KNIT_TRY_VOID(check_label(*facts.label, spec.node_label));
  if (facts.active_nodes == 0) warnings.push_back("no NodeManager of the cluster is active at the moment");
  return warnings;
}

Status check_launch(const RunSpec& spec) {
  KNIT_TRY_VOID(yarn::exec_command(spec.command));
  std::map<std::string, std::string> environment;
  for (const auto& [name, value] : spec.environment) {
    if (yarn::is_set_by_yarn(name)) {
      return Error(ErrorCode::kInvalidArgument,
                   fmt::format("--env {}: YARN sets this variable itself, after the user's", name));
    }
    environment[name] = value;
  }
  KNIT_TRY_VOID(yarn::quote_environment(environment));
  return {};
}

}  // namespace knit::client
