// How a connection becomes ours: what is sent before the first call, as a function of what the server says. A
// core. Learned from SaslRpcClient, Client.setupIOstreams and Server.processSaslMessage of Hadoop 3.4.2.
#pragma once

#include <knit/result.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "security/mechanisms.h"
#include "security/sasl.h"
#include "security/token.h"

namespace hadoop::common {
class RpcSaslProto;
}

namespace knit::rpc {

// Who we say we are.
struct Identity {
  std::string user;                      // SIMPLE: the effective user
  std::optional<security::Token> token;  // if set: SASL with this token, and no user is sent
};

// One authentication. Send start(), then, until done(), hand each frame from the server to receive() and send
// what it returns. After an error the connection must be closed, nothing but SASL messages has been sent
// then.
//
// A token is never traded for less: a server that offers no authentication by token, or takes us without any,
// is refused (ipc.client.fallback-to-simple-auth-allowed is false by default).
class Negotiation {
 public:
  // Answers from the server larger than this are refused while it is not known who the server is.
  static constexpr std::size_t kMaxFrame = 1u << 20;

  // Makes the mechanism for the server's offer: security::make_token_mechanism, or a test's own without
  // randomness.
  using MechanismFactory = std::function<Result<std::unique_ptr<security::SaslMechanism>>(
      const security::TokenOffer&, const security::Token&, std::vector<security::Qop>)>;

  explicit Negotiation(const Identity& identity,
                       MechanismFactory make_mechanism = security::make_token_mechanism);
  ~Negotiation();

  // The preamble and, with a token, the request to negotiate. Without a token the negotiation is done with
  // that: the server has nothing to say unless it refuses us, which it does with FATAL and call id -1.
  std::string start();
  bool done() const { return state_ == State::kDone; }

  // One frame; the bytes to send next, empty when done. kUnauthenticated if the server refuses us or cannot
  // prove who it is; kUnimplemented if it offers no way that we have; kDataLoss if it says what nobody may
  // say now.
  Result<std::string> receive(std::string frame);

  // Once done: the mechanism that protects what follows, or null where bytes go as they are (SIMPLE, or qop
  // auth).
  std::unique_ptr<security::SaslMechanism> take_protection();

 private:
  enum class State { kStart, kNegotiating, kChallenged, kDone, kFailed };

  Result<std::string> on_message(const hadoop::common::RpcSaslProto& message);
  Result<std::string> choose(const hadoop::common::RpcSaslProto& offer);

  std::optional<security::Token> token_;
  MechanismFactory make_mechanism_;
  State state_ = State::kStart;
  int steps_ = 0;
  std::unique_ptr<security::SaslMechanism> mechanism_;
};

}  // namespace knit::rpc
