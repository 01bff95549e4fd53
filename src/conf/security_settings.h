// Who we are to the cluster, and what Hadoop RPC protects.
#pragma once

#include <optional>

#include "conf/settings.h"

namespace knit::conf {

enum class SecurityMode { kSimple, kKerberos };

// hadoop.security.authentication, in any case as in SecurityUtil.getAuthenticationMethod. kInvalidArgument
// for anything but simple and kerberos.
Result<SecurityMode> security_mode(const Settings& settings);

// kUnimplemented on a cluster with Kerberos: names the setting and its origin. To be asked before anything is
// sent.
Status require_simple_security(const Settings& settings);

// The user whom a cluster without authentication takes us for: HADOOP_USER_NAME, else the login name
// (UserGroupInformation.HadoopLoginModule). kFailedPrecondition if neither is known or security is not
// simple.
Result<std::string> user_name(const Settings& settings);

// What SASL may protect, from hadoop.rpc.protection and dfs.data.transfer.protection.
enum class Protection { kAuthentication, kIntegrity, kPrivacy };

// What rpc needs to know.
struct RpcSettings {
  std::vector<Protection> protection;         // hadoop.rpc.protection, in order of preference; never empty
  ByteSize maximum_response;                  // ipc.maximum.response.length
  ByteSize maximum_request;                   // ipc.maximum.data.length
  std::chrono::milliseconds ping_interval{};  // ipc.ping.interval
};
Result<RpcSettings> rpc_settings(const Settings& settings);

// A list of "authentication", "integrity", "privacy" in any case (SaslRpcServer.QualityOfProtection).
Result<std::vector<Protection>> protection_list(const Settings& settings, std::string_view key);

}  // namespace knit::conf
