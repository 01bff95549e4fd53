#include "http/https_client.h"

#include <fmt/format.h>

#include <utility>

#include "base/json.h"
#include "base/try.h"
#include "http/tls_stream.h"
#include "io/wait.h"

namespace knit::http {
namespace {

io::Task<Result<std::unique_ptr<io::Stream>>> connect_tls(io::HostPort server,
                                                          std::shared_ptr<const TlsContext> context,
                                                          Connector connect) {
  KNIT_CO_TRY(auto raw, co_await connect(std::move(server)));
  auto stream = std::make_unique<TlsStream>(std::move(raw), std::move(context));
  KNIT_CO_TRY_VOID(co_await stream->handshake());
  co_return stream;
}

io::Task<Result<std::unique_ptr<io::Stream>>> connect_in_time(io::HostPort server,
                                                              std::shared_ptr<const TlsContext> context,
                                                              Connector connect, std::chrono::seconds limit) {
  const std::string name = io::to_string(server);
  auto stream = co_await io::run_until(
      io::after(limit), connect_tls(std::move(server), std::move(context), std::move(connect)));
  if (!stream && stream.error().code() == ErrorCode::kDeadlineExceeded) {
    co_return Error(
        ErrorCode::kUnavailable,
        fmt::format("{} does not answer within {} s: it hangs, or something between here and there "
                    "drops what is sent",
                    name, limit.count()));
  }
  co_return stream;
}

// What error_reply() wrote; kInternal for what it did not write, and for a code of a newer version.
Error error_of(int status, std::string_view body) {
  const auto json = base::parse_json(body, body.size());
  if (!json) return Error(ErrorCode::kInternal, "the answer's status is " + std::to_string(status));
  base::JsonReader reader(*json, "the answer");
  const std::string name = reader.text_or("code", "");
  const std::string text = reader.text_or("error", "the answer's status is " + std::to_string(status));
  for (int code = 0; code < static_cast<int>(ErrorCode::kInternal); ++code)
    if (to_string(static_cast<ErrorCode>(code)) == name) return Error(static_cast<ErrorCode>(code), text);
  return Error(ErrorCode::kInternal, text);
}

}  // namespace

Connector over_tls(std::shared_ptr<const TlsContext> context, Connector connect, std::chrono::seconds limit) {
  return [context = std::move(context), connect = std::move(connect), limit](io::HostPort server) {
    return connect_in_time(std::move(server), context, connect, limit);
  };
}

Result<HttpsClient> HttpsClient::create(io::HostPort server, const security::Identity& identity,
                                        Limits limits, Connector connect,
                                        std::chrono::seconds connect_limit) {
  KNIT_TRY(auto context, TlsContext::create(TlsContext::End::kClient, identity));
  return HttpsClient(
      std::move(server),
      {.limits = limits, .connect = over_tls(std::move(context), std::move(connect), connect_limit)});
}

io::Task<Result<std::string>> HttpsClient::send(std::string method, std::string target,
                                                std::string body) const {
  Request request{.server = server_,
                  .target = std::move(target),
                  .method = std::move(method),
                  .body = std::move(body),
                  .scheme = "https"};
  if (!request.body.empty()) request.headers = {{.name = "Content-Type", .value = "application/json"}};
  const std::string what = request.method + " " + to_url(request);
  KNIT_CO_TRY(const auto response, co_await http::send(std::move(request), options_));
  KNIT_CO_TRY(auto text, co_await response->read_text());
  if (response->head().status / 100 == 2) co_return text;
  co_return error_of(response->head().status, text).with_context(what);
}

}  // namespace knit::http
