#include "http/client.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "base/try.h"

namespace knit::http {
namespace {

constexpr std::size_t kRead = 16 << 10;
constexpr std::size_t kMaxTarget = 8 << 10;

bool is_printable(std::string_view text, bool spaces) {
  return std::ranges::all_of(text, [&](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > ' ' && byte != 0x7f ? true : spaces && (c == ' ' || c == '\t');
  });
}

// Nothing that a caller took from elsewhere may end a line of the request and begin another.
Status check(const Request& request) {
  auto bad = [](std::string what) { return Error(ErrorCode::kInvalidArgument, std::move(what)); };
  if (!request.target.starts_with('/') || !is_printable(request.target, false) ||
      request.target.size() > kMaxTarget)
    return bad(
        "a request's path must begin with '/', hold no spaces or control characters and be shorter than " +
        std::to_string(kMaxTarget) + " bytes");
  if (request.method.empty() ||
      !std::ranges::all_of(request.method, [](char c) { return c >= 'A' && c <= 'Z'; }))
    return bad("a request's method is a word in capitals");
  if (!is_printable(request.server.host, false) || request.server.host.empty())
    return bad("not the name of a host");
  for (const auto& [name, value] : request.headers)
    if (name.empty() || !is_printable(name, false) || name.find(':') != std::string::npos ||
        !is_printable(value, true))
      return bad("header " + name + " cannot be sent: it holds control characters");
  return {};
}

std::string to_text(const Request& request) {
  std::string text = request.method + " " + request.target +
                     " HTTP/1.1\r\nHost: " + io::to_string(request.server) +
                     "\r\nUser-Agent: knit\r\nAccept-Encoding: identity\r\nConnection: close\r\n";
  for (const auto& [name, value] : request.headers) text += name + ": " + value + "\r\n";
  if (!request.body.empty() || request.method != "GET")
    text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  return text + "\r\n" + request.body;
}

// The target of a redirect that stays on the same host and port.
std::optional<std::string> same_host_target(const Request& request, const ResponseHead& head) {
  constexpr int kRedirects[] = {301, 302, 303, 307, 308};
  const std::string* location = head.header("Location");
  if (!location || std::ranges::find(kRedirects, head.status) == std::end(kRedirects)) return std::nullopt;
  std::string_view target = *location;
  if (const std::string prefix = request.scheme + "://"; target.starts_with(prefix)) {
    target.remove_prefix(prefix.size());
    const auto slash = target.find('/');
    auto server = io::parse_host_port(target.substr(0, slash));
    if (!server || slash == std::string_view::npos || *server != request.server) return std::nullopt;
    target.remove_prefix(slash);
  }
  if (!target.starts_with('/') || target.starts_with("//")) return std::nullopt;
  return std::string(target.substr(0, target.find('#')));
}

}  // namespace

std::string to_url(const Request& request) {
  return request.scheme + "://" + io::to_string(request.server) + request.target;
}

Response::Response(std::string what, std::unique_ptr<io::Stream> stream, const Limits& limits)
    : what_(std::move(what)),
      stream_(std::move(stream)),
      parser_(limits),
      max_text_(limits.max_text),
      buffer_(kRead) {}

// Any event but kNeedInput.
io::Task<Result<ResponseParser::Event>> Response::next() {
  while (true) {
    auto event = parser_.next();
    if (!event) co_return std::move(event).error().with_context(what_);
    if (event->what != ResponseParser::What::kNeedInput) co_return event;
    auto n = co_await stream_->read_some(buffer_);
    if (!n) co_return std::move(n).error().with_context(what_);
    if (*n == 0) {
      parser_.end_of_input();
    } else {
      parser_.feed(std::span(buffer_).first(*n));
    }
  }
}

io::Task<Status> Response::read_head() {
  KNIT_CO_TRY(auto event, co_await next());
  KNIT_ASSERT(event.what == ResponseParser::What::kHead, "an answer that does not begin with its head");
  co_return Status();
}

io::Task<Result<std::span<const std::byte>>> Response::read() {
  KNIT_CO_TRY(auto event, co_await next());
  co_return event.body;  // empty with kEnd
}

io::Task<Result<std::string>> Response::read_text() {
  std::string text;
  while (true) {
    KNIT_CO_TRY(auto piece, co_await read());
    if (piece.empty()) co_return text;
    if (piece.size() > max_text_ - text.size())
      co_return Error(ErrorCode::kResourceExhausted,
                      what_ + ": the answer is longer than " + std::to_string(max_text_) + " bytes");
    text += io::as_text(piece);
  }
}

io::Task<Result<std::unique_ptr<Response>>> send(Request request, Options options) {
  while (true) {
    const std::string what = request.method + " " + to_url(request);
    KNIT_CO_TRY_VOID(check(request).with_context(what));
    auto stream = co_await options.connect(request.server);
    if (!stream) co_return std::move(stream).error().with_context(what);
    auto response = std::make_unique<Response>(what, *std::move(stream), options.limits);
    const std::string text = to_text(request);
    auto sent = co_await response->stream_->write(io::as_bytes(text));
    // A server may answer and close before it has read the request; then its answer says more.
    auto came = co_await response->read_head();
    const bool refused = !came && came.error().code() == ErrorCode::kUnauthenticated;
    if (!came)
      co_return sent || refused ? std::move(came).error() : std::move(sent).error().with_context(what);
    auto target = same_host_target(request, response->head());
    if (!target || options.redirects <= 0) co_return response;
    options.redirects -= 1;
    request.target = *std::move(target);
  }
}

}  // namespace knit::http
