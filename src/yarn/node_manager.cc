#include "yarn/node_manager.h"

#include <fmt/format.h>

#include <map>

#include "base/try.h"
#include "rpc/call.h"
#include "rpc/error_map.h"
#include "yarn/convert_launch.h"
#include "yarn/convert_master.h"
#include "yarn/proto/yarn_container.pb.h"

namespace knit::yarn {
namespace {

using Failures = std::map<ContainerId, Error>;

Error to_error(const pb::SerializedExceptionProto& exception) {
  rpc::Answer answer;
  answer.status = rpc::AnswerStatus::kError;
  answer.exception_class = exception.class_name();
  answer.message = exception.message();
  return rpc::to_error(answer);
}

template <class Repeated>
Failures read_failures(const Repeated& in) {
  Failures failures;
  for (const auto& entry : in)
    failures.insert_or_assign(read(entry.container_id()), to_error(entry.exception()));
  return failures;
}

template <class Repeated>
std::vector<Status> statuses_of(const std::vector<ContainerId>& ids, const Repeated& succeeded,
                                const Failures& failures) {
  std::map<ContainerId, bool> done;
  for (const auto& id : succeeded) done[read(id)] = true;
  std::vector<Status> results;
  for (const auto& id : ids) {
    if (const auto failure = failures.find(id); failure != failures.end()) {
      results.emplace_back(failure->second);
    } else if (done.contains(id)) {
      results.emplace_back();
    } else {
      results.emplace_back(Error(ErrorCode::kDataLoss,
                                 fmt::format("the NodeManager's answer does not mention {}", to_string(id))));
    }
  }
  return results;
}

pb::SignalContainerCommandProto write(ContainerSignal signal) {
  switch (signal) {
    case ContainerSignal::kThreadDump:
      return pb::OUTPUT_THREAD_DUMP;
    case ContainerSignal::kTerminate:
      return pb::GRACEFUL_SHUTDOWN;
    case ContainerSignal::kKill:
      return pb::FORCEFUL_SHUTDOWN;
  }
  return pb::FORCEFUL_SHUTDOWN;
}

}  // namespace

io::Task<Result<std::vector<Status>>> NodeManager::start(std::vector<StartRequest> requests) {
  pb::StartContainersRequestProto message;
  std::vector<ContainerId> ids;
  for (const auto& request : requests) {
    auto& out = *message.add_start_container_request();
    write(request.context, *out.mutable_container_launch_context());
    write(request.token, *out.mutable_container_token());
    ids.push_back(request.id);
  }
  KNIT_CO_TRY(const auto answer, co_await rpc::call<pb::StartContainersResponseProto>(
                                     caller_, "startContainers", message, {.repeat = rpc::Repeat::kNever}));
  co_return statuses_of(ids, answer.succeeded_requests(), read_failures(answer.failed_requests()));
}

io::Task<Result<std::vector<Status>>> NodeManager::stop(std::vector<ContainerId> ids) {
  pb::StopContainersRequestProto message;
  for (const auto& id : ids) write(id, *message.add_container_id());
  KNIT_CO_TRY(const auto answer,
              co_await rpc::call<pb::StopContainersResponseProto>(caller_, "stopContainers", message));
  co_return statuses_of(ids, answer.succeeded_requests(), read_failures(answer.failed_requests()));
}

io::Task<Result<std::vector<Result<ContainerStatus>>>> NodeManager::statuses(std::vector<ContainerId> ids) {
  pb::GetContainerStatusesRequestProto message;
  for (const auto& id : ids) write(id, *message.add_container_id());
  KNIT_CO_TRY(const auto answer, co_await rpc::call<pb::GetContainerStatusesResponseProto>(
                                     caller_, "getContainerStatuses", message));
  const auto failures = read_failures(answer.failed_requests());
  std::map<ContainerId, ContainerStatus> known;
  for (const auto& status : answer.status()) {
    KNIT_CO_TRY(auto value, read(status));
    known[value.id] = std::move(value);
  }
  std::vector<Result<ContainerStatus>> results;
  for (const auto& id : ids) {
    if (const auto failure = failures.find(id); failure != failures.end()) {
      results.emplace_back(failure->second);
    } else if (const auto status = known.find(id); status != known.end()) {
      results.emplace_back(status->second);
    } else {
      results.emplace_back(Error(ErrorCode::kDataLoss,
                                 fmt::format("the NodeManager's answer does not mention {}", to_string(id))));
    }
  }
  co_return results;
}

io::Task<Status> NodeManager::signal(ContainerId id, ContainerSignal signal) {
  pb::SignalContainerRequestProto message;
  write(id, *message.mutable_container_id());
  message.set_command(write(signal));
  KNIT_CO_TRY_VOID(
      co_await rpc::call<pb::SignalContainerResponseProto>(caller_, "signalToContainer", message));
  co_return Status{};
}

}  // namespace knit::yarn
