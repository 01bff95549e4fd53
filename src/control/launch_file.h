// What the client leaves for the master: apps/APP_ID/launch.json, localized into the master's container.
#pragma once

#include <knit/cluster.h>
#include <knit/run_spec.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace knit::control {

// One file as YARN's localizer needs it: place, exact size and modification time (row 53 of Hadoop's traps: a
// difference of one ms refuses it).
struct StagedFile {
  std::string name;              // in the container
  std::string uri;               // "hdfs://nn:8020/user/alice/.knit/cache/ab12.../x.zip"
  std::int64_t size = 0;         // bytes
  std::int64_t modified_ms = 0;  // since 1970
  bool archive = false;
};

// A node that could run instances.
struct UsableNode {
  std::string name;  // as the scheduler calls it
  std::string rack;
  std::int32_t room = 0;  // so many instances had room beside all that ran there at the submission
  std::int32_t most = 0;  // and so many in all
  bool operator==(const UsableNode&) const = default;
};
// More are not named: asking for each of so many costs the scheduler more than it saves.
inline constexpr std::size_t kMaxUsableNodes = 500;

// The instructions of one application. Holds no secret: it lies in HDFS.
struct LaunchFile {
  ApplicationId application;
  std::string user;  // who submitted
  RunSpec spec;      // `files` and `staging_dir` are empty here: see below
  std::vector<StagedFile> files;
  std::vector<StagedFile> master_files;  // of the master's container: named here so that the cache keeps them
  std::vector<UsableNode> nodes;         // to be asked for by name; empty: any place will do
  std::string staging_uri;  // "hdfs://ns1/user/alice/.knit": the master writes apps/APP_ID/journal there
  bool simple_authentication = true;       // containers then get HADOOP_USER_NAME
  std::string default_path, default_lang;  // PATH and LANG of the containers
  // The client's Hadoop settings the master needs where its node's own files do not say better (addresses of
  // the ResourceManager's scheduler, of the NameNodes, HDFS client settings).
  std::map<std::string, std::string> settings;
};

inline constexpr std::size_t kMaxLaunchFile = 16u << 20;

// JSON, versioned ("version": 1); unknown members are ignored.
std::string encode(const LaunchFile& file);
// kDataLoss names what is missing or malformed, kUnimplemented another version, kResourceExhausted a file
// over kMaxLaunchFile. What the specification means is not judged here (app::validate).
Result<LaunchFile> decode_launch_file(std::string_view json);

}  // namespace knit::control
