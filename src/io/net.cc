#include "io/net.h"

#include <fmt/format.h>
#include <netdb.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <charconv>

#include "base/try.h"
#include "io/loop_impl.h"
#include "io/pool.h"
#include "io/wait.h"

namespace knit::io {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);

Error network_error(const error_code& error, std::string_view what, const std::string& peer) {
  if (error == asio::error::operation_aborted) return Error(ErrorCode::kCancelled, "cancelled");
  return Error(ErrorCode::kUnavailable, fmt::format("{} {}: {}", what, peer, error.message()));
}

class TcpStream final : public Stream {
 public:
  TcpStream(tcp::socket socket, std::string peer) : socket_(std::move(socket)), peer_(std::move(peer)) {
    error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
  }

  Task<Result<std::size_t>> read_some(std::span<std::byte> into) override {
    KNIT_CO_TRY_VOID(co_await check_cancelled());
    auto [error, n] = co_await socket_.async_read_some(asio::buffer(into.data(), into.size()), kToken);
    if (error == asio::error::eof) co_return std::size_t{0};
    if (error) co_return network_error(error, "reading from", peer_);
    co_return n;
  }

  Task<Status> write(std::span<const std::byte> bytes) override {
    KNIT_CO_TRY_VOID(co_await check_cancelled());
    auto [error, n] = co_await asio::async_write(socket_, asio::buffer(bytes.data(), bytes.size()), kToken);
    if (error) co_return network_error(error, "writing to", peer_);
    co_return Status();
  }

  void close() override {
    error_code ignored;
    socket_.close(ignored);
  }

  std::string peer() const override { return peer_; }

 private:
  tcp::socket socket_;
  std::string peer_;
};

class TcpListener final : public Listener {
 public:
  explicit TcpListener(tcp::acceptor acceptor) : acceptor_(std::move(acceptor)) {}

  std::uint16_t port() const override {
    error_code ignored;
    return acceptor_.local_endpoint(ignored).port();
  }

  Task<Result<std::unique_ptr<Stream>>> accept() override {
    KNIT_CO_TRY_VOID(co_await check_cancelled());
    auto [error, socket] = co_await acceptor_.async_accept(kToken);
    if (error) co_return network_error(error, "accepting on port", std::to_string(port()));
    error_code ignored;
    const auto remote = socket.remote_endpoint(ignored);
    auto peer = to_string(HostPort{remote.address().to_string(), remote.port()});
    co_return std::make_unique<TcpStream>(std::move(socket), std::move(peer));
  }

  void close() override {
    error_code ignored;
    acceptor_.close(ignored);
  }

 private:
  tcp::acceptor acceptor_;
};

Result<std::vector<std::string>> look_up(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (failed != 0) {
    const bool temporary = failed == EAI_AGAIN || failed == EAI_SYSTEM || failed == EAI_MEMORY;
    return Error(temporary ? ErrorCode::kUnavailable : ErrorCode::kNotFound,
                 fmt::format("cannot resolve host name '{}': {}", host, gai_strerror(failed)));
  }
  std::vector<std::string> addresses;
  for (const addrinfo* at = found; at && addresses.size() < 32; at = at->ai_next) {
    char text[NI_MAXHOST];
    if (getnameinfo(at->ai_addr, at->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) != 0)
      continue;
    if (std::find(addresses.begin(), addresses.end(), text) == addresses.end()) addresses.emplace_back(text);
  }
  freeaddrinfo(found);
  std::stable_partition(addresses.begin(), addresses.end(),
                        [](const std::string& a) { return a.find(':') == std::string::npos; });
  if (addresses.empty())
    return Error(ErrorCode::kNotFound, fmt::format("host name '{}' has no address", host));
  return addresses;
}

}  // namespace

std::string to_string(const HostPort& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return v6 ? fmt::format("[{}]:{}", address.host, address.port)
            : fmt::format("{}:{}", address.host, address.port);
}

Result<HostPort> parse_host_port(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon != std::string_view::npos && colon > 0) {
    auto host = text.substr(0, colon);
    const auto digits = text.substr(colon + 1);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    std::uint16_t port = 0;
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (ec == std::errc() && end == digits.data() + digits.size() && !digits.empty()) {
      return HostPort{std::string(host), port};
    }
  }
  return Error(ErrorCode::kInvalidArgument, fmt::format("'{}' is not HOST:PORT", text.substr(0, 200)));
}

Task<Result<std::vector<std::string>>> resolve(std::string host) {
  error_code not_numeric;
  asio::ip::make_address(host, not_numeric);
  if (!not_numeric) co_return std::vector<std::string>{host};
  co_return co_await run_blocking<std::vector<std::string>>([host] { return look_up(host); });
}

Task<Result<std::unique_ptr<Stream>>> connect(HostPort address) {
  KNIT_CO_TRY(const auto numeric, co_await resolve(address.host));
  std::string name = to_string(address);
  Error last(ErrorCode::kUnavailable, fmt::format("'{}' has no address", address.host));
  for (const auto& ip : numeric) {
    tcp::socket socket(current_loop().context);
    error_code bad;
    const tcp::endpoint endpoint(asio::ip::make_address(ip, bad), address.port);
    KNIT_CO_TRY_VOID(co_await check_cancelled());
    auto [error] = co_await socket.async_connect(endpoint, kToken);
    if (!error) co_return std::make_unique<TcpStream>(std::move(socket), name);
    const std::string tried = ip == address.host ? name : fmt::format("{} ({})", name, ip);
    last = network_error(error, "connecting to", tried);
    if (last.code() == ErrorCode::kCancelled) break;
  }
  co_return last;
}

Result<std::unique_ptr<Listener>> Listener::open(const std::string& address, std::uint16_t port) {
  error_code error;
  const auto ip = asio::ip::make_address(address, error);
  if (error) return Error(ErrorCode::kInvalidArgument, fmt::format("'{}' is not a numeric address", address));
  tcp::acceptor acceptor(current_loop().context);
  acceptor.open(ip.is_v6() ? tcp::v6() : tcp::v4(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind({ip, port}, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return network_error(error, "listening on", to_string(HostPort{address, port}));
  return std::make_unique<TcpListener>(std::move(acceptor));
}

}  // namespace knit::io
