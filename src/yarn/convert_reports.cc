#include "yarn/convert_reports.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "yarn/iso8601.h"

namespace knit::yarn {
namespace {

// Labels that say there is none (NodeLabel.DEFAULT_NODE_LABEL_PARTITION and
// NODE_LABEL_EXPRESSION_NOT_SET, 3.4.1).
std::string label(const std::string& text) {
  return text == "<DEFAULT_PARTITION>" || text == "<Not set>" ? std::string() : text;
}

// A share; some schedulers say NaN for a queue without capacity.
float share(float value) {
  return std::isfinite(value) ? value : 0;
}

std::string attempt_state(pb::YarnApplicationAttemptStateProto state) {
  switch (state) {
    case pb::APP_ATTEMPT_NEW:
      return "NEW";
    case pb::APP_ATTEMPT_SUBMITTED:
      return "SUBMITTED";
    case pb::APP_ATTEMPT_SCHEDULED:
      return "SCHEDULED";
    case pb::APP_ATTEMPT_ALLOCATED_SAVING:
      return "ALLOCATED_SAVING";
    case pb::APP_ATTEMPT_ALLOCATED:
      return "ALLOCATED";
    case pb::APP_ATTEMPT_LAUNCHED:
      return "LAUNCHED";
    case pb::APP_ATTEMPT_FAILED:
      return "FAILED";
    case pb::APP_ATTEMPT_RUNNING:
      return "RUNNING";
    case pb::APP_ATTEMPT_FINISHING:
      return "FINISHING";
    case pb::APP_ATTEMPT_FINISHED:
      return "FINISHED";
    case pb::APP_ATTEMPT_KILLED:
      return "KILLED";
  }
  return "UNKNOWN";
}

void read_usage(const pb::ApplicationResourceUsageReportProto& in, const ResourceUnits& units,
                ApplicationReport& out) {
  out.running_containers = std::max(in.num_used_containers(), 0);
  out.reserved_containers = std::max(in.num_reserved_containers(), 0);
  out.used = read(in.used_resources(), units);
  out.reserved = read(in.reserved_resources(), units);
  out.needed = read(in.needed_resources(), units);
  out.memory_mib_seconds = in.memory_seconds();
  out.vcore_seconds = in.vcore_seconds();
}

std::optional<WallTime> expiry(const pb::ApplicationReportProto& in) {
  for (const auto& entry : in.apptimeouts()) {
    if (entry.application_timeout_type() != pb::APP_TIMEOUT_LIFETIME) continue;
    return parse_iso8601(entry.application_timeout().expire_time());
  }
  return std::nullopt;
}

void read_statistics(const pb::QueueStatisticsProto& in, QueueInfo& out) {
  out.running = in.numappsrunning();
  out.pending = in.numappspending();
  out.pending_containers = in.pendingcontainers();
  out.available_memory = memory_from_mib(in.availablememorymb());
  out.allocated_memory = memory_from_mib(in.allocatedmemorymb());
  out.pending_memory = memory_from_mib(in.pendingmemorymb());
  out.available_vcores = in.availablevcores();
  out.allocated_vcores = in.allocatedvcores();
}

// The path is the queue's own word, or its parent's path (empty: not known) and its name.
std::string path_of(const pb::QueueInfoProto& in, const std::string& parent) {
  if (!in.queuepath().empty()) return in.queuepath();
  // The FairScheduler's names are paths.
  if (parent.empty() || in.queuename().starts_with(parent + ".")) return in.queuename();
  return parent + "." + in.queuename();
}

QueueInfo read_queue(const pb::QueueInfoProto& in, const std::string& parent) {
  QueueInfo out;
  out.name = in.queuename();
  out.path = path_of(in, parent);
  out.state = in.has_state() ? read(in.state()) : QueueState::kUnknown;
  out.capacity = share(in.capacity());
  out.maximum_capacity = share(in.maximumcapacity());
  out.current_capacity = share(in.currentcapacity());
  out.accessible_labels.assign(in.accessiblenodelabels().begin(), in.accessiblenodelabels().end());
  out.default_label = label(in.defaultnodelabelexpression());
  if (in.has_queuestatistics()) read_statistics(in.queuestatistics(), out);
  for (const auto& entry : in.queueconfigurationsmap()) {
    if (entry.partitionname().empty())
      out.maximum_master_share = share(entry.queueconfigurations().maxampercentage());
  }
  // Protobuf refuses more than 100 messages inside each other, so this ends.
  const bool rooted = out.path == "root" || out.path.starts_with("root.");
  for (const auto& child : in.childqueues())
    out.children.push_back(read_queue(child, rooted ? out.path : ""));
  return out;
}

}  // namespace

ApplicationReport read(const pb::ApplicationReportProto& in, const ResourceUnits& units) {
  ApplicationReport out;
  out.id = read(in.applicationid());
  out.name = in.name();
  out.user = in.user();
  out.queue = in.queue();
  out.type = in.applicationtype();
  out.tags.assign(in.applicationtags().begin(), in.applicationtags().end());
  if (in.has_yarn_application_state()) out.state = read(in.yarn_application_state());
  if (in.has_final_application_status()) out.final_status = read(in.final_application_status());
  out.diagnostics = text_or_empty(in.diagnostics());
  out.tracking_url = text_or_empty(in.trackingurl());
  out.original_tracking_url = text_or_empty(in.originaltrackingurl());
  out.master_host = text_or_empty(in.host());
  out.master_port = in.has_rpc_port() ? in.rpc_port() : -1;
  out.current_attempt = read(in.currentapplicationattemptid());
  out.progress = share(in.progress());
  out.priority = in.priority().priority();
  out.started = time_from_ms(in.starttime());
  out.launched = time_from_ms(in.launchtime());
  out.finished = time_from_ms(in.finishtime());
  out.expires = expiry(in);
  if (in.has_log_aggregation_status()) out.log_aggregation = read(in.log_aggregation_status());
  read_usage(in.app_resource_usage(), units, out);
  out.node_label = label(in.appnodelabelexpression());
  out.master_node_label = label(in.amnodelabelexpression());
  return out;
}

AttemptReport read(const pb::ApplicationAttemptReportProto& in) {
  AttemptReport out;
  out.id = read(in.application_attempt_id());
  out.master_container = read(in.am_container_id());
  out.state = in.has_yarn_application_attempt_state() ? attempt_state(in.yarn_application_attempt_state())
                                                      : "UNKNOWN";
  out.diagnostics = text_or_empty(in.diagnostics());
  out.tracking_url = text_or_empty(in.tracking_url());
  out.host = text_or_empty(in.host());
  out.started = time_from_ms(in.starttime());
  out.finished = time_from_ms(in.finishtime());
  return out;
}

ContainerReport read(const pb::ContainerReportProto& in, const ResourceUnits& units) {
  ContainerReport out;
  out.id = read(in.container_id());
  out.node = read(in.node_id());
  out.node_http_address = text_or_empty(in.node_http_address());
  out.log_url = text_or_empty(in.log_url());
  out.diagnostics = text_or_empty(in.diagnostics_info());
  out.resource = read(in.resource(), units);
  out.state = in.has_container_state() ? read(in.container_state()) : ContainerState::kUnknown;
  out.exit_status = in.container_exit_status();
  out.created = time_from_ms(in.creation_time());
  out.finished = time_from_ms(in.finish_time());
  return out;
}

ClusterMetrics read(const pb::YarnClusterMetricsProto& in) {
  ClusterMetrics out;
  out.nodes = in.num_node_managers();
  out.active = in.num_active_nms();
  out.lost = in.num_lost_nms();
  out.unhealthy = in.num_unhealthy_nms();
  out.decommissioned = in.num_decommissioned_nms();
  out.rebooted = in.num_rebooted_nms();
  out.decommissioning = in.num_decommissioning_nms();
  out.shut_down = in.num_shutdown_nms();
  return out;
}

QueueInfo read(const pb::QueueInfoProto& in) {
  return read_queue(in, "");
}

}  // namespace knit::yarn
