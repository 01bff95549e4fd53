// The Client's part about starting applications, and about the cache.
#include <knit/client.h>

#include "api/client_impl.h"
#include "api/masters.h"
#include "client/launch.h"
#include "conf/environment.h"

namespace knit {
namespace {

client::LaunchOptions launch_options() {
  return {built_masters(), {}};
}

}  // namespace

std::optional<std::string> Client::environment_variable(const std::string& name) {
  return conf::Environment::of_process().get(name);
}

Result<Plan> Client::plan(const RunSpec& spec) {
  return impl_->call<Plan>([&] { return client::plan_run(*impl_->session, spec, launch_options()); });
}

Result<ApplicationId> Client::submit(const RunSpec& spec, RunObserver& observer, std::stop_token stop) {
  return impl_->call<ApplicationId>(
      [&] { return client::submit_run(*impl_->session, spec, launch_options(), observer); }, std::move(stop));
}

Result<std::vector<CacheEntry>> Client::cache_list() {
  return impl_->call<std::vector<CacheEntry>>([&] { return client::list_cache(*impl_->session); });
}

Result<std::vector<CacheEntry>> Client::cache_collect(std::chrono::hours age) {
  return impl_->call<std::vector<CacheEntry>>([&] { return client::collect_cache(*impl_->session, age); });
}

}  // namespace knit
