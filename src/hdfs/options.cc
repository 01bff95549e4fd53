#include "hdfs/options.h"

#include "base/try.h"
#include "conf/hdfs_settings.h"
#include "conf/settings.h"

namespace knit::hdfs {
namespace {

ChecksumType type_of(conf::ChecksumKind kind) {
  switch (kind) {
    case conf::ChecksumKind::kNull:
      return ChecksumType::kNull;
    case conf::ChecksumKind::kCrc32:
      return ChecksumType::kCrc32;
    case conf::ChecksumKind::kCrc32c:
      break;
  }
  return ChecksumType::kCrc32c;
}

}  // namespace

Result<Options> options_from(const conf::Settings& settings, std::string user) {
  KNIT_TRY(const conf::HdfsSettings hdfs, conf::hdfs_settings(settings));
  Options options;
  options.user = std::move(user);
  options.home_prefix = hdfs.home_prefix;
  options.umask = static_cast<std::uint16_t>(hdfs.umask);
  if (settings.is_set("dfs.replication")) options.replication = static_cast<std::uint32_t>(hdfs.replication);
  if (settings.is_set("dfs.blocksize"))
    options.block_size = static_cast<std::uint64_t>(hdfs.block_size.bytes());
  if (settings.is_set("fs.trash.interval")) options.trash_interval = hdfs.trash_interval;
  options.checksum = {type_of(hdfs.checksum), static_cast<std::uint32_t>(hdfs.bytes_per_checksum)};
  options.packet_size = static_cast<std::size_t>(hdfs.write_packet_size);
  // 0 means none in Hadoop. Every wait of ours ends: an hour is none in practice.
  options.socket_timeout = hdfs.socket_timeout.count() > 0 ? hdfs.socket_timeout : std::chrono::hours(1);
  options.use_datanode_hostname = hdfs.use_datanode_hostname;
  return options;
}

}  // namespace knit::hdfs
