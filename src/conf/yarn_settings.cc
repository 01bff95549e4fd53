#include "conf/yarn_settings.h"

#include <fmt/format.h>

#include "base/try.h"
#include "conf/text.h"

namespace knit::conf {
namespace {

struct Service {
  std::string_view key;
  std::uint16_t port;  // YarnConfiguration.DEFAULT_RM_*_PORT
};

Service service_of(ResourceManagerService service) {
  switch (service) {
    case ResourceManagerService::kClient:
      return {"yarn.resourcemanager.address", 8032};
    case ResourceManagerService::kScheduler:
      return {"yarn.resourcemanager.scheduler.address", 8030};
    case ResourceManagerService::kWeb:
      return {"yarn.resourcemanager.webapp.address", 8088};
    case ResourceManagerService::kWebTls:
      break;
  }
  return {"yarn.resourcemanager.webapp.https.address", 8090};
}

Result<Endpoint> endpoint_of(const Settings& settings, const std::string& key, std::uint16_t port,
                             std::string id = {}) {
  KNIT_TRY(const auto text, settings.get(key));
  auto endpoint = parse_endpoint(text, port, std::move(id));
  if (!endpoint) return settings.bad_value(key, endpoint.error().message());
  return endpoint;
}

LogFormat::Kind kind_of(const std::string& name, const std::string& java_class) {
  if (java_class.ends_with(".LogAggregationTFileController")) return LogFormat::Kind::kTFile;
  if (java_class.ends_with(".LogAggregationIndexedFileController")) return LogFormat::Kind::kIndexed;
  // The client's files may list a format without its class, which only daemons need.
  if (java_class.empty() && lower(name) == "ifile") return LogFormat::Kind::kIndexed;
  return LogFormat::Kind::kOther;
}

}  // namespace

Result<std::vector<Endpoint>> resource_managers(const Settings& settings, ResourceManagerService service) {
  const auto [key, port] = service_of(service);
  std::vector<Endpoint> out;
  KNIT_TRY(const bool ha, settings.get_bool("yarn.resourcemanager.ha.enabled"));
  if (!ha) {
    KNIT_TRY(out.emplace_back(), endpoint_of(settings, std::string(key), port));
    return out;
  }
  KNIT_TRY(const auto ids, settings.get_strings("yarn.resourcemanager.ha.rm-ids"));
  if (ids.empty()) {
    return Error(ErrorCode::kInvalidArgument,
                 "yarn.resourcemanager.ha.enabled is true, but yarn.resourcemanager.ha.rm-ids names no "
                 "ResourceManager");
  }
  for (const auto& id : ids) {
    std::string used = fmt::format("{}.{}", key, id);
    if (!settings.is_set(used)) {
      const auto hostname = fmt::format("yarn.resourcemanager.hostname.{}", id);
      if (!settings.is_set(hostname)) {
        return Error(
            ErrorCode::kInvalidArgument,
            fmt::format("ResourceManager {} (yarn.resourcemanager.ha.rm-ids) has no address: set {} or {}",
                        id, hostname, used));
      }
      used = hostname;
    }
    KNIT_TRY(out.emplace_back(), endpoint_of(settings, used, port, id));
  }
  return out;
}

Result<std::vector<Endpoint>> master_scheduler(const Settings& settings) {
  KNIT_TRY(const bool proxy, settings.get_bool("yarn.nodemanager.amrmproxy.enabled"));
  if (proxy) {
    KNIT_TRY(auto endpoint, endpoint_of(settings, "yarn.nodemanager.amrmproxy.address", 8049));
    if (endpoint.is_wildcard()) endpoint.host = "localhost";
    return std::vector<Endpoint>{std::move(endpoint)};
  }
  KNIT_TRY(auto endpoints, resource_managers(settings, ResourceManagerService::kScheduler));
  for (const auto& endpoint : endpoints) {
    if (!endpoint.is_wildcard()) continue;
    return Error(
        ErrorCode::kFailedPrecondition,
        fmt::format(
            "the scheduler's address is {}, which names no machine: set yarn.resourcemanager.hostname or "
            "yarn.resourcemanager.scheduler.address in the node's yarn-site.xml or the submitter's",
            to_string(endpoint)));
  }
  return endpoints;
}

Result<bool> yarn_web_uses_tls(const Settings& settings) {
  KNIT_TRY(const auto policy, settings.get("yarn.http.policy"));
  if (policy == "HTTPS_ONLY") return true;
  if (policy == "HTTP_ONLY") return false;
  return settings.bad_value("yarn.http.policy", "is neither HTTP_ONLY nor HTTPS_ONLY");
}

Result<WebEndpoints> resource_manager_web(const Settings& settings) {
  WebEndpoints out;
  KNIT_TRY(out.tls, yarn_web_uses_tls(settings));
  KNIT_TRY(out.endpoints, resource_managers(settings, out.tls ? ResourceManagerService::kWebTls
                                                              : ResourceManagerService::kWeb));
  return out;
}

Result<LogSettings> log_settings(const Settings& settings) {
  LogSettings out;
  KNIT_TRY(out.aggregated, settings.get_bool("yarn.log-aggregation-enable"));
  KNIT_TRY(out.include_older, settings.get_bool("yarn.nodemanager.remote-app-log-dir-include-older"));
  KNIT_TRY(out.older_directory, settings.get("yarn.nodemanager.remote-app-log-dir"));
  KNIT_TRY(out.older_suffix, settings.get("yarn.nodemanager.remote-app-log-dir-suffix"));
  KNIT_TRY(const auto names, settings.get_strings("yarn.log-aggregation.file-formats"));
  for (const auto& name : names) {
    LogFormat format{name, {}, {}, {}};
    KNIT_TRY(const auto java_class,
             settings.get(fmt::format("yarn.log-aggregation.file-controller.{}.class", name)));
    format.kind = kind_of(name, java_class);
    KNIT_TRY(format.directory, settings.get(fmt::format("yarn.log-aggregation.{}.remote-app-log-dir", name)));
    if (format.directory.empty()) format.directory = out.older_directory;
    KNIT_TRY(format.suffix,
             settings.get(fmt::format("yarn.log-aggregation.{}.remote-app-log-dir-suffix", name)));
    if (format.suffix.empty()) format.suffix = fmt::format("{}-{}", out.older_suffix, lower(name));
    out.formats.push_back(std::move(format));
  }
  return out;
}

Result<SubmitLimits> submit_limits(const Settings& settings) {
  constexpr std::chrono::milliseconds kMs{1};
  SubmitLimits out;
  const bool global = settings.is_set("yarn.resourcemanager.am.global.max-attempts");
  KNIT_TRY(out.master_attempts, settings.get_int(global ? "yarn.resourcemanager.am.global.max-attempts"
                                                        : "yarn.resourcemanager.am.max-attempts",
                                                 1, INT32_MAX));
  KNIT_TRY(out.tags, settings.get_int("yarn.resourcemanager.application.max-tags", 0, INT32_MAX));
  KNIT_TRY(out.tag_length, settings.get_int("yarn.resourcemanager.application.max-tag.length", 0, INT32_MAX));
  KNIT_TRY(out.master_expiry, settings.get_time("yarn.am.liveness-monitor.expiry-interval-ms", kMs));
  return out;
}

Result<NodeSettings> node_settings(const Settings& settings) {
  NodeSettings out;
  KNIT_TRY(out.port_in_name, settings.get_bool("yarn.scheduler.include-port-in-node-name"));
  KNIT_TRY(out.heartbeat, settings.get_time("yarn.resourcemanager.nodemanagers.heartbeat-interval-ms",
                                            std::chrono::milliseconds(1)));
  return out;
}

}  // namespace knit::conf
