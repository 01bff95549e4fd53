#include "conf/security_settings.h"

#include <fmt/format.h>

#include "base/try.h"
#include "conf/text.h"

namespace knit::conf {
namespace {
constexpr std::string_view kAuthentication = "hadoop.security.authentication";
}

Result<SecurityMode> security_mode(const Settings& settings) {
  KNIT_TRY(const auto value, settings.get(kAuthentication));
  const auto mode = lower(value);
  if (mode == "simple") return SecurityMode::kSimple;
  if (mode == "kerberos") return SecurityMode::kKerberos;
  return settings.bad_value(kAuthentication, "is neither simple nor kerberos");
}

Status require_simple_security(const Settings& settings) {
  KNIT_TRY(const auto mode, security_mode(settings));
  if (mode == SecurityMode::kSimple) return {};
  const auto entry = settings.entry(kAuthentication);
  return Error(
      ErrorCode::kUnimplemented,
      fmt::format("the cluster asks for Kerberos ({} = {}, {}), which this version of Knit does not speak; "
                  "nothing was sent",
                  kAuthentication, entry->value, to_string(entry->origin)));
}

Result<std::string> user_name(const Settings& settings) {
  KNIT_TRY(const auto mode, security_mode(settings));
  if (mode != SecurityMode::kSimple) {
    return Error(ErrorCode::kFailedPrecondition,
                 "on a cluster with Kerberos the ticket says who the user is");
  }
  const auto& environment = settings.environment();
  auto name = environment.get_or_empty("HADOOP_USER_NAME");
  if (name.empty()) name = environment.login_name();
  if (name.empty()) {
    return Error(
        ErrorCode::kFailedPrecondition,
        "there is no user name: this account has no entry in the user database; set HADOOP_USER_NAME");
  }
  return name;
}

Result<std::vector<Protection>> protection_list(const Settings& settings, std::string_view key) {
  KNIT_TRY(const auto names, settings.get_strings(key));
  std::vector<Protection> out;
  for (const auto& name : names) {
    const auto text = lower(name);
    if (text == "authentication") {
      out.push_back(Protection::kAuthentication);
    } else if (text == "integrity") {
      out.push_back(Protection::kIntegrity);
    } else if (text == "privacy") {
      out.push_back(Protection::kPrivacy);
    } else {
      return settings.bad_value(key, "is no list of authentication, integrity and privacy");
    }
  }
  return out;
}

Result<RpcSettings> rpc_settings(const Settings& settings) {
  RpcSettings out;
  KNIT_TRY(out.protection, protection_list(settings, "hadoop.rpc.protection"));
  if (out.protection.empty()) out.protection.push_back(Protection::kAuthentication);
  // A frame's length is an int32 on the wire.
  KNIT_TRY(const auto response, settings.get_int("ipc.maximum.response.length", 1024, INT32_MAX));
  KNIT_TRY(const auto request, settings.get_int("ipc.maximum.data.length", 1024, INT32_MAX));
  out.maximum_response = ByteSize::bytes(response);
  out.maximum_request = ByteSize::bytes(request);
  KNIT_TRY(out.ping_interval, settings.get_time("ipc.ping.interval", std::chrono::milliseconds(1)));
  return out;
}

}  // namespace knit::conf
