// Where the ResourceManager is, and what a client of YARN must know about the cluster's settings.
#pragma once

#include "conf/endpoint.h"
#include "conf/settings.h"

namespace knit::conf {

// Ports of the ResourceManager: for clients (8032), for masters (8030), its web pages (8088, with TLS 8090).
enum class ResourceManagerService { kClient, kScheduler, kWeb, kWebTls };

// Every ResourceManager's address, in the order of yarn.resourcemanager.ha.rm-ids; one without an id where HA
// is off. Keys and defaults as in YarnConfiguration and HAUtil (3.4.2): yarn.resourcemanager.address[.ID] and
// the like, else yarn.resourcemanager.hostname[.ID] with the default port. Nothing is resolved.
// kInvalidArgument names the key to mend. Without any setting Hadoop's default is 0.0.0.0, which a client on
// the same machine may use.
Result<std::vector<Endpoint>> resource_managers(const Settings& settings, ResourceManagerService service);

// Where an ApplicationMaster on a node registers: the node's AMRMProxy if yarn.nodemanager.amrmproxy.enabled
// (the NodeManager has exchanged the master's token for one that only the proxy accepts), else the
// ResourceManagers' scheduler addresses. kFailedPrecondition for 0.0.0.0: the master is not on the
// ResourceManager's machine, and would wait for ever.
Result<std::vector<Endpoint>> master_scheduler(const Settings& settings);

// The web pages' addresses and whether they speak TLS (yarn.http.policy).
struct WebEndpoints {
  bool tls = false;
  std::vector<Endpoint> endpoints;
};
Result<WebEndpoints> resource_manager_web(const Settings& settings);
// True if NodeManagers serve logs over TLS (yarn.http.policy).
Result<bool> yarn_web_uses_tls(const Settings& settings);

// One format of aggregated logs (LogAggregationFileController.extractRemoteRootLogDir and ...Suffix, 3.4.2).
struct LogFormat {
  enum class Kind { kTFile, kIndexed, kOther };
  std::string name;  // "TFile", "IFile"
  Kind kind = Kind::kOther;
  std::string directory;  // a path or URI, e.g. "/tmp/logs"
  std::string suffix;     // "logs-tfile": under USER/bucket-SUFFIX from 3.3 on, under USER/SUFFIX before
};
struct LogSettings {
  bool aggregated = false;         // yarn.log-aggregation-enable; without it logs end with the application
  std::vector<LogFormat> formats;  // all are read; NodeManagers write the first
  std::string older_directory;     // yarn.nodemanager.remote-app-log-dir
  std::string older_suffix;        // of the layout up to 3.2: USER/SUFFIX/APPLICATION
  bool include_older = true;
};
Result<LogSettings> log_settings(const Settings& settings);

// Limits of the ResourceManager, as far as this side's files tell: the cluster's own may differ.
struct SubmitLimits {
  int master_attempts = 2;  // yarn.resourcemanager.am.global.max-attempts, else ...am.max-attempts
  int tags = 10;
  int tag_length = 100;
  std::chrono::milliseconds master_expiry{};  // yarn.am.liveness-monitor.expiry-interval-ms
};
Result<SubmitLimits> submit_limits(const Settings& settings);

// Nodes as the ResourceManager's scheduler sees them, as far as this side's files tell.
struct NodeSettings {
  bool port_in_name = false;              // yarn.scheduler.include-port-in-node-name: several on one host
  std::chrono::milliseconds heartbeat{};  // yarn.resourcemanager.nodemanagers.heartbeat-interval-ms
};
Result<NodeSettings> node_settings(const Settings& settings);

}  // namespace knit::conf
