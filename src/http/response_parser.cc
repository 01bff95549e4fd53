#include "http/response_parser.h"

#include <algorithm>
#include <array>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <limits>
#include <optional>
#include <string>

namespace knit::http {
namespace {

namespace beast = boost::beast::http;

constexpr std::size_t kPiece = 16 << 10;
// Interim answers before the real one; servers send one, if any.
constexpr int kMaxInterim = 16;

}  // namespace

struct ResponseParser::State {
  explicit State(const Limits& given) : limits(given) { begin(); }

  void begin() {
    parser.emplace();
    parser->header_limit(static_cast<std::uint32_t>(
        std::min<std::size_t>(limits.head, std::numeric_limits<std::uint32_t>::max())));
    parser->body_limit(limits.body);
    // The head alone first: next() tells it before any body.
    parser->eager(false);
    has_head = false;
  }

  Error failed(const boost::system::error_code& code) const;
  void take_head();

  Limits limits;
  std::optional<beast::response_parser<beast::buffer_body>> parser;
  std::string input;  // fed and not yet taken
  std::size_t taken = 0;
  bool ended = false;  // no more input comes
  bool has_head = false, told_end = false;
  int interim = 0;
  ResponseHead head;
  std::array<char, kPiece> piece;
};

ResponseParser::ResponseParser(const Limits& limits) : state_(std::make_unique<State>(limits)) {}
ResponseParser::~ResponseParser() = default;

void ResponseParser::feed(std::span<const std::byte> bytes) {
  state_->input.erase(0, std::exchange(state_->taken, 0));
  state_->input.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

void ResponseParser::end_of_input() {
  state_->ended = true;
}

const ResponseHead& ResponseParser::head() const {
  return state_->head;
}

Error ResponseParser::State::failed(const boost::system::error_code& code) const {
  if (code == beast::error::header_limit)
    return Error(ErrorCode::kResourceExhausted,
                 "the answer's headers are longer than " + std::to_string(limits.head) + " bytes");
  if (code == beast::error::body_limit)
    return Error(ErrorCode::kResourceExhausted,
                 "the answer is longer than " + std::to_string(limits.body) + " bytes");
  if (code == beast::error::end_of_stream)
    return Error(ErrorCode::kUnavailable, "the connection was closed without an answer");
  if (code == beast::error::partial_message)
    return Error(ErrorCode::kUnavailable, "the connection was closed in the middle of the answer");
  return Error(ErrorCode::kDataLoss, "the answer is no valid HTTP: " + code.message());
}

void ResponseParser::State::take_head() {
  const auto& message = parser->get();
  head = {.status = static_cast<int>(message.result_int()), .reason = std::string(message.reason())};
  for (const auto& field : message.base())
    head.headers.push_back({.name = std::string(field.name_string()), .value = std::string(field.value())});
  has_head = true;
  parser->eager(true);
}

Result<ResponseParser::Event> ResponseParser::next() {
  State& state = *state_;
  while (true) {
    auto& parser = *state.parser;
    if (!state.has_head && parser.is_header_done()) {
      state.take_head();
      if (state.head.status / 100 != 1) return Event{.what = What::kHead};
      if (++state.interim > kMaxInterim) return Error(ErrorCode::kDataLoss, "too many interim answers");
      state.begin();
      continue;
    }
    if (parser.is_done()) return Event{.what = What::kEnd};

    parser.get().body() = {.data = state.piece.data(), .size = state.piece.size(), .more = true};
    boost::system::error_code code;
    const std::string_view input = std::string_view(state.input).substr(state.taken);
    if (!input.empty()) {
      state.taken += parser.put({input.data(), input.size()}, code);
    } else if (state.ended && !parser.got_some()) {
      code = beast::error::end_of_stream;
    } else if (state.ended) {
      parser.put_eof(code);
    } else {
      return Event{};
    }
    const std::size_t produced = state.has_head ? state.piece.size() - parser.get().body().size : 0;
    if (code == beast::error::need_buffer) code = {};
    const bool needs_more = code == beast::error::need_more;
    if (code && !needs_more) return state.failed(code);
    if (produced > 0)
      return Event{.what = What::kBody, .body = std::as_bytes(std::span(state.piece.data(), produced))};
    if (!needs_more) continue;
    // The lines between chunks and behind the last one, which Beast itself lets grow for ever.
    if (state.input.size() - state.taken > state.limits.head) return state.failed(beast::error::header_limit);
    if (!state.ended) return Event{};
    // What is left can never become whole.
    return state.failed(beast::error::partial_message);
  }
}

}  // namespace knit::http
