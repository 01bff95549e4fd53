// HOST:PORT as configuration files say it.
#pragma once

#include <knit/result.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace knit::conf {

// One daemon's address. The host is kept as written: YARN and HDFS compare names, and tokens are issued for
// them.
struct Endpoint {
  std::string id;    // of a highly available pair ("rm1", "nn2"), else ""
  std::string host;  // a name or an address; IPv6 without brackets
  std::uint16_t port = 0;
  bool operator==(const Endpoint&) const = default;
  // 0.0.0.0 or ::, which name no machine in particular.
  bool is_wildcard() const { return host == "0.0.0.0" || host == "::"; }
};

// "rm.example.com:8032", "[::1]:8032", or a host alone with `default_port`. kInvalidArgument says what is
// wrong but not where the text came from.
Result<Endpoint> parse_endpoint(std::string_view text, std::uint16_t default_port, std::string id = {});

// "rm.example.com:8032", "[::1]:8032".
std::string to_string(const Endpoint& endpoint);

}  // namespace knit::conf
