// The Client's part about running applications and their masters.
#include <knit/client.h>

#include "api/client_impl.h"
#include "base/try.h"
#include "client/control.h"
#include "client/launch.h"

namespace knit {

Result<ApplicationReport> Client::stop(const ApplicationId& id, std::chrono::milliseconds grace,
                                       std::stop_token stop) {
  const auto make = [&]() -> io::Task<Result<ApplicationReport>> {
    auto stopped = co_await client::stop_application(*impl_->session, id, grace);
    if (stopped) co_await client::settle_run(*impl_->session, id, "");
    co_return stopped;
  };
  return impl_->call<ApplicationReport>(id, make, std::move(stop));
}

Result<ScaleResult> Client::scale(const ApplicationId& id, const ScaleRequest& request,
                                  std::stop_token stop) {
  return impl_->call<ScaleResult>(
      id, [&] { return client::scale_application(*impl_->session, id, request); }, std::move(stop));
}

Status Client::restart(const ApplicationId& id, std::int32_t instance, std::chrono::milliseconds grace) {
  const auto make = [&]() -> io::Task<Result<bool>> {
    KNIT_CO_TRY_VOID(co_await client::restart_instance(*impl_->session, id, instance, grace));
    co_return true;
  };
  KNIT_TRY_VOID(impl_->call<bool>(id, make));
  return {};
}

Result<std::vector<InstanceReport>> Client::instances(const ApplicationId& id,
                                                      const std::function<void(const std::string&)>& notice,
                                                      std::stop_token stop) {
  const auto told = notice ? notice : [](const std::string&) {};
  return impl_->call<std::vector<InstanceReport>>(
      id, [&] { return client::list_instances(*impl_->session, id, told); }, std::move(stop));
}

Result<std::string> Client::export_key(const ApplicationId& id) {
  return impl_->call<std::string>(id, [&] { return client::export_key(*impl_->session, id); });
}

Result<ApplicationId> Client::import_key(const std::string& text) {
  return impl_->call<ApplicationId>([&] { return client::import_key(*impl_->session, text); });
}

}  // namespace knit
