#include "base/uri.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/try.h"
#include "base/utf8.h"

namespace knit::base {
namespace {

Error malformed(std::string_view text, std::string_view what) {
  return Error(ErrorCode::kInvalidArgument, fmt::format("'{}': {}", to_utf8(text), what));
}

bool scheme_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
}

Result<std::int32_t> parse_port(std::string_view digits, std::string_view whole) {
  std::int32_t port = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (failed != std::errc() || end != digits.data() + digits.size() || port < 1 || port > 65535) {
    return malformed(whole, fmt::format("'{}' is no port", to_utf8(digits)));
  }
  return port;
}

}  // namespace

Result<Uri> Uri::parse(std::string_view text) {
  Uri uri;
  const auto mark = text.find("://");
  if (mark == std::string_view::npos) {
    uri.path = text;
    return uri;
  }
  uri.scheme = lower(text.substr(0, mark));
  if (uri.scheme.empty() || !std::all_of(uri.scheme.begin(), uri.scheme.end(), scheme_character)) {
    return malformed(text, "what stands before :// is no scheme");
  }
  std::string_view rest = text.substr(mark + 3);
  const auto slash = std::min(rest.find('/'), rest.size());
  std::string_view authority = rest.substr(0, slash);
  uri.path = slash == rest.size() ? "/" : rest.substr(slash);
  if (authority.find('@') != std::string_view::npos) return malformed(text, "a user is not supported here");
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) return malformed(text, "'[' without ']'");
    uri.host = authority.substr(1, close - 1);
    authority.remove_prefix(close + 1);
    if (authority.empty()) return uri;
    if (authority[0] != ':') return malformed(text, "something stands between ']' and the port");
    KNIT_TRY(uri.port, parse_port(authority.substr(1), text));
    return uri;
  }
  const auto colon = authority.find(':');
  uri.host = authority.substr(0, colon);
  if (colon == std::string_view::npos) return uri;
  if (uri.host.empty()) return malformed(text, "a port without a host");
  KNIT_TRY(uri.port, parse_port(authority.substr(colon + 1), text));
  return uri;
}

std::string root_of(const Uri& uri) {
  if (uri.scheme.empty()) return {};
  const bool v6 = uri.host.find(':') != std::string::npos;
  std::string root = fmt::format("{}://{}{}{}", uri.scheme, v6 ? "[" : "", uri.host, v6 ? "]" : "");
  if (uri.port >= 0) root += fmt::format(":{}", uri.port);
  return root;
}

std::string to_string(const Uri& uri) {
  return root_of(uri) + uri.path;
}

}  // namespace knit::base
