// Where the NameNodes are, and how an HDFS client behaves.
#pragma once

#include "conf/endpoint.h"
#include "conf/security_settings.h"
#include "conf/settings.h"

namespace knit::conf {

// fs.defaultFS as a URI without a path at its end: "hdfs://nn.example.com:8020", "hdfs://cluster", "file://".
// Forms of old files are mended as in FileSystem.fixName (2.10-3.4): "local", and "HOST:PORT" without a
// scheme.
Result<std::string> default_filesystem(const Settings& settings);

// The authority ("nn.example.com:8020", "cluster") of the HDFS on which `uri` lies. A path without a scheme
// lies on fs.defaultFS. `what` names in errors what was given ("--staging-dir"). kFailedPrecondition if that
// is fs.defaultFS and nobody has set it; kUnimplemented for s3a, gs, abfs, viewfs and the like, naming the
// setting that says so.
Result<std::string> hdfs_authority(const Settings& settings, std::string_view uri, std::string_view what);

// The NameNodes of `authority` in the order of dfs.ha.namenodes.AUTHORITY; one without an id where it is a
// host (default port 8020). Keys as in DFSUtilClient.getAddresses and HAUtilClient (3.4.2).
Result<std::vector<Endpoint>> name_nodes(const Settings& settings, std::string_view authority);
// True if `authority` is the name of a nameservice and no host.
bool is_nameservice(const Settings& settings, std::string_view authority);

enum class ChecksumKind { kNull, kCrc32, kCrc32c };

struct HdfsSettings {
  int replication = 3;                               // dfs.replication
  ByteSize block_size;                               // dfs.blocksize
  ChecksumKind checksum = ChecksumKind::kCrc32c;     // dfs.checksum.type, for files we write
  int bytes_per_checksum = 512;                      // dfs.bytes-per-checksum
  int write_packet_size = 65536;                     // dfs.client-write-packet-size, in bytes
  std::chrono::milliseconds socket_timeout{};        // dfs.client.socket-timeout; 0 = none
  bool use_datanode_hostname = false;                // dfs.client.use.datanode.hostname
  std::vector<Protection> data_transfer_protection;  // dfs.data.transfer.protection; empty = none
  bool encrypt_data_transfer = false;                // dfs.encrypt.data.transfer
  std::string home_prefix;                           // dfs.user.home.dir.prefix: homes are PREFIX/USER
  unsigned umask = 022;                              // fs.permissions.umask-mode
  std::chrono::minutes trash_interval{};  // fs.trash.interval; 0 = no trash. The NameNode's own wins
};
Result<HdfsSettings> hdfs_settings(const Settings& settings);

}  // namespace knit::conf
