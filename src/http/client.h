// Driver: HTTP/1.1 requests.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "http/message.h"
#include "http/response_parser.h"
#include "io/net.h"
#include "io/stream.h"

namespace knit::http {

// Makes the connection for a request; io::connect unless something else (TLS, a pipe in a test) is wanted.
using Connector = std::function<io::Task<Result<std::unique_ptr<io::Stream>>>(io::HostPort)>;

struct Request {
  io::HostPort server;
  std::string target = "/";     // path and query, already percent-encoded
  std::vector<Header> headers;  // beside Host, User-Agent, Accept-Encoding, Connection and Content-Length
  std::string method = "GET";
  std::string body;
  std::string scheme = "http";  // for messages and redirects; what is spoken is Options::connect's choice
};

struct Options {
  Limits limits;
  // How many redirects to follow; only ever on the same host and port. 0: the answer 3xx is the answer.
  int redirects = 0;
  Connector connect = io::connect;
};

// An answer whose head has come. Owns its connection, which closes with it: a request, a connection. One call
// at a time; deadlines by io::run_until around each. Errors name the URL.
class Response {
 public:
  // `what` was asked: "GET http://host:port/target".
  Response(std::string what, std::unique_ptr<io::Stream> stream, const Limits& limits);

  const std::string& what() const { return what_; }
  const ResponseHead& head() const { return parser_.head(); }

  // The next piece of the body, valid until the next call; empty at its end. kUnavailable where the
  // connection breaks off before, kResourceExhausted beyond the limit, kDataLoss where it is no HTTP.
  io::Task<Result<std::span<const std::byte>>> read();
  // The rest of the body, at most Limits::max_text bytes of it: beyond that, kResourceExhausted.
  io::Task<Result<std::string>> read_text();

 private:
  friend io::Task<Result<std::unique_ptr<Response>>> send(Request request, Options options);
  io::Task<Result<ResponseParser::Event>> next();
  io::Task<Status> read_head();

  std::string what_;
  std::unique_ptr<io::Stream> stream_;
  ResponseParser parser_;
  std::size_t max_text_;
  std::vector<std::byte> buffer_;
};

// "http://host:port/target", for messages.
std::string to_url(const Request& request);

// Asks, once, and waits for the head of the answer, whatever its status. Never through a proxy: what is asked
// are the cluster's own machines. Errors: kInvalidArgument for a target or header that cannot stand in a
// request; the connection's; those of Response::read.
io::Task<Result<std::unique_ptr<Response>>> send(Request request, Options options = {});

}  // namespace knit::http
