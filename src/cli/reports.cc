#include "cli/reports.h"

#include <fmt/format.h>
#include <knit/duration.h>

#include <boost/json.hpp>

#include "cli/context.h"

namespace knit::cli {
namespace {

namespace json = boost::json;

json::string text(std::string_view view) {
  return json::string(view.data(), view.size());
}

json::array strings(const std::vector<std::string>& values) {
  json::array out;
  for (const auto& value : values) out.emplace_back(text(value));
  return out;
}

json::value bytes_or_null(const std::optional<ByteSize>& size) {
  if (!size) return nullptr;
  return size->bytes();
}

template <class T>
json::value or_null(const std::optional<T>& value) {
  if (!value) return nullptr;
  return json::value(*value);
}

// Of an attempt or an instance that has no container yet.
template <class Id>
json::value id_or_null(const Id& id) {
  if (id == Id()) return nullptr;
  return text(to_string(id));
}

// A master is known by its host alone.
json::value node_or_null(const NodeId& node) {
  if (node.host.empty()) return nullptr;
  return text(shown(node));
}

}  // namespace

json::value to_json(const Resource& resource) {
  json::object out{{"memory_bytes", resource.memory.bytes()}, {"vcores", resource.vcores}};
  json::object others;
  for (const auto& [name, amount] : resource.others) others[name] = amount;
  out["others"] = std::move(others);
  return out;
}

json::value to_json(const ApplicationReport& report) {
  return json::object{
      {"id", text(to_string(report.id))},
      {"name", text(report.name)},
      {"user", text(report.user)},
      {"queue", text(report.queue)},
      {"type", text(report.type)},
      {"tags", strings(report.tags)},
      {"state", text(to_string(report.state))},
      {"final_status", text(to_string(report.final_status))},
      {"diagnostics", text(report.diagnostics)},
      {"tracking_url", text(report.tracking_url)},
      {"master_host", text(report.master_host)},
      {"master_port", report.master_port > 0 ? json::value(report.master_port) : json::value()},
      {"attempt", report.current_attempt.attempt},
      {"progress", report.progress},
      {"priority", report.priority},
      {"node_label", text(report.node_label)},
      {"started", json_time(report.started)},
      {"launched", json_time(report.launched)},
      {"finished", json_time(report.finished)},
      {"expires", json_time(report.expires)},
      {"log_aggregation", text(to_string(report.log_aggregation))},
      {"running_containers", report.running_containers},
      {"reserved_containers", report.reserved_containers},
      {"used", to_json(report.used)},
      {"memory_mib_seconds", report.memory_mib_seconds},
      {"vcore_seconds", report.vcore_seconds},
  };
}

json::value to_json(const AttemptReport& report) {
  return json::object{
      {"id", text(to_string(report.id))},
      {"attempt", report.id.attempt},
      {"state", text(report.state)},
      {"master_container", id_or_null(report.master_container)},
      {"host", text(report.host)},
      {"diagnostics", text(report.diagnostics)},
      {"started", json_time(report.started)},
      {"finished", json_time(report.finished)},
  };
}

json::value to_json(const InstanceReport& report) {
  return json::object{
      {"instance", report.instance < 0 ? json::value() : json::value(report.instance)},
      {"restarts", report.restarts},
      {"state", text(report.state)},
      {"container", id_or_null(report.container)},
      {"node", node_or_null(report.node)},
      {"started", json_time(report.started)},
      {"ended", json_time(report.ended)},
      {"exit_status", or_null(report.exit_status)},
      {"exit_class", report.exit_class.empty() ? json::value() : text(report.exit_class)},
      {"reason", text(report.reason)},
  };
}

json::value to_json(const Description& description) {
  auto out = to_json(description.report).as_object();
  json::array attempts, instances;
  for (const auto& attempt : description.attempts) attempts.push_back(to_json(attempt));
  for (const auto& instance : description.instances) instances.push_back(to_json(instance));
  out["attempts"] = std::move(attempts);
  out["instances"] = std::move(instances);
  out["why"] = text(description.why);
  out["hints"] = strings(description.hints);
  out["known_to_resource_manager"] = description.known_to_resource_manager;
  return out;
}

json::value to_json(const NodeReport& report) {
  return json::object{
      {"id", text(to_string(report.id))},
      {"http_address", text(report.http_address)},
      {"rack", text(report.rack)},
      {"state", text(to_string(report.state))},
      {"containers", report.containers},
      {"used", to_json(report.used)},
      {"capacity", to_json(report.capacity)},
      {"labels", strings(report.labels)},
      {"health_report", text(report.health_report)},
  };
}

json::value to_json(const QueueInfo& queue) {
  return json::object{
      {"name", text(queue.name)},
      {"path", text(queue.path)},
      {"state", text(to_string(queue.state))},
      {"capacity", queue.capacity},
      {"maximum_capacity", queue.maximum_capacity},
      {"current_capacity", queue.current_capacity},
      {"running_applications", or_null(queue.running)},
      {"pending_applications", or_null(queue.pending)},
      {"pending_containers", or_null(queue.pending_containers)},
      {"available_memory_bytes", bytes_or_null(queue.available_memory)},
      {"allocated_memory_bytes", bytes_or_null(queue.allocated_memory)},
      {"available_vcores", or_null(queue.available_vcores)},
      {"allocated_vcores", or_null(queue.allocated_vcores)},
      {"maximum_master_share", or_null(queue.maximum_master_share)},
      {"accessible_labels", strings(queue.accessible_labels)},
      {"default_label", text(queue.default_label)},
  };
}

std::string shown(const ContainerId& container) {
  return container == ContainerId() ? "-" : to_string(container);
}

std::string shown(const NodeId& node) {
  if (node.port == 0) return node.host.empty() ? "-" : node.host;
  return to_string(node);
}

std::string to_text(const Resource& resource) {
  auto out = fmt::format("{}, {} vcore{}", knit::to_string(resource.memory), resource.vcores,
                         resource.vcores == 1 ? "" : "s");
  for (const auto& [name, amount] : resource.others) {
    if (amount > 0) out += fmt::format(", {} {}", amount, name);
  }
  return out;
}

std::string state_text(const ApplicationReport& report) {
  if (report.state != ApplicationState::kFinished) return std::string(to_string(report.state));
  return fmt::format("{}, {}", to_string(report.state), to_string(report.final_status));
}

std::string elapsed_text(const ApplicationReport& report) {
  if (!report.started) return "";
  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto elapsed = report.finished.value_or(now) - *report.started;
  return knit::to_text(std::max(elapsed, std::chrono::milliseconds(0)));
}

void print_instances(const std::vector<InstanceReport>& instances) {
  if (instances.empty()) return;
  std::vector<std::vector<std::string>> rows;
  for (const auto& i : instances) {
    rows.push_back({i.instance < 0 ? "master" : std::to_string(i.instance), i.state,
                    i.exit_status ? std::to_string(*i.exit_status) : "-", std::to_string(i.restarts),
                    shown(i.node), shown(i.container), i.reason});
  }
  print_table({"INSTANCE", "STATE", "EXIT", "RESTARTS", "NODE", "CONTAINER", "REASON"}, rows);
}

}  // namespace knit::cli
