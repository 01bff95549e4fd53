#include "conf/hdfs_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/try.h"
#include "conf/text.h"

namespace knit::conf {
namespace {

constexpr std::string_view kDefaultFs = "fs.defaultFS";
constexpr std::uint16_t kNameNodePort = 8020;  // HdfsClientConfigKeys.DFS_NAMENODE_RPC_PORT_DEFAULT

// RFC 3986's scheme before the first ':', in lower case, or "".
std::string scheme_of(std::string_view uri) {
  const auto colon = uri.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon > uri.find('/')) return {};
  return lower(uri.substr(0, colon));
}

// What stands between "//" and the path, or "".
std::string authority_of(std::string_view uri) {
  const auto slashes = uri.find("://");
  if (slashes == std::string_view::npos) return {};
  uri.remove_prefix(slashes + 3);
  return std::string(uri.substr(0, uri.find('/')));
}

Result<Endpoint> name_node(const Settings& settings, const std::string& key, std::string id) {
  KNIT_TRY(const auto text, settings.get(key));
  if (text.empty()) {
    return Error(ErrorCode::kInvalidArgument, fmt::format("NameNode {} has no address: set {}", id, key));
  }
  auto endpoint = parse_endpoint(text, kNameNodePort, std::move(id));
  if (!endpoint) return settings.bad_value(key, endpoint.error().message());
  return endpoint;
}

Result<ChecksumKind> checksum_kind(const Settings& settings) {
  KNIT_TRY(const auto name, settings.get("dfs.checksum.type"));
  if (name == "CRC32C") return ChecksumKind::kCrc32c;
  if (name == "CRC32") return ChecksumKind::kCrc32;
  if (name == "NULL") return ChecksumKind::kNull;
  return settings.bad_value("dfs.checksum.type", "is none of CRC32C, CRC32 and NULL");
}

// Octal, or the permissions that stay, as "u=rwx,g=rx,o=" (FsPermission.getUMask, UmaskParser).
Result<unsigned> umask_of(const Settings& settings) {
  constexpr std::string_view kKey = "fs.permissions.umask-mode";
  const auto bad = settings.bad_value(kKey, "is no umask; write it in octal, for example 022 or 077");
  KNIT_TRY(const auto text, settings.get(kKey));
  if (!text.empty() && text.find_first_not_of("01234567") == std::string::npos && text.size() <= 4) {
    const auto mask = static_cast<unsigned>(std::stoul(text, nullptr, 8));
    return mask & 0777;
  }
  unsigned kept = 0;
  for (const auto& clause : split_list(text)) {
    const auto equals = clause.find('=');
    if (equals == std::string::npos || equals == 0) return bad;
    unsigned bits = 0, classes = 0;
    for (const char c : clause.substr(equals + 1)) {
      const auto at = std::string_view("xwr").find(c);
      if (at == std::string_view::npos) return bad;
      bits |= 1U << at;
    }
    for (const char c : clause.substr(0, equals)) {
      const auto at = std::string_view("ogu").find(c);
      if (at == std::string_view::npos && c != 'a') return bad;
      classes |= c == 'a' ? 0111U : 1U << (3 * at);
    }
    kept |= classes * bits;
  }
  if (text.empty()) return bad;
  return ~kept & 0777;
}

// Minutes, possibly with a fraction (TrashPolicyDefault.initialize reads a float).
Result<std::chrono::minutes> trash_interval(const Settings& settings) {
  constexpr std::string_view kKey = "fs.trash.interval";
  KNIT_TRY(const auto text, settings.get(kKey));
  double minutes = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), minutes);
  if (ec != std::errc() || end != text.data() + text.size() || !(minutes >= 0 && minutes < 1e9)) {
    return settings.bad_value(kKey, "is no number of minutes");
  }
  return std::chrono::minutes(static_cast<std::int64_t>(std::ceil(minutes)));
}

}  // namespace

Result<std::string> default_filesystem(const Settings& settings) {
  KNIT_TRY(auto uri, settings.get(kDefaultFs));
  if (uri.empty()) uri = "file:///";
  if (uri == "local") uri = "file:///";
  if (uri.find('/') == std::string::npos) uri = "hdfs://" + uri;
  const auto scheme = scheme_of(uri);
  if (scheme.empty())
    return settings.bad_value(kDefaultFs, "has no scheme; write for example hdfs://nn.example.com:8020");
  return fmt::format("{}://{}", scheme, authority_of(uri));
}

