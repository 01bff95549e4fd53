// Driver: what the NodeManagers of a cluster uploaded of one application's logs.
// From: LogAggregationUtils, LogAggregationFileController, LogAggregationTFileController and
// LogAggregationIndexedFileController, 2.10.2 to 3.5.0.
#pragma once

#include <knit/cluster.h>
#include <knit/ids.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fs/file_system.h"
#include "logs/node_log.h"

namespace knit::logs {

// Where a cluster keeps aggregated logs, as its settings say.
struct LogPlace {
  std::string root;    // yarn.nodemanager.remote-app-log-dir: a path or URI, "/tmp/logs"
  std::string suffix;  // "logs-tfile", "logs-ifile", "logs"
};
struct LogLayout {
  std::vector<LogPlace>
      places;  // one for each file controller: USER/bucket-SUFFIX/NNNN/APPLICATION, from 3.3 on
  std::vector<LogPlace> older;  // also looked into: USER/SUFFIX/APPLICATION, as 2.10 to 3.2 wrote
};
// Every folder that may hold logs of the application, newest layout first, each once; roots are kept as they
// are.
std::vector<std::string> log_folders(const LogLayout& layout, std::string_view user, const ApplicationId& id);

// One uploaded file: of one NodeManager, the whole or, with rolling aggregation, one of several.
struct NodeFile {
  fs::FileSystem* file_system = nullptr;
  std::string path;
  NodeId node;
  std::optional<WallTime>
      rolled;  // when it was begun, where its name tells; more may follow until the upload has ended
  std::uint64_t length = 0;
  std::optional<std::uint64_t> whole_until;  // from a checksum file: only so many bytes are to be trusted
};

// What lies in the folders at one moment.
struct Uploads {
  std::vector<NodeFile> files;          // by node, then in the order of upload
  std::vector<NodeId> pending;          // nodes whose upload goes on, or broke off: files named *.tmp
  std::vector<std::string> unreadable;  // in words: Hadoop archives, ...
};

// A folder to look into, with the file system it lies on, which must outlive all uses.
struct LogFolder {
  fs::FileSystem* file_system = nullptr;
  std::string path;
};

// Looks into all folders; one that does not exist (yet) is empty. Errors: the file system's, with the
// folder's path. An indexed file has its final name from its first byte on: whether its upload has ended
// shows open_node_file.
io::Task<Result<Uploads>> list_uploads(std::vector<LogFolder> folders);

// Opens one file, whatever its format, which its bytes tell and not its name. Errors name the path:
// kUnavailable where it has no end yet (its upload goes on, or broke off), kUnimplemented for a codec,
// kDataLoss for damage.
io::Task<Result<std::unique_ptr<NodeLog>>> open_node_file(NodeFile file);

// A node and the time its file was begun, from a file's name: "node7.example.com_45454",
// "node7.example.com_45454_1763862000000".
struct NodeFileName {
  NodeId node;
  std::optional<WallTime> rolled;
};
std::optional<NodeFileName> parse_node_file_name(std::string_view name);

}  // namespace knit::logs
