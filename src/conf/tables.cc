#include "conf/tables.h"

#include <algorithm>
#include <iterator>

namespace knit::conf {
namespace {

// Every key with a default that Knit reads, and those that such defaults refer to. Sorted.
constexpr std::string_view kCore = "core-default.xml", kHdfs = "hdfs-default.xml", kYarn = "yarn-default.xml";
constexpr Default kDefaults[] = {
    {"dfs.blocksize", "134217728", kHdfs},
    {"dfs.bytes-per-checksum", "512", kHdfs},
    {"dfs.checksum.type", "CRC32C", kHdfs},
    {"dfs.client-write-packet-size", "65536", kHdfs},
    {"dfs.client.socket-timeout", "60000", kHdfs},
    {"dfs.client.use.datanode.hostname", "false", kHdfs},
    {"dfs.data.transfer.protection", "", kHdfs},
    {"dfs.encrypt.data.transfer", "false", kHdfs},
    {"dfs.replication", "3", kHdfs},
    {"dfs.user.home.dir.prefix", "/user", kHdfs},
    {"fs.defaultFS", "file:///", kCore},
    {"fs.permissions.umask-mode", "022", kCore},
    {"fs.trash.interval", "0", kCore},
    {"hadoop.rpc.protection", "authentication", kCore},
    {"hadoop.security.authentication", "simple", kCore},
    {"hadoop.tmp.dir", "/tmp/hadoop-${user.name}", kCore},
    {"ipc.maximum.data.length", "134217728", kCore},
    {"ipc.maximum.response.length", "134217728", kCore},
    {"ipc.ping.interval", "60000", kCore},
    {"yarn.am.liveness-monitor.expiry-interval-ms", "900000", kYarn},
    {"yarn.http.policy", "HTTP_ONLY", kYarn},
    {"yarn.log-aggregation-enable", "false", kYarn},
    {"yarn.log-aggregation.file-controller.TFile.class",
     "org.apache.hadoop.yarn.logaggregation.filecontroller.tfile.LogAggregationTFileController", kYarn},
    {"yarn.log-aggregation.file-formats", "TFile", kYarn},
    {"yarn.nodemanager.amrmproxy.address", "0.0.0.0:8049", kYarn},
    {"yarn.nodemanager.amrmproxy.enabled", "false", kYarn},
    {"yarn.nodemanager.remote-app-log-dir", "/tmp/logs", kYarn},
    {"yarn.nodemanager.remote-app-log-dir-include-older", "true", kYarn},
    {"yarn.nodemanager.remote-app-log-dir-suffix", "logs", kYarn},
    {"yarn.resourcemanager.address", "${yarn.resourcemanager.hostname}:8032", kYarn},
    {"yarn.resourcemanager.am.max-attempts", "2", kYarn},
    {"yarn.resourcemanager.application.max-tag.length", "100", kYarn},
    {"yarn.resourcemanager.application.max-tags", "10", kYarn},
    {"yarn.resourcemanager.ha.enabled", "false", kYarn},
    {"yarn.resourcemanager.hostname", "0.0.0.0", kYarn},
    {"yarn.resourcemanager.nodemanagers.heartbeat-interval-ms", "1000", kYarn},
    {"yarn.resourcemanager.scheduler.address", "${yarn.resourcemanager.hostname}:8030", kYarn},
    {"yarn.resourcemanager.webapp.address", "${yarn.resourcemanager.hostname}:8088", kYarn},
    {"yarn.resourcemanager.webapp.https.address", "${yarn.resourcemanager.hostname}:8090", kYarn},
    {"yarn.scheduler.include-port-in-node-name", "false", kYarn},
};
static_assert(std::is_sorted(std::begin(kDefaults), std::end(kDefaults),
                             [](const Default& a, const Default& b) { return a.key < b.key; }));

struct Renamed {
  std::string_view old_name, name;
};
constexpr Renamed kRenamed[] = {
    {"dfs.block.size", "dfs.blocksize"},
    {"dfs.encryption.key.provider.uri", "hadoop.security.key.provider.path"},
    {"dfs.federation.nameservice.id", "dfs.nameservice.id"},
    {"dfs.federation.nameservices", "dfs.nameservices"},
    {"dfs.http.address", "dfs.namenode.http-address"},
    {"dfs.https.address", "dfs.namenode.https-address"},
    {"dfs.permissions", "dfs.permissions.enabled"},
    {"dfs.permissions.supergroup", "dfs.permissions.superusergroup"},
    {"dfs.read.prefetch.size", "dfs.client.read.prefetch.size"},
    {"dfs.socket.timeout", "dfs.client.socket-timeout"},
    {"dfs.umaskmode", "fs.permissions.umask-mode"},
    {"dfs.write.packet.size", "dfs.client-write-packet-size"},
    {"fs.default.name", "fs.defaultFS"},
    {"io.bytes.per.checksum", "dfs.bytes-per-checksum"},
    {"slave.host.name", "dfs.datanode.hostname"},
    {"yarn.client.max-nodemanagers-proxies", "yarn.client.max-cached-nodemanagers-proxies"},
};

}  // namespace

const Default* find_default(std::string_view key) {
  const auto found =
      std::lower_bound(std::begin(kDefaults), std::end(kDefaults), key,
                       [](const Default& row, std::string_view name) { return row.key < name; });
  return found != std::end(kDefaults) && found->key == key ? found : nullptr;
}

std::string_view present_name(std::string_view key) {
  for (const auto& row : kRenamed) {
    if (row.old_name == key) return row.name;
  }
  return {};
}

}  // namespace knit::conf
