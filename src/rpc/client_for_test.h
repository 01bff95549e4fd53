// For tests alone: a client on a FakeNetwork, and what its servers may do.
#pragma once

#include "rpc/client.h"
#include "rpc/fake_server_for_test.h"

namespace knit::rpc {

inline Service service(std::vector<std::uint16_t> ports) {
  Service out{.name = "ResourceManager", .protocol = "org.example.Protocol", .identity = {.user = "alice"}};
  for (const auto port : ports) out.addresses.push_back({"rm", port});
  return out;
}

inline Wiring wiring(FakeNetwork& network) {
  return {.connect = [&network](io::HostPort address) { return network.connect(std::move(address)); },
          .client_id = std::string(16, '\x11'),
          .chance = [] { return 0.0; }};
}

// Answers every call with its request and "!".
inline io::Task<void> echo(Peer& peer, int) {
  auto call = co_await peer.first_call();
  while (call) {
    if (call->header.callid() >= 0)
      (void)co_await peer.send(success_frame(call->header.callid(), call->body + "!"));
    call = co_await peer.receive();
  }
}

// Takes one call and ends it with an exception, for each connection.
inline FakeNetwork::Script failing(std::string java_class, std::string message, bool fatal = false) {
  return [=](Peer& peer, int) -> io::Task<void> {
    auto call = co_await peer.first_call();
    while (call) {
      const auto id = fatal ? kAuthorizationFailedCallId : call->header.callid();
      (void)co_await peer.send(failure_frame(id, java_class, message, fatal));
      call = co_await peer.receive();
    }
  };
}

inline io::Task<void> silent(Peer& peer, int) {
  auto call = co_await peer.first_call();
  while (call) call = co_await peer.receive();
}

inline io::Task<void> hang_up(Peer& peer, int) {
  (void)co_await peer.first_call();
  peer.close();
}

inline std::string text(const Result<std::string>& answer) {
  return answer ? *answer : std::string(to_string(answer.error().code())) + ": " + answer.error().message();
}

}  // namespace knit::rpc
