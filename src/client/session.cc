#include "client/session.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <knit/version.h>

#include <functional>
#include <utility>

#include "base/try.h"
#include "conf/hdfs_settings.h"
#include "conf/security_settings.h"
#include "conf/yarn_settings.h"
#include "hdfs/connect.h"

namespace knit::client {
namespace {

// What Hadoop's audit logs show of us.
std::string program() {
  return fmt::format("knit/{}", kVersion);
}

rpc::Service resource_manager_service(const std::vector<conf::Endpoint>& endpoints, const std::string& user,
                                      std::function<std::string()> caller_context) {
  rpc::Service service;
  service.name = "ResourceManager";
  service.protocol = std::string(yarn::kResourceManagerProtocol);
  for (const auto& endpoint : endpoints) service.addresses.push_back({endpoint.host, endpoint.port});
  service.identity.user = user;
  service.caller_context = std::move(caller_context);
  return service;
}

rpc::Limits limits_for(std::chrono::milliseconds connect_timeout) {
  rpc::Limits limits;
  limits.connect_timeout = connect_timeout;
  limits.first_answer = connect_timeout;
  return limits;
}

}  // namespace

Result<std::unique_ptr<Session>> Session::open(conf::Settings settings,
                                               std::chrono::milliseconds connect_timeout) {
  KNIT_TRY_VOID(conf::require_simple_security(settings));
  KNIT_TRY(auto user, conf::user_name(settings));
  KNIT_TRY(auto endpoints, conf::resource_managers(settings, conf::ResourceManagerService::kClient));
  return std::unique_ptr<Session>(
      new Session(std::move(settings), std::move(user), connect_timeout, std::move(endpoints)));
}

Session::Session(conf::Settings settings, std::string user, std::chrono::milliseconds connect_timeout,
                 std::vector<conf::Endpoint> resource_managers)
    : settings_(std::move(settings)),
      user_(std::move(user)),
      caller_context_(std::make_shared<std::string>(program())),
      connect_timeout_(connect_timeout),
      rpc_(resource_manager_service(resource_managers, user_,
                                    [context = caller_context_] { return *context; }),
           limits_for(connect_timeout)),
      resource_manager_(rpc_) {}

Session::~Session() = default;

void Session::about(const ApplicationId& id) {
  if (about_.size() < 2) about_.insert(id);
  *caller_context_ = about_.size() == 1 ? fmt::format("{} {}", program(), to_string(id)) : program();
}

std::string Session::resource_manager_address() const {
  std::vector<std::string> addresses;
  for (const auto& address : rpc_.service().addresses) addresses.push_back(io::to_string(address));
  return fmt::format("{}", fmt::join(addresses, ", "));
}

Result<hdfs::HdfsFileSystem*> Session::file_system(const std::string& uri, std::string_view what) {
  KNIT_TRY(const auto authority, conf::hdfs_authority(settings_, uri, what));
  auto found = file_systems_.find(authority);
  if (found == file_systems_.end()) {
    auto opened = hdfs::open_file_system(settings_, authority, user_, limits_for(connect_timeout_),
                                         [context = caller_context_] { return *context; });
    if (!opened) return std::move(opened).error().with_context(what);
    found = file_systems_.emplace(authority, *std::move(opened)).first;
  }
  return found->second.get();
}

io::Task<void> Session::close() {
  for (auto& [authority, file_system] : file_systems_) co_await file_system->shut_down();
}

}  // namespace knit::client
