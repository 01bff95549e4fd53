#include <knit/client.h>

#include "api/client_impl.h"
#include "base/try.h"
#include "client/applications.h"
#include "client/launch.h"
#include "client/site_file.h"
#include "client/web_page.h"
#include "conf/load.h"

namespace knit {
namespace {

conf::Environment environment_for(const ClientOptions& options) {
  auto account = conf::Environment::of_process_and_account();
  if (options.user.empty()) return account;
  auto variables = account.variables();
  variables["HADOOP_USER_NAME"] = options.user;
  variables.try_emplace("HOME", account.home());
  return conf::Environment(std::move(variables));
}

}  // namespace

Result<std::unique_ptr<Client>> Client::open(const ClientOptions& options) {
  conf::Overrides overrides;
  if (!options.config_directory.empty()) overrides.config_dir = options.config_directory;
  overrides.properties = options.properties;
  KNIT_TRY(auto site, client::read_site_file(client::site_files()));
  const auto environment = environment_for(options);
  KNIT_TRY(auto settings, options.read_files
                              ? conf::load(environment, overrides, conf::kSystemDirectory, site)
                              : conf::load_overrides(environment, overrides, site));

  auto impl = std::make_unique<Impl>();
  auto opened = impl->call<bool>([&]() -> io::Task<Result<bool>> {
    KNIT_CO_TRY(impl->session, client::Session::open(std::move(settings), options.connect_timeout));
    co_return true;
  });
  if (!opened) return std::move(opened).error();
  return std::unique_ptr<Client>(new Client(std::move(impl)));
}

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

// A child after fork has no thread to stop or to join: what its parent owns stays as it is.
Client::~Client() {
  if (impl_->owner != getpid()) (void)impl_.release();
}

std::string Client::user() const {
  return impl_->session->user();
}

std::vector<Setting> Client::settings() const {
  std::vector<Setting> out;
  for (const auto& entry : impl_->session->settings().entries()) {
    const bool secret = conf::is_sensitive(entry.key);
    out.push_back({entry.key, secret ? "" : entry.value, conf::to_string(entry.origin), secret});
  }
  return out;
}

Result<std::vector<ApplicationReport>> Client::list(const ApplicationFilter& filter) {
  yarn::ApplicationFilter wanted;
  wanted.states = filter.states;
  wanted.users = filter.users;
  wanted.queues = filter.queues;
  wanted.types = filter.types;
  wanted.tags = filter.tags;
  wanted.name = filter.name;
  if (filter.limit > 0) wanted.limit = filter.limit;
  return impl_->call<std::vector<ApplicationReport>>(
      [&] { return client::list_applications(*impl_->session, wanted); });
}

Result<ApplicationReport> Client::report(const ApplicationId& id, std::stop_token stop) {
  return impl_->call<ApplicationReport>(
      id, [&] { return impl_->session->resource_manager().report(id); }, std::move(stop));
}

Result<std::vector<ContainerReport>> Client::containers(const ApplicationId& id, std::stop_token stop) {
  using Containers = std::vector<ContainerReport>;
  const auto make = [&]() -> io::Task<Result<Containers>> {
    auto& resource_manager = impl_->session->resource_manager();
    KNIT_CO_TRY(const auto report, co_await resource_manager.report(id));
    if (report.current_attempt.attempt == 0) co_return Containers();
    co_return co_await resource_manager.containers(report.current_attempt);
  };
  return impl_->call<Containers>(make, std::move(stop));
}

Result<std::vector<NodeReport>> Client::nodes(std::stop_token stop) {
  return impl_->call<std::vector<NodeReport>>([&] { return impl_->session->resource_manager().nodes({}); },
                                              std::move(stop));
}

Result<std::vector<QueueInfo>> Client::queues() {
  return impl_->call<std::vector<QueueInfo>>([&] { return client::list_queues(*impl_->session); });
}

Result<ClusterMetrics> Client::metrics() {
  return impl_->call<ClusterMetrics>([&] { return impl_->session->resource_manager().cluster_metrics(); });
}

Result<ApplicationReport> Client::move(const ApplicationId& id, const std::string& queue) {
  return impl_->call<ApplicationReport>(id,
                                        [&] { return client::move_application(*impl_->session, id, queue); });
}

Result<std::string> Client::resource_manager_page(const std::string& path, std::stop_token stop) {
  return impl_->call<std::string>([&] { return client::read_resource_manager_page(*impl_->session, path); },
                                  std::move(stop));
}

Result<bool> Client::kill(const ApplicationId& id, std::stop_token stop) {
  const auto make = [&]() -> io::Task<Result<bool>> {
    auto killed = co_await client::kill_application(*impl_->session, id);
    if (killed) co_await client::settle_run(*impl_->session, id, "");
    co_return killed;
  };
  return impl_->call<bool>(id, make, std::move(stop));
}

}  // namespace knit
