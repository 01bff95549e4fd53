#include "logs/node_pages.h"

#include <fmt/format.h>
#include <knit/duration.h>

#include "base/try.h"
#include "io/wait.h"
#include "logs/line_starts.h"

namespace knit::logs {
namespace {

// A log that grows faster than it can be asked for is read whole at the latest then.
constexpr int kMaxAsks = 8;

// Looked at first when the last lines are wanted.
constexpr std::uint64_t kFirstTail = 64 << 10;

}  // namespace

io::Task<Result<std::unique_ptr<http::Response>>> NodePages::get(std::string address, std::string path) {
  auto server = io::parse_host_port(address);
  if (!server) co_return std::move(server).error().with_context("address of a NodeManager's web page");
  http::Request request{*server, std::move(path), {{"Accept", "application/json, text/plain"}}};
  const auto url = http::to_url(request);
  auto response = co_await io::run_until(io::after(patience_), http::send(std::move(request), options_));
  if (!response && response.error().code() == ErrorCode::kDeadlineExceeded) {
    co_return Error(ErrorCode::kDeadlineExceeded,
                    fmt::format("GET {}: no answer within {}", url, to_text(patience_)));
  }
  if (!response) co_return response;
  switch (const int status = (*response)->head().status; classify_node_log_status(status)) {
    case NodeLogAnswer::kHere:
      co_return response;
    case NodeLogAnswer::kGone:
    case NodeLogAnswer::kNotYet:
      co_return std::unique_ptr<http::Response>();
    case NodeLogAnswer::kRefused:
      co_return Error(ErrorCode::kPermissionDenied,
                      fmt::format("GET {}: refused with status {}", url, status));
    case NodeLogAnswer::kMalformed:
      co_return Error(ErrorCode::kDataLoss, fmt::format("GET {}: answered with status {}", url, status));
  }
  co_return response;
}

io::Task<Result<std::optional<NodeLogList>>> NodePages::list(std::string address, ContainerId container) {
  KNIT_CO_TRY(auto response, co_await get(std::move(address), node_log_list_path(container)));
  if (!response) co_return std::optional<NodeLogList>();
  KNIT_CO_TRY(const auto body, co_await io::run_until(io::after(patience_), response->read_text()));
  auto list = parse_node_log_list(body);
  if (!list) co_return std::move(list).error().with_context(response->what());
  if (list->local.empty()) co_return std::optional<NodeLogList>();
  co_return std::optional(*std::move(list));
}

io::Task<Status> NodePages::read_page(http::Response* response, std::optional<std::int64_t> size,
                                      std::function<bool(const NodeLogSection&)> begin, LogBytes sink) {
  using What = NodeLogPageParser::What;
  NodeLogPageParser parser(size);
  bool taking = false;
  while (true) {
    KNIT_CO_TRY(auto piece, co_await io::run_until(io::after(patience_), response->read()));
    if (piece.empty()) co_return parser.finish().with_context(response->what());
    while (true) {
      auto event = parser.next(piece);
      if (!event) co_return std::move(event).error().with_context(response->what());
      if (event->what == What::kNeedInput) break;
      if (event->what == What::kSection) {
        // A second part is the copy that was uploaded already.
        taking = !parser.section().aggregated;
        if (taking && !begin(parser.section())) co_return Status();
      }
      if (event->what == What::kData && taking) KNIT_CO_TRY_VOID(sink(event->data));
    }
  }
}

io::Task<Result<bool>> NodePages::read_on(std::string address, ContainerId container, std::string file,
                                          std::uint64_t length, FollowCursor* cursor, LogBytes sink) {
  for (int asks = 0; asks < kMaxAsks; ++asks) {
    const auto ask = cursor->ask(length);
    if (!ask) co_return true;
    KNIT_CO_TRY(auto response, co_await get(address, node_log_path(container, file, ask->size)));
    if (!response) co_return false;
    bool again = false;
    const auto begin = [&](const NodeLogSection& section) {
      again = cursor->begin(section) == FollowCursor::Begin::kAskAgain;
      length = section.length;
      return !again;
    };
    const auto take = [&](std::span<const std::byte> bytes) {
      const auto fresh = cursor->take(bytes);
      return fresh.empty() ? Status() : sink(fresh);
    };
    KNIT_CO_TRY_VOID(co_await read_page(response.get(), ask->size, begin, take));
    if (!again) co_return true;
  }
  co_return true;
}

io::Task<Result<std::optional<std::uint64_t>>> NodePages::find_tail(std::string address,
                                                                    ContainerId container, std::string file,
                                                                    std::uint64_t length,
                                                                    std::uint64_t lines) {
  for (std::uint64_t size = kFirstTail;; size *= 8) {
    std::optional<std::int64_t> asked;
    if (size < length) asked = -static_cast<std::int64_t>(size);
    KNIT_CO_TRY(auto response, co_await get(address, node_log_path(container, file, asked)));
    if (!response) co_return std::optional<std::uint64_t>();
    LineStarts finder(lines);
    const auto begin = [&](const NodeLogSection& section) {
      finder.begin(section.offset);
      return true;
    };
    const auto take = [&](std::span<const std::byte> bytes) {
      finder.take(bytes);
      return Status();
    };
    KNIT_CO_TRY_VOID(co_await read_page(response.get(), asked, begin, take));
    if (!asked || finder.complete()) co_return std::optional(finder.start());
  }
}

}  // namespace knit::logs
