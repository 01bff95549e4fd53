#include "yarn/application_master.h"

#include "base/try.h"
#include "rpc/call.h"
#include "yarn/convert_master.h"

namespace knit::yarn {
namespace {

constexpr rpc::CallOptions kOnce{.repeat = rpc::Repeat::kNever};

}  // namespace

io::Task<Result<RegisterResponse>> MasterProtocol::register_master(RegisterRequest request) {
  pb::RegisterApplicationMasterRequestProto message;
  message.set_host(request.host);
  message.set_rpc_port(request.port);
  message.set_tracking_url(request.tracking_url);
  KNIT_CO_TRY(const auto answer, co_await rpc::call<pb::RegisterApplicationMasterResponseProto>(
                                     caller_, "registerApplicationMaster", message, kOnce));
  KNIT_CO_TRY(auto response, read(answer));
  units_ = units_of(response.resource_types);
  co_return response;
}

io::Task<Result<AllocateResponse>> MasterProtocol::allocate(AllocateRequest request) {
  pb::AllocateRequestProto message;
  write(request, message);
  KNIT_CO_TRY(const auto answer,
              co_await rpc::call<pb::AllocateResponseProto>(caller_, "allocate", message, kOnce));
  co_return read(answer, units_);
}

io::Task<Result<bool>> MasterProtocol::finish(FinishRequest request) {
  pb::FinishApplicationMasterRequestProto message;
  message.set_diagnostics(request.diagnostics);
  message.set_tracking_url(request.tracking_url);
  message.set_final_application_status(write(request.status).value_or(pb::APP_UNDEFINED));
  KNIT_CO_TRY(const auto answer, co_await rpc::call<pb::FinishApplicationMasterResponseProto>(
                                     caller_, "finishApplicationMaster", message, kOnce));
  co_return answer.isunregistered();
}

}  // namespace knit::yarn
