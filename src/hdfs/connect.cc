#include "hdfs/connect.h"

#include <cstring>
#include <utility>

#include "base/try.h"
#include "conf/hdfs_settings.h"
#include "conf/security_settings.h"
#include "rpc/client.h"
#include "security/random.h"

namespace knit::hdfs {

Result<std::unique_ptr<HdfsFileSystem>> open_file_system(const conf::Settings& settings,
                                                         const std::string& authority,
                                                         const std::string& user, rpc::Limits limits,
                                                         std::function<std::string()> caller_context) {
  KNIT_TRY(auto options, options_from(settings, user));
  options.connect_timeout = limits.connect_timeout;
  KNIT_TRY(const auto endpoints, conf::name_nodes(settings, authority));
  rpc::Service service;
  service.name = endpoints.size() > 1 ? "NameNode of " + authority : "NameNode";
  service.protocol = std::string(kNameNodeProtocol);
  for (const auto& endpoint : endpoints) service.addresses.push_back({endpoint.host, endpoint.port});
  service.identity.user = user;
  service.caller_context = std::move(caller_context);
  KNIT_TRY(const conf::RpcSettings rpc_settings, conf::rpc_settings(settings));
  limits.ping_interval = rpc_settings.ping_interval;
  limits.max_response = static_cast<std::size_t>(rpc_settings.maximum_response.bytes());
  limits.max_request = static_cast<std::size_t>(rpc_settings.maximum_request.bytes());
  KNIT_TRY(const auto random, security::random_bytes(sizeof(std::uint64_t)));
  std::uint64_t unique = 0;
  std::memcpy(&unique, random.data(), sizeof unique);
  return std::make_unique<HdfsFileSystem>(authority,
                                          std::make_unique<rpc::Client>(std::move(service), limits),
                                          make_data_nodes(options), options, unique);
}

}  // namespace knit::hdfs
