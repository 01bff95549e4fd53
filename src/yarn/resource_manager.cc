#include "yarn/resource_manager.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "base/utf8.h"
#include "rpc/call.h"
#include "yarn/convert_launch.h"
#include "yarn/convert_reports.h"
#include "yarn/iso8601.h"

namespace knit::yarn {
namespace {

// A field without which the answer says nothing.
Error missing(std::string_view method, std::string_view field) {
  return Error(ErrorCode::kDataLoss,
               fmt::format("the ResourceManager's answer to {} has no {}", method, field));
}

pb::GetApplicationsRequestProto to_request(const ApplicationFilter& filter) {
  pb::GetApplicationsRequestProto request;
  for (const auto state : filter.states) {
    if (const auto known = write(state)) request.add_application_states(*known);
  }
  for (const auto& user : filter.users) request.add_users(user);
  for (const auto& queue : filter.queues) request.add_queues(queue);
  for (const auto& type : filter.types) request.add_application_types(type);
  for (const auto& tag : filter.tags) request.add_applicationtags(base::lower(tag));
  if (filter.started_after) {
    request.set_start_begin(filter.started_after->time_since_epoch().count());
    request.set_start_end(std::numeric_limits<std::int64_t>::max());
  }
  if (!filter.name.empty()) {
    // Older ResourceManagers ignore the name: then the limit must not cut before we have looked.
    request.set_name(filter.name);
  } else if (filter.limit) {
    request.set_limit(*filter.limit);
  }
  return request;
}

}  // namespace

io::Task<Result<NewApplication>> ResourceManager::new_application() {
  pb::GetNewApplicationRequestProto request;
  KNIT_CO_TRY(const auto answer,
              co_await rpc::call<pb::GetNewApplicationResponseProto>(caller_, "getNewApplication", request));
  if (!answer.has_application_id()) co_return missing("getNewApplication", "application id");
  co_return NewApplication{read(answer.application_id()), read(answer.maximumcapability(), units_)};
}

io::Task<Status> ResourceManager::submit(SubmissionContext context) {
  pb::SubmitApplicationRequestProto request;
  write(context, *request.mutable_application_submission_context());
  KNIT_CO_TRY_VOID(
      co_await rpc::call<pb::SubmitApplicationResponseProto>(caller_, "submitApplication", request));
  co_return Status{};
}

io::Task<Result<ApplicationReport>> ResourceManager::report(ApplicationId id) {
  pb::GetApplicationReportRequestProto request;
  write(id, *request.mutable_application_id());
  KNIT_CO_TRY(const auto answer, co_await rpc::call<pb::GetApplicationReportResponseProto>(
                                     caller_, "getApplicationReport", request));
  if (!answer.has_application_report()) co_return missing("getApplicationReport", "report");
  co_return read(answer.application_report(), units_);
}

io::Task<Result<std::vector<ApplicationReport>>> ResourceManager::list(ApplicationFilter filter) {
  const auto request = to_request(filter);
  KNIT_CO_TRY(const auto answer,
              co_await rpc::call<pb::GetApplicationsResponseProto>(caller_, "getApplications", request));
  std::vector<ApplicationReport> reports;
  for (const auto& report : answer.applications()) {
    if (!filter.name.empty() && report.name() != filter.name) continue;
    if (filter.limit && std::cmp_greater_equal(reports.size(), *filter.limit)) break;
    reports.push_back(read(report, units_));
  }
  co_return reports;
}

io::Task<Result<bool>> ResourceManager::kill(ApplicationId id, std::string diagnostics) {
  pb::KillApplicationRequestProto request;
  write(id, *request.mutable_application_id());
  if (!diagnostics.empty()) request.set_diagnostics(diagnostics);
  KNIT_CO_TRY(const auto answer,
              co_await rpc::call<pb::KillApplicationResponseProto>(caller_, "forceKillApplication", request));
  co_return answer.is_kill_completed();
}

io::Task<Status> ResourceManager::move(ApplicationId id, std::string queue) {
  pb::MoveApplicationAcrossQueuesRequestProto request;
  write(id, *request.mutable_application_id());
  request.set_target_queue(std::move(queue));
  KNIT_CO_TRY_VOID(co_await rpc::call<pb::MoveApplicationAcrossQueuesResponseProto>(
      caller_, "moveApplicationAcrossQueues", request));
  co_return Status{};
}

io::Task<Status> ResourceManager::set_expiry(ApplicationId id, WallTime expires) {
  pb::UpdateApplicationTimeoutsRequestProto request;
  write(id, *request.mutable_applicationid());
  auto& timeout = *request.add_application_timeouts();
  timeout.set_application_timeout_type(pb::APP_TIMEOUT_LIFETIME);
  timeout.set_expire_time(to_iso8601(expires));
  KNIT_CO_TRY_VOID(co_await rpc::call<pb::UpdateApplicationTimeoutsResponseProto>(
      caller_, "updateApplicationTimeouts", request));
  co_return Status{};
}

io::Task<Result<std::vector<AttemptReport>>> ResourceManager::attempts(ApplicationId id) {
  pb::GetApplicationAttemptsRequestProto request;
  write(id, *request.mutable_application_id());
  KNIT_CO_TRY(const auto answer, co_await rpc::call<pb::GetApplicationAttemptsResponseProto>(
                                     caller_, "getApplicationAttempts", request));
  std::vector<AttemptReport> attempts;
  for (const auto& attempt : answer.application_attempts()) attempts.push_back(read(attempt));
  co_return attempts;
}

io::Task<Result<AttemptReport>> ResourceManager::attempt(ApplicationAttemptId id) {
  pb::GetApplicationAttemptReportRequestProto request;
  write(id, *request.mutable_application_attempt_id());
  KNIT_CO_TRY(const auto answer, co_await rpc::call<pb::GetApplicationAttemptReportResponseProto>(
                                     caller_, "getApplicationAttemptReport", request));
  if (!answer.has_application_attempt_report()) co_return missing("getApplicationAttemptReport", "report");
  co_return read(answer.application_attempt_report());
}

io::Task<Result<std::vector<ContainerReport>>> ResourceManager::containers(ApplicationAttemptId id) {
  pb::GetContainersRequestProto request;
  write(id, *request.mutable_application_attempt_id());
  KNIT_CO_TRY(const auto answer,
              co_await rpc::call<pb::GetContainersResponseProto>(caller_, "getContainers", request));
  std::vector<ContainerReport> containers;
  for (const auto& container : answer.containers()) containers.push_back(read(container, units_));
  co_return containers;
}

io::Task<Result<std::vector<NodeReport>>> ResourceManager::nodes(std::vector<NodeState> states) {
  pb::GetClusterNodesRequestProto request;
  for (const auto state : states) {
    if (const auto known = write(state)) request.add_nodestates(*known);
  }
  KNIT_CO_TRY(const auto answer,
              co_await rpc::call<pb::GetClusterNodesResponseProto>(caller_, "getClusterNodes", request));
  std::vector<NodeReport> nodes;
  for (const auto& node : answer.nodereports()) nodes.push_back(read(node, units_));
  co_return nodes;
}

io::Task<Result<QueueInfo>> ResourceManager::queue(std::string name, bool children, bool recursive) {
  pb::GetQueueInfoRequestProto request;
  request.set_queuename(name);
  request.set_includeapplications(false);
  request.set_includechildqueues(children || recursive);
  request.set_recursive(recursive);
  KNIT_CO_TRY(const auto answer,
              co_await rpc::call<pb::GetQueueInfoResponseProto>(caller_, "getQueueInfo", request));
  if (!answer.has_queueinfo()) {
    // The ResourceManager logs the exception and answers nothing (ClientRMService.getQueueInfo, 3.4.1).
    co_return Error(ErrorCode::kNotFound, fmt::format("the ResourceManager has no queue '{}'", name));
  }
  co_return read(answer.queueinfo());
}

io::Task<Result<std::vector<QueueAccess>>> ResourceManager::queue_access() {
  pb::GetQueueUserAclsInfoRequestProto request;
  KNIT_CO_TRY(const auto answer, co_await rpc::call<pb::GetQueueUserAclsInfoResponseProto>(
                                     caller_, "getQueueUserAcls", request));
  std::vector<QueueAccess> queues;
  for (const auto& entry : answer.queueuseracls()) {
    QueueAccess access{entry.queuename()};
    for (const auto acl : entry.useracls()) {
      if (acl == pb::QACL_SUBMIT_APPLICATIONS) access.may_submit = true;
      if (acl == pb::QACL_ADMINISTER_QUEUE) access.may_administer = true;
    }
    queues.push_back(std::move(access));
  }
  co_return queues;
}

io::Task<Result<ClusterMetrics>> ResourceManager::cluster_metrics() {
  pb::GetClusterMetricsRequestProto request;
  KNIT_CO_TRY(const auto answer,
              co_await rpc::call<pb::GetClusterMetricsResponseProto>(caller_, "getClusterMetrics", request));
  if (!answer.has_cluster_metrics()) co_return missing("getClusterMetrics", "metrics");
  co_return read(answer.cluster_metrics());
}

io::Task<Result<std::vector<ResourceType>>> ResourceManager::resource_types() {
  pb::GetAllResourceTypeInfoRequestProto request;
  auto answer =
      co_await rpc::call<pb::GetAllResourceTypeInfoResponseProto>(caller_, "getResourceTypeInfo", request);
  std::vector<ResourceType> types;
  if (answer) {
    for (const auto& type : answer->resource_type_info()) types.push_back(read(type));
  } else if (answer.error().is_remote("RpcNoSuchMethodException")) {
    types = {{std::string(kMemoryType), "Mi"}, {std::string(kVcoresType), ""}};
  } else {
    co_return std::move(answer).error();
  }
  units_ = units_of(types);
  co_return types;
}

io::Task<Result<std::vector<NodeLabel>>> ResourceManager::node_labels() {
  pb::GetClusterNodeLabelsRequestProto request;
  KNIT_CO_TRY(const auto answer, co_await rpc::call<pb::GetClusterNodeLabelsResponseProto>(
                                     caller_, "getClusterNodeLabels", request));
  std::vector<NodeLabel> labels;
  for (const auto& label : answer.nodelabels()) labels.push_back({label.name(), label.isexclusive()});
  // The form before 2.8 lists names alone.
  if (labels.empty()) {
    for (const auto& name : answer.deprecatednodelabels()) labels.push_back({name});
  }
  co_return labels;
}

}  // namespace knit::yarn
