#include "yarn/convert_launch.h"

#include <set>

#include "base/utf8.h"

namespace knit::yarn {
namespace {

pb::LocalResourceTypeProto write(LocalResourceType type) {
  return type == LocalResourceType::kArchive ? pb::ARCHIVE : pb::FILE;
}

pb::LocalResourceVisibilityProto write(LocalResourceVisibility visibility) {
  switch (visibility) {
    case LocalResourceVisibility::kPublic:
      return pb::PUBLIC;
    case LocalResourceVisibility::kPrivate:
      return pb::PRIVATE;
    case LocalResourceVisibility::kApplication:
      return pb::APPLICATION;
  }
  return pb::PRIVATE;
}

void add_access(pb::ContainerLaunchContextProto& out, pb::ApplicationAccessTypeProto type,
                const std::string& list) {
  if (list.empty()) return;
  auto& entry = *out.add_application_acls();
  entry.set_accesstype(type);
  entry.set_acl(list);
}

// The master's container, asked for by name of a label.
void write_master_request(const SubmissionContext& context, pb::ResourceRequestProto& out) {
  ResourceRequest request;
  request.allocation_request_id = -1;
  request.capability = context.resource;
  request.count = 1;
  request.node_label = context.master_node_label;
  write(request, out);
}

}  // namespace

void write(const LocalResource& resource, pb::LocalResourceProto& out) {
  auto& url = *out.mutable_resource();
  if (!resource.scheme.empty()) url.set_scheme(resource.scheme);
  if (!resource.host.empty()) url.set_host(resource.host);
  url.set_port(resource.port);  // also -1: a missing one is read as 0
  url.set_file(resource.path);
  out.set_size(resource.size.bytes());
  out.set_timestamp(resource.modified.time_since_epoch().count());
  out.set_type(write(resource.type));
  out.set_visibility(write(resource.visibility));
}

void write(const LaunchContext& context, pb::ContainerLaunchContextProto& out) {
  for (const auto& command : context.commands) out.add_command(command);
  for (const auto& [name, value] : context.environment) {
    auto& entry = *out.add_environment();
    entry.set_key(name);
    entry.set_value(value);
  }
  for (const auto& [name, resource] : context.resources) {
    auto& entry = *out.add_localresources();
    entry.set_key(name);
    write(resource, *entry.mutable_value());
  }
  for (const auto& [name, bytes] : context.service_data) {
    auto& entry = *out.add_service_data();
    entry.set_key(name);
    entry.set_value(bytes);
  }
  if (!context.tokens.empty()) out.set_tokens(context.tokens);
  add_access(out, pb::APPACCESS_MODIFY_APP, context.access.modify);
  add_access(out, pb::APPACCESS_VIEW_APP, context.access.view);
}

void write(const LogAggregationContext& context, pb::LogAggregationContextProto& out) {
  out.set_include_pattern(context.include);
  out.set_exclude_pattern(context.exclude);
  out.set_rolled_logs_include_pattern(context.rolled_include);
  out.set_rolled_logs_exclude_pattern(context.rolled_exclude);
  if (!context.policy_class.empty()) out.set_log_aggregation_policy_class_name(context.policy_class);
  if (!context.policy_parameters.empty())
    out.set_log_aggregation_policy_parameters(context.policy_parameters);
}

void write(const SubmissionContext& context, pb::ApplicationSubmissionContextProto& out) {
  write(context.id, *out.mutable_application_id());
  if (!context.name.empty()) out.set_application_name(context.name);
  if (!context.queue.empty()) out.set_queue(context.queue);
  if (!context.type.empty()) out.set_applicationtype(context.type);
  out.mutable_priority()->set_priority(context.priority);
  write(context.master, *out.mutable_am_container_spec());
  write(context.resource, *out.mutable_resource());
  std::set<std::string> tags;
  // The ResourceManager compares tags in lower case and leaves it to its clients.
  for (const auto& tag : context.tags) tags.insert(base::lower(tag));
  for (const auto& tag : tags) out.add_applicationtags(tag);
  if (!context.node_label.empty()) out.set_node_label_expression(context.node_label);
  if (!context.master_node_label.empty())
    write_master_request(context, *out.add_am_container_resource_request());
  if (context.max_attempts) out.set_maxappattempts(*context.max_attempts);
  if (context.keep_containers) out.set_keep_containers_across_application_attempts(true);
  if (context.attempt_failures_validity) {
    out.set_attempt_failures_validity_interval(context.attempt_failures_validity->count());
  }
  if (context.lifetime) {
    auto& timeout = *out.add_application_timeouts();
    timeout.set_application_timeout_type(pb::APP_TIMEOUT_LIFETIME);
    timeout.set_timeout(context.lifetime->count());
  }
  if (context.log_aggregation) write(*context.log_aggregation, *out.mutable_log_aggregation_context());
  if (!context.cancel_tokens_when_complete) out.set_cancel_tokens_when_complete(false);
}

void write(const ResourceRequest& request, pb::ResourceRequestProto& out) {
  out.mutable_priority()->set_priority(request.priority);
  out.set_resource_name(request.place);
  write(request.capability, *out.mutable_capability());
  out.set_num_containers(request.count);
  out.set_relax_locality(request.relax_locality);
  if (!request.node_label.empty()) out.set_node_label_expression(request.node_label);
  auto& execution = *out.mutable_execution_type_request();
  execution.set_execution_type(request.execution == ExecutionType::kOpportunistic ? pb::OPPORTUNISTIC
                                                                                  : pb::GUARANTEED);
  execution.set_enforce_execution_type(false);
  out.set_allocation_request_id(request.allocation_request_id);
}

ResourceRequest read(const pb::ResourceRequestProto& in, const ResourceUnits& units) {
  ResourceRequest out;
  out.priority = in.priority().priority();
  out.allocation_request_id = in.allocation_request_id();
  out.place = in.resource_name();
  out.capability = read(in.capability(), units);
  out.count = in.num_containers();
  out.relax_locality = in.relax_locality();
  out.node_label = in.node_label_expression();
  if (in.execution_type_request().execution_type() == pb::OPPORTUNISTIC)
    out.execution = ExecutionType::kOpportunistic;
  return out;
}

}  // namespace knit::yarn
