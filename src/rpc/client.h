// Hadoop RPC v9, the client's side: calls to one service that may have several addresses (a pair of
// ResourceManagers or NameNodes). Knows nothing of YARN or HDFS.
#pragma once

#include <knit/result.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/net.h"
#include "io/task.h"
#include "rpc/caller.h"
#include "security/token.h"

namespace knit::rpc {

// Who we say we are.
struct Identity {
  std::string user;                      // SIMPLE: the effective user
  std::optional<security::Token> token;  // if set: SASL with this token, and no user is sent
};

struct Service {
  std::string name;                     // for messages: "ResourceManager", "NameNode ns1"
  std::string protocol;                 // "org.apache.hadoop.yarn.api.ApplicationClientProtocolPB"
  std::vector<io::HostPort> addresses;  // at least one; more than one are tried in turn (failover)
  Identity identity;
  std::string caller_context;  // Hadoop's CallerContext for audit logs; empty: none
};

struct Limits {
  std::chrono::milliseconds connect_timeout{10'000};  // per address, DNS included
  std::chrono::milliseconds call_timeout{60'000};   // from sending to answer, unless the call says otherwise
  std::chrono::milliseconds idle_close{10'000};     // as Java: ipc.client.connection.maxidletime
  std::chrono::milliseconds ping_interval{60'000};  // ipc.ping.interval
  std::chrono::milliseconds failover_deadline{30'000};  // of all tries together, over all addresses
  std::size_t max_response = 128u << 20;                // ipc.maximum.response.length
  std::size_t max_request = 64u << 20;                  // ipc.maximum.data.length of 2.10
};

// Calls to one service over at most one connection per address. Belongs to one loop. Destroyed, it closes;
// calls still open then end with kCancelled. Errors carry the Java class (Error::remote_exception) and the
// server's message without its stack; connection trouble is kUnavailable with service and address.
class Client final : public Caller {
 public:
  Client(Service service, Limits limits = {});
  ~Client() override;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // One call; request and answer are serialized messages (see rpc/call.h for typed calls).
  io::Task<Result<std::string>> call(std::string method, std::string request,
                                     CallOptions options = {}) override;

  // From now on connections are made with this token (AMRM and NM tokens roll); the present connection is
  // closed when its open calls have ended.
  void use_token(security::Token token);
  // Closes the connection; the next call opens a new one. Open calls end with kUnavailable.
  void disconnect();
  const Service& service() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace knit::rpc
