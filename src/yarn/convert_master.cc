#include "yarn/convert_master.h"

#include <fmt/format.h>

#include "base/try.h"

namespace knit::yarn {
namespace {

Error incomplete(std::string_view what) {
  return Error(ErrorCode::kDataLoss, fmt::format("the answer names {}", what));
}

Result<NmToken> read_nm_token(const pb::NMTokenProto& in) {
  if (!in.has_nodeid() || !in.has_token()) return incomplete("an NMToken without node or token");
  return NmToken{read(in.nodeid()), read(in.token())};
}

Status read_nm_tokens(const google::protobuf::RepeatedPtrField<pb::NMTokenProto>& in,
                      std::vector<NmToken>& out) {
  for (const auto& each : in) {
    KNIT_TRY(auto token, read_nm_token(each));
    out.push_back(std::move(token));
  }
  return {};
}

Status read_containers(const google::protobuf::RepeatedPtrField<pb::ContainerProto>& in,
                       const ResourceUnits& units, std::vector<Container>& out) {
  for (const auto& each : in) {
    KNIT_TRY(auto container, read(each, units));
    out.push_back(std::move(container));
  }
  return {};
}

Preemption read_preemption(const pb::PreemptionMessageProto& in, const ResourceUnits& units) {
  Preemption out;
  for (const auto& container : in.strictcontract().container()) out.strict.push_back(read(container.id()));
  for (const auto& container : in.contract().container()) out.negotiable.push_back(read(container.id()));
  for (const auto& each : in.contract().resource()) out.amounts.push_back(read(each.resource(), units));
  return out;
}

MasterCommand read_command(pb::AMCommandProto command) {
  switch (command) {
    case pb::AM_RESYNC:
      return MasterCommand::kResync;
    case pb::AM_SHUTDOWN:
      return MasterCommand::kShutdown;
  }
  return MasterCommand::kNone;
}

AccessLists read_access(const pb::RegisterApplicationMasterResponseProto& in) {
  AccessLists access;
  for (const auto& entry : in.application_acls()) {
    if (entry.accesstype() == pb::APPACCESS_VIEW_APP && entry.has_accesstype()) access.view = entry.acl();
    if (entry.accesstype() == pb::APPACCESS_MODIFY_APP) access.modify = entry.acl();
  }
  return access;
}

}  // namespace

void write(const AllocateRequest& request, pb::AllocateRequestProto& out) {
  for (const auto& ask : request.asks) write(ask, *out.add_ask());
  for (const auto& id : request.releases) write(id, *out.add_release());
  auto& blacklist = *out.mutable_blacklist_request();  // Java's client always sends it
  for (const auto& host : request.blacklist_additions) blacklist.add_blacklist_additions(host);
  for (const auto& host : request.blacklist_removals) blacklist.add_blacklist_removals(host);
  out.set_response_id(request.response_id);
  out.set_progress(request.progress);
  if (request.tracking_url) out.set_tracking_url(*request.tracking_url);
}

Result<Container> read(const pb::ContainerProto& in, const ResourceUnits& units) {
  if (!in.has_id() || !in.has_nodeid()) return incomplete("a container without id or node");
  Container out;
  out.id = read(in.id());
  out.node = read(in.nodeid());
  out.node_http_address = in.node_http_address();
  out.resource = read(in.resource(), units);
  out.priority = in.priority().priority();
  out.token = read(in.container_token());
  if (in.execution_type() == pb::OPPORTUNISTIC) out.execution = ExecutionType::kOpportunistic;
  out.allocation_request_id = in.allocation_request_id();
  out.version = in.version();
  return out;
}

Result<ContainerStatus> read(const pb::ContainerStatusProto& in) {
  if (!in.has_container_id()) return incomplete("a container's status without its id");
  ContainerStatus out;
  out.id = read(in.container_id());
  out.state = in.has_state() ? read(in.state()) : ContainerState::kUnknown;
  out.exit_status = in.exit_status();
  out.diagnostics = text_or_empty(in.diagnostics());
  return out;
}

Result<RegisterResponse> read(const pb::RegisterApplicationMasterResponseProto& in) {
  RegisterResponse out;
  for (const auto& type : in.resource_types()) out.resource_types.push_back(read(type));
  const auto units = units_of(out.resource_types);
  out.maximum = read(in.maximumcapability(), units);
  out.queue = in.queue();
  out.access = read_access(in);
  KNIT_TRY_VOID(read_containers(in.containers_from_previous_attempts(), units, out.previous_containers));
  KNIT_TRY_VOID(read_nm_tokens(in.nm_tokens_from_previous_attempts(), out.nm_tokens));
  return out;
}

Result<AllocateResponse> read(const pb::AllocateResponseProto& in, const ResourceUnits& units) {
  AllocateResponse out;
  out.response_id = in.response_id();
  if (in.has_a_m_command()) out.command = read_command(in.a_m_command());
  for (const auto& container : in.allocated_containers()) {
    if (!container.has_container_token()) return incomplete("a container without a token to start it with");
  }
  KNIT_TRY_VOID(read_containers(in.allocated_containers(), units, out.allocated));
  for (const auto& each : in.completed_container_statuses()) {
    KNIT_TRY(auto status, read(each));
    out.completed.push_back(std::move(status));
  }
  KNIT_TRY_VOID(read_nm_tokens(in.nm_tokens(), out.nm_tokens));
  if (in.has_am_rm_token()) out.amrm_token = read(in.am_rm_token());
  for (const auto& node : in.updated_nodes()) out.updated_nodes.push_back(read(node, units));
  out.nodes = in.num_cluster_nodes();
  if (in.has_limit()) out.available = read(in.limit(), units);
  if (in.has_preempt()) out.preemption = read_preemption(in.preempt(), units);
  if (in.has_application_priority()) out.priority = in.application_priority().priority();
  KNIT_TRY_VOID(read_containers(in.containers_from_previous_attempts(), units, out.previous_containers));
  return out;
}

}  // namespace knit::yarn
