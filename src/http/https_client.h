// Driver: asks one application's master over HTTPS.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "http/client.h"
#include "http/tls_session.h"

namespace knit::http {

// Connections through TLS, for Options::connect: what `connect` makes, after the handshake. kUnavailable
// where both together take longer than `limit`: a firewall says nothing at all.
Connector over_tls(std::shared_ptr<const TlsContext> context, Connector connect = io::connect,
                   std::chrono::seconds limit = std::chrono::seconds(30));

// Who asks, and whom. A request, a connection: no state that can go stale. Deadlines by io::run_until. A
// value; copies share the identity.
class HttpsClient {
 public:
  // kDataLoss, kResourceExhausted and kInvalidArgument for an identity that is none.
  static Result<HttpsClient> create(io::HostPort server, const security::Identity& identity,
                                    Limits limits = {}, Connector connect = io::connect,
                                    std::chrono::seconds connect_limit = std::chrono::seconds(30));

  // The body of the answer. An answer that is no success is the error that the server's handler gave
  // (error_reply). kUnauthenticated where the server is not the application's master, or does not believe us.
  // Nothing is sent twice: after kUnavailable and kDeadlineExceeded it is open whether a request was carried
  // out. Errors name method and URL.
  io::Task<Result<std::string>> send(std::string method, std::string target, std::string body = {}) const;
  io::Task<Result<std::string>> get(std::string target) const { return send("GET", std::move(target)); }

 private:
  HttpsClient(io::HostPort server, Options options)
      : server_(std::move(server)), options_(std::move(options)) {}
  io::HostPort server_;
  Options options_;
};

}  // namespace knit::http
