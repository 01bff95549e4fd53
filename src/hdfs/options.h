// How an HDFS client behaves: values, wherever they came from.
#pragma once

#include <knit/result.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "hdfs/checksum.h"

namespace knit::conf {
class Settings;
}

namespace knit::hdfs {

struct Options {
  std::string user;                   // who we say we are
  std::string home_prefix = "/user";  // dfs.user.home.dir.prefix
  std::uint16_t umask = 022;          // fs.permissions.umask-mode

  // For files we write. Where nobody set one, the NameNode's own.
  std::optional<std::uint32_t> replication;            // dfs.replication
  std::optional<std::uint64_t> block_size;             // dfs.blocksize
  ChecksumSpec checksum;                               // dfs.checksum.type, dfs.bytes-per-checksum
  std::size_t packet_size = 65536;                     // dfs.client-write-packet-size
  std::uint64_t min_block_size = 1u << 20;             // dfs.namenode.fs-limits.min-block-size
  std::optional<std::chrono::minutes> trash_interval;  // fs.trash.interval

  bool use_datanode_hostname = false;                 // dfs.client.use.datanode.hostname
  std::chrono::milliseconds connect_timeout{10'000};  // to a DataNode, DNS included
  std::chrono::milliseconds socket_timeout{60'000};   // dfs.client.socket-timeout: silence of a DataNode
  std::chrono::milliseconds write_timeout{480'000};   // dfs.datanode.socket.write.timeout
  std::chrono::milliseconds restart_timeout{30'000};  // dfs.client.datanode-restart.timeout
  std::chrono::milliseconds lease_renewal{30'000};    // half of HdfsConstants.LEASE_SOFTLIMIT_PERIOD
  // Of complete() until enough replicas are reported, and of a dead writer's lease until it is recovered.
  std::chrono::milliseconds complete_timeout{60'000};
  std::chrono::milliseconds recovery_timeout{120'000};
  std::chrono::milliseconds abort_timeout{10'000};

  // Java's getDatanodeReadTimeout and getDatanodeWriteTimeout: 5 s more for each DataNode of a pipeline.
  std::chrono::milliseconds read_timeout_of(std::size_t nodes) const {
    return socket_timeout + nodes * kPerNode;
  }
  std::chrono::milliseconds write_timeout_of(std::size_t nodes) const {
    return write_timeout + nodes * kPerNode;
  }
  static constexpr std::chrono::milliseconds kPerNode{5'000};
};

// From the configuration files. kInvalidArgument names the key that is wrong.
Result<Options> options_from(const conf::Settings& settings, std::string user);

}  // namespace knit::hdfs
