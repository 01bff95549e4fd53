// Hadoop RPC v9, the client's side: calls to one service that may have several addresses (a pair of
// ResourceManagers or NameNodes). Knows nothing of YARN or HDFS.
#pragma once

#include <knit/result.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "io/net.h"
#include "io/task.h"
#include "rpc/caller.h"
#include "rpc/connection.h"
#include "rpc/limits.h"
#include "rpc/negotiation.h"

namespace knit::rpc {

// A daemon, or a group of them of which one is active.
struct Service {
  std::string name;                     // for messages: "ResourceManager", "NameNode ns1"
  std::string protocol;                 // "org.apache.hadoop.yarn.api.ApplicationClientProtocolPB"
  std::vector<io::HostPort> addresses;  // at least one; more than one are tried in turn (failover)
  Identity identity;
  // Hadoop's CallerContext of each call, for audit logs. None, or an empty one: none.
  std::function<std::string()> caller_context;
};

// What a test may replace.
struct Wiring {
  Connection::Connector connect;   // default: io::connect
  std::string client_id;           // default: 16 random bytes
  std::function<double()> chance;  // in [0, 1), for pauses; default: random
};

// Calls to one service over at most one connection per address (plus old ones that are running empty).
// Belongs to one loop, which must outlive it. Destroyed, it closes; calls still open then end with
// kCancelled.
//
// Errors of a call carry the Java class (Error::remote_exception) and the server's message without its stack,
// and no context: the caller knows what it asked. Trouble on the way is kUnavailable and names service and
// address, of every address that was tried; refused credentials are kUnauthenticated. Retry and failover
// follow rpc/failover.h and disposition() in rpc/error_map.h.
class Client final : public Caller {
 public:
  explicit Client(Service service, Limits limits = {}, Wiring wiring = {});
  ~Client() override;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // One call; request and answer are serialized messages (see rpc/call.h for typed calls). kResourceExhausted
  // for a request over Limits::max_request; kDeadlineExceeded if the server took the call and did not answer
  // in time.
  io::Task<Result<std::string>> call(std::string method, std::string request,
                                     CallOptions options = {}) override;

  // From now on connections are made with this token (AMRM and NM tokens roll); the present connection is
  // closed when its open calls have ended.
  void use_token(security::Token token);
  const Service& service() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with the calls under way
};

}  // namespace knit::rpc
