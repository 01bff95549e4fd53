#include "http/request_parser.h"

#include <algorithm>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <limits>
#include <optional>
#include <string>

#include "base/encoding.h"
#include "base/try.h"
#include "base/utf8.h"

namespace knit::http {
namespace {

namespace beast = boost::beast::http;
using Message = beast::request<beast::string_body>;

constexpr int kBadRequest = 400, kBodyTooLarge = 413, kHeadTooLarge = 431, kVersion = 505;

bool is_text(std::string_view text) {
  const bool control = std::ranges::any_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < ' ' || byte == 0x7f;
  });
  return !control && base::is_utf8(text);
}

std::optional<std::string> decoded(std::string_view text) {
  auto plain = base::percent_decode(text);
  if (!plain || !is_text(*plain)) return std::nullopt;
  return *std::move(plain);
}

// As programs write forms: a space may be '+'.
bool read_query(std::string_view text, Call& call) {
  while (!text.empty()) {
    std::string one(text.substr(0, text.find('&')));
    text.remove_prefix(std::min(text.size(), one.size() + 1));
    if (one.empty()) continue;
    std::ranges::replace(one, '+', ' ');
    const auto equals = one.find('=');
    const auto name = decoded(std::string_view(one).substr(0, equals));
    const auto value = decoded(equals == std::string::npos ? "" : std::string_view(one).substr(equals + 1));
    if (!name || !value) return false;
    call.query.emplace_back(*name, *value);
  }
  return true;
}

// "/path?query" alone. An encoded '/' would mean something else once it is decoded.
bool read_target(std::string_view target, Call& call) {
  const auto mark = target.find('?');
  const std::string_view path = target.substr(0, mark);
  auto plain = decoded(path);
  if (!path.starts_with('/') || base::lower(path).find("%2f") != std::string::npos || !plain) return false;
  call.path = *std::move(plain);
  return mark == std::string_view::npos || read_query(target.substr(mark + 1), call);
}

}  // namespace

struct RequestParser::State {
  explicit State(const RequestLimits& given) : limits(given) { begin(); }

  void begin() {
    parser.emplace();
    parser->header_limit(static_cast<std::uint32_t>(
        std::min<std::size_t>(limits.head, std::numeric_limits<std::uint32_t>::max())));
    parser->body_limit(limits.body);
    parser->eager(true);
    continued = false;
  }
  std::string_view input() const { return std::string_view(fed).substr(taken); }

  What refuse(int status, std::string why) {
    const auto code = status == kBadRequest ? ErrorCode::kInvalidArgument
                      : status == kVersion  ? ErrorCode::kUnimplemented
                                            : ErrorCode::kResourceExhausted;
    refusal = error_reply(Error(code, std::move(why)), status);
    refused = true;
    return What::kRefused;
  }
  What refuse(const boost::system::error_code& code);
  What finish();

  RequestLimits limits;
  std::optional<beast::request_parser<beast::string_body>> parser;
  std::string fed;
  std::size_t taken = 0;
  bool continued = false, refused = false, last = false;
  Call call;
  Reply refusal;
};

RequestParser::RequestParser(const RequestLimits& limits) : state_(std::make_unique<State>(limits)) {}
RequestParser::~RequestParser() = default;

void RequestParser::feed(std::span<const std::byte> bytes) {
  state_->fed.erase(0, std::exchange(state_->taken, 0));
  state_->fed.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

RequestParser::What RequestParser::State::refuse(const boost::system::error_code& code) {
  if (code == beast::error::header_limit)
    return refuse(kHeadTooLarge,
                  "the request line and headers are longer than " + std::to_string(limits.head) + " bytes");
  if (code == beast::error::body_limit)
    return refuse(kBodyTooLarge, "the body is longer than " + std::to_string(limits.body) + " bytes");
  if (code == beast::error::bad_version) return refuse(kVersion, "only HTTP/1.1 and 1.0 are spoken here");
  return refuse(kBadRequest, "no valid HTTP request: " + code.message());
}

// The message is whole: is it a request to a server such as this?
RequestParser::What RequestParser::State::finish() {
  Message message = parser->release();
  begin();
  last = !message.keep_alive();
  call = Call{.method = std::string(message.method_string())};
  if (message.version() >= 11 && message.count(beast::field::host) != 1)
    return refuse(kBadRequest, "a request of HTTP/1.1 needs one header Host");
  if (!read_target(message.target(), call))
    return refuse(kBadRequest, "not the path of a request, with a query of NAME=VALUE");
  for (const auto& field : message)
    call.headers.push_back({.name = std::string(field.name_string()), .value = std::string(field.value())});
  call.body = std::move(message.body());
  return What::kCall;
}

RequestParser::What RequestParser::next() {
  State& state = *state_;
  if (state.refused) return What::kRefused;
  boost::system::error_code code;
  for (auto input = state.input(); !code && !input.empty() && !state.parser->is_done(); input = state.input())
    state.taken += state.parser->put({input.data(), input.size()}, code);
  if (code && code != beast::error::need_more) return state.refuse(code);
  if (state.parser->is_done()) return state.finish();
  // Also the lines between chunks and behind the last one, which Beast itself lets grow for ever.
  if (state.input().size() > state.limits.head) return state.refuse(beast::error::header_limit);
  if (state.parser->is_header_done() && !std::exchange(state.continued, true) &&
      base::lower(state.parser->get()[beast::field::expect]) == "100-continue")
    return What::kContinue;
  return What::kNeedInput;
}

Call RequestParser::take() {
  return std::move(state_->call);
}

bool RequestParser::is_last() const {
  return state_->last;
}

const Reply& RequestParser::refusal() const {
  return state_->refusal;
}

bool RequestParser::is_between() const {
  return state_->input().empty() && !state_->parser->got_some();
}

}  // namespace knit::http
