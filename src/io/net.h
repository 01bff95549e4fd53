// TCP.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "io/clock.h"
#include "io/stream.h"

namespace knit::io {

struct HostPort {
  std::string host;  // a name, or a numeric IPv4 or IPv6 address without brackets
  std::uint16_t port = 0;
  auto operator<=>(const HostPort&) const = default;
};
std::string to_string(const HostPort& address);
// "host:port", "[::1]:port".
Result<HostPort> parse_host_port(std::string_view text);

// The numeric addresses of a name, by getaddrinfo on the pool (IPv4 first). kNotFound, or kUnavailable where
// the name service does not answer.
Task<Result<std::vector<std::string>>> resolve(std::string host);

// Connects to the first address of the name that answers. The error names the address that was tried.
Task<Result<std::unique_ptr<Stream>>> connect(HostPort address);

// Listens on a numeric address; port 0 takes a free one.
class Listener {
 public:
  static Result<std::unique_ptr<Listener>> open(const std::string& address, std::uint16_t port = 0);
  virtual ~Listener() = default;
  virtual std::uint16_t port() const = 0;
  virtual Task<Result<std::unique_ptr<Stream>>> accept() = 0;
  virtual void close() = 0;
};

}  // namespace knit::io
