// What a NodeManager's web server says about the logs of a container it still has. Pure: paths to ask for,
// and what the answers mean; the client module asks. From: NMWebServices, LogToolUtils and
// ContainerLogsInfo, 3.4.2; the same pages in 2.10.2 to 3.5.0.
#pragma once

#include <knit/ids.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/try.h"

namespace knit::logs {

// Names and sizes of a container's logs, as JSON (ask with "Accept: application/json").
std::string node_log_list_path(const ContainerId& container);
// The contents of one log. `size`: only its first `size` bytes; negative: its last. There are no byte ranges.
std::string node_log_path(const ContainerId& container, std::string_view file,
                          std::optional<std::int64_t> size);

struct NodeLogFile {
  std::string name;
  std::uint64_t length = 0;  // bytes when it was asked
  std::string modified;      // "Mon Nov 23 01:31:08 +0000 2026"
};

struct NodeLogList {
  std::vector<NodeLogFile> local;       // on the node's disk, by name
  std::vector<NodeLogFile> aggregated;  // already uploaded, by name
};
// Bodies are small: some 120 bytes a file. kDataLoss for what is no such list. A container the node does not
// know is an empty list.
inline constexpr std::size_t kMaxNodeLogList = 4 << 20;
Result<NodeLogList> parse_node_log_list(std::string_view body);

// What a NodeManager's answer other than 200 means for one who follows a log.
enum class NodeLogAnswer {
  kHere,      // 200
  kGone,      // 404, or 307 to a log server: the node has no such log (any more, or yet)
  kNotYet,    // 503, in 2.10 also 500: the container does not run yet
  kRefused,   // 401, 403: not for us
  kMalformed  // 400 and everything else
};
NodeLogAnswer classify_node_log_status(int status);

// One part of a page: the log on the node's disk, or the copy already uploaded.
struct NodeLogSection {
  std::string container;  // "container_..."
  std::string node;       // "host:port"
  bool aggregated = false;
  std::string file;
  std::string modified;
  std::uint64_t length = 0;  // of the whole log when the node opened it
  std::uint64_t offset = 0;  // where in the log the bytes of this answer begin
  std::uint64_t count = 0;   // how many they are
};

// Takes the body of a page, asked for with `size`, in pieces of any size. What belongs to the log is counted
// by the header, never found by the trailer, for a log can hold anything. Without anything to send some
// versions leave the header out: then there is no section.
class NodeLogPageParser {
 public:
  explicit NodeLogPageParser(std::optional<std::int64_t> size) : size_(size) {}

  enum class What {
    kNeedInput,
    kSection,     // section() says what begins
    kData,        // its next bytes, part of the input
    kSectionEnd,  // all of them came
  };
  struct Event {
    What what = What::kNeedInput;
    std::span<const std::byte> data;
  };
  // Takes from the front of `input` up to the next event. kDataLoss where it is no log page.
  Result<Event> next(std::span<const std::byte>& input);
  // At the end of the body: kDataLoss where it ends inside a header or inside a log's bytes.
  Status finish() const;

  const NodeLogSection& section() const { return section_; }

 private:
  enum class State { kBetween, kHeader, kContents };
  Result<bool> take_line(std::span<const std::byte>& input);
  Result<bool> end_header_line();

  std::optional<std::int64_t> size_;
  State state_ = State::kBetween;
  std::string line_;
  bool any_ = false;         // a line came, or a section
  bool has_length_ = false;  // of the section whose header is being read
  std::uint64_t left_ = 0;   // of the section's bytes
  NodeLogSection section_;
};

}  // namespace knit::logs
