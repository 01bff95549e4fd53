#include "client/web_page.h"

#include <fmt/format.h>

#include "base/try.h"
#include "conf/yarn_settings.h"
#include "http/client.h"
#include "io/wait.h"

namespace knit::client {
namespace {

constexpr auto kPageDeadline = std::chrono::seconds(2);
constexpr std::size_t kLargestPage = std::size_t{16} << 20;

// A standby answers with a redirection, or with an error.
io::Task<Result<std::string>> read_page(io::HostPort server, std::string target) {
  http::Request request{std::move(server), std::move(target), {{"Accept", "application/json"}}};
  http::Options options;
  options.limits.max_text = kLargestPage;
  KNIT_CO_TRY(const auto response, co_await http::send(std::move(request), std::move(options)));
  const auto& head = response->head();
  if (head.status != 200) {
    co_return Error(ErrorCode::kUnavailable,
                    fmt::format("{}: {} {}", response->what(), head.status, head.reason));
  }
  co_return co_await response->read_text();
}

}  // namespace

io::Task<Result<std::string>> read_resource_manager_page(Session& session, std::string target) {
  KNIT_CO_TRY(const auto web, conf::resource_manager_web(session.settings()));
  if (web.tls) {
    co_return Error(ErrorCode::kUnimplemented,
                    "the ResourceManager's pages speak TLS (yarn.http.policy), which Knit does not read");
  }
  const auto deadline = io::after(kPageDeadline);
  auto last = Error(ErrorCode::kUnavailable, "the configuration names no web address of a ResourceManager");
  for (const auto& endpoint : web.endpoints) {
    auto page = co_await io::run_until(deadline, read_page({endpoint.host, endpoint.port}, target));
    if (page) co_return page;
    last = std::move(page).error();
  }
  co_return last;
}

}  // namespace knit::client
