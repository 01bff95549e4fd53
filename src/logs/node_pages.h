// Driver: logs from the web pages of NodeManagers, while they have them.
#pragma once

#include <knit/ids.h>
#include <knit/result.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "http/client.h"
#include "io/task.h"
#include "logs/follow_cursor.h"
#include "logs/node_log_page.h"

namespace knit::logs {

// Takes bytes of a log as they come; its error ends the reading and is handed on.
using LogBytes = std::function<Status(std::span<const std::byte>)>;

// Each call is a connection of its own, each wait on it has `patience` as its deadline. Errors: kUnavailable,
// kDeadlineExceeded or kNotFound where the NodeManager cannot be reached, kPermissionDenied where it does not
// show this log, kDataLoss for what is no log page; all name the URL. Addresses are "host:port", as nodes
// report them.
class NodePages {
 public:
  explicit NodePages(http::Options options = {},
                     std::chrono::milliseconds patience = std::chrono::seconds(10))
      : options_(std::move(options)), patience_(patience) {}

  // The container's logs and their lengths; nothing where the node has none of it (yet, or any more).
  io::Task<Result<std::optional<NodeLogList>>> list(std::string address, ContainerId container);

  // What follows in a log behind the cursor, up to its length now, which `length` said a moment ago. False
  // where the node has no such log.
  io::Task<Result<bool>> read_on(std::string address, ContainerId container, std::string file,
                                 std::uint64_t length, FollowCursor* cursor, LogBytes sink);

  // Where the last `lines` lines of a log begin, of which `length` bytes are there. Nothing where the node
  // has no such log.
  io::Task<Result<std::optional<std::uint64_t>>> find_tail(std::string address, ContainerId container,
                                                           std::string file, std::uint64_t length,
                                                           std::uint64_t lines);

 private:
  // The answer, or nothing where it says that there is no log.
  io::Task<Result<std::unique_ptr<http::Response>>> get(std::string address, std::string path);
  // The bytes of the page's section that lies on the node's disk. `begin` may decline it.
  io::Task<Status> read_page(http::Response* response, std::optional<std::int64_t> size,
                             std::function<bool(const NodeLogSection&)> begin, LogBytes sink);

  http::Options options_;
  std::chrono::milliseconds patience_;
};

}  // namespace knit::logs
