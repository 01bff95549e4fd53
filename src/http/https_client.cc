#include "http/https_client.h"

#include <utility>

#include "base/json.h"
#include "base/try.h"
#include "http/tls_stream.h"

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

Connector over_tls(std::shared_ptr<const TlsContext> context, Connector connect) {
  return [context = std::move(context), connect = std::move(connect)](io::HostPort server) {
    return connect_tls(std::move(server), context, connect);
  };
}

Result<HttpsClient> HttpsClient::create(io::HostPort server, const security::Identity& identity,
                                        Limits limits, Connector connect) {
  KNIT_TRY(auto context, TlsContext::create(TlsContext::End::kClient, identity));
  return HttpsClient(std::move(server),
                     {.limits = limits, .connect = over_tls(std::move(context), std::move(connect))});
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
