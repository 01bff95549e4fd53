#include "conf/endpoint.h"

#include <fmt/format.h>

#include <charconv>

#include "conf/text.h"

namespace knit::conf {

Result<Endpoint> parse_endpoint(std::string_view text, std::uint16_t default_port, std::string id) {
  const auto bad = [](std::string_view what) {
    return Error(ErrorCode::kInvalidArgument, std::string(what));
  };
  const std::string trimmed = trim(text);
  std::string_view host = trimmed, port;
  if (host.find('/') != std::string_view::npos) return bad("is not HOST:PORT");
  if (host.starts_with('[')) {
    const auto end = host.find(']');
    const bool more = end != std::string_view::npos && end + 1 < host.size();
    if (end == std::string_view::npos || (more && host[end + 1] != ':')) return bad("is not [ADDRESS]:PORT");
    if (more) port = host.substr(end + 2);
    if (more && port.empty()) return bad("has no port after ':'");
    host = host.substr(1, end - 1);
  } else if (const auto colon = host.find(':'); colon != std::string_view::npos) {
    port = host.substr(colon + 1);
    host = host.substr(0, colon);
    if (port.empty()) return bad("has no port after ':'");
    if (port.find(':') != std::string_view::npos)
      return bad("is not HOST:PORT; an IPv6 address needs brackets");
  }
  if (host.find("${") != std::string_view::npos) return bad("refers to a variable that nothing sets");
  if (host.empty()) return bad("names no host");
  if (host.size() > 255 || host.find_first_of(" \t\r\n@,;{}<>\"'\\") != std::string_view::npos) {
    return bad("is not HOST:PORT");
  }
  Endpoint out{std::move(id), std::string(host), default_port};
  if (!port.empty()) {
    const auto [end, ec] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (ec != std::errc() || end != port.data() + port.size() || out.port == 0) {
      return bad("has a port that is no number from 1 to 65535");
    }
  }
  return out;
}

std::string to_string(const Endpoint& endpoint) {
  const bool v6 = endpoint.host.find(':') != std::string::npos;
  return v6 ? fmt::format("[{}]:{}", endpoint.host, endpoint.port)
            : fmt::format("{}:{}", endpoint.host, endpoint.port);
}

}  // namespace knit::conf