Result<std::string> hdfs_authority(const Settings& settings, std::string_view uri, std::string_view what) {
  KNIT_TRY(const auto base, default_filesystem(settings));
  const auto own_scheme = scheme_of(uri);
  const bool by_default = own_scheme.empty() || (own_scheme == "hdfs" && authority_of(uri).empty());
  const std::string full = by_default ? base : std::string(uri);
  const auto said_by = [&]() -> std::string {
    const auto entry = settings.entry(kDefaultFs);
    return by_default    ? fmt::format("{} = {} ({})", kDefaultFs, entry->value, to_string(entry->origin))
           : what == uri ? std::string(uri)
                         : fmt::format("{} = {}", what, uri);
  };
  if (by_default && !settings.is_set(kDefaultFs)) {
    return Error(
        ErrorCode::kFailedPrecondition,
        fmt::format("{} is needed to know where HDFS is and no file sets it; core-site.xml has it on the "
                    "cluster's machines",
                    kDefaultFs));
  }
  if (scheme_of(full) != "hdfs") {
    return Error(
        ErrorCode::kUnimplemented,
        fmt::format("{}: Knit reads and writes hdfs:// only. {}", said_by(),
                    by_default
                        ? "Name the cluster's HDFS with -D fs.defaultFS=hdfs://NAMENODE:PORT, or for a run "
                          "alone with --staging-dir hdfs://NAMENODE:PORT/PATH"
                        : "Give an hdfs:// address, or let the containers read it themselves"));
  }
  auto authority = authority_of(full);
  if (authority.empty())
    return Error(ErrorCode::kInvalidArgument, fmt::format("{} names no host", said_by()));
  return authority;
}

bool is_nameservice(const Settings& settings, std::string_view authority) {
  return settings.is_set(fmt::format("dfs.ha.namenodes.{}", authority)) ||
         settings.is_set(fmt::format("dfs.namenode.rpc-address.{}", authority));
}

Result<std::vector<Endpoint>> name_nodes(const Settings& settings, std::string_view authority) {
  std::vector<Endpoint> out;
  KNIT_TRY(const auto ids, settings.get_strings(fmt::format("dfs.ha.namenodes.{}", authority)));
  const auto rpc_address = fmt::format("dfs.namenode.rpc-address.{}", authority);
  for (const auto& id : ids) {
    KNIT_TRY(out.emplace_back(), name_node(settings, fmt::format("{}.{}", rpc_address, id), id));
  }
  if (!out.empty()) return out;
  if (settings.is_set(rpc_address)) {
    KNIT_TRY(out.emplace_back(), name_node(settings, rpc_address, {}));
    return out;
  }
  auto endpoint = parse_endpoint(authority, kNameNodePort);
  if (!endpoint) {
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("hdfs://{} {}", authority, endpoint.error().message()));
  }
  if (is_nameservice(settings, endpoint->host)) {
    return Error(
        ErrorCode::kInvalidArgument,
        fmt::format("hdfs://{}: {} is the name of a nameservice, which takes no port; write hdfs://{}",
                    authority, endpoint->host, endpoint->host));
  }
  KNIT_TRY(const auto services, settings.get_strings("dfs.nameservices"));
  if (std::find(services.begin(), services.end(), authority) != services.end()) {
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("dfs.nameservices lists {}, but neither dfs.ha.namenodes.{} nor {} is set",
                             authority, authority, rpc_address));
  }
  out.push_back(*std::move(endpoint));
  return out;
}

Result<HdfsSettings> hdfs_settings(const Settings& settings) {
  HdfsSettings out;
  KNIT_TRY(out.replication,
           settings.get_int("dfs.replication", 1, INT16_MAX));  // a short in the block's header
  KNIT_TRY(out.block_size, settings.get_size("dfs.blocksize"));
  KNIT_TRY(out.checksum, checksum_kind(settings));
  KNIT_TRY(out.bytes_per_checksum, settings.get_int("dfs.bytes-per-checksum", 1, 1 << 20));
  // 16 MiB is what DataNodes take (dfs.data.transfer.max.packet.size).
  KNIT_TRY(out.write_packet_size, settings.get_int("dfs.client-write-packet-size", 1024, 1 << 24));
  KNIT_TRY(out.socket_timeout, settings.get_time("dfs.client.socket-timeout", std::chrono::milliseconds(1)));
  KNIT_TRY(out.use_datanode_hostname, settings.get_bool("dfs.client.use.datanode.hostname"));
  KNIT_TRY(out.data_transfer_protection, protection_list(settings, "dfs.data.transfer.protection"));
  KNIT_TRY(out.encrypt_data_transfer, settings.get_bool("dfs.encrypt.data.transfer"));
  KNIT_TRY(out.home_prefix, settings.get("dfs.user.home.dir.prefix"));
  KNIT_TRY(out.umask, umask_of(settings));
  KNIT_TRY(out.trash_interval, trash_interval(settings));
  return out;
}

}  // namespace knit::conf
