#include "rpc/negotiation.h"

#include <fmt/format.h>

#include "base/try.h"
#include "rpc/decode.h"
#include "rpc/error_map.h"
#include "rpc/frame.h"
#include "rpc/messages.h"
#include "rpc/proto/rpc_header.pb.h"

namespace knit::rpc {
namespace {

using hadoop::common::RpcSaslProto;

// SaslRpcServer.AuthMethod
constexpr std::string_view kTokenMethod = "TOKEN";
// DIGEST-MD5 needs two messages from the server after its offer, GSSAPI four.
constexpr int kMaxSteps = 16;

Error out_of_turn(const RpcSaslProto& message) {
  return Error(ErrorCode::kDataLoss,
               fmt::format("the server sent SASL message {} out of turn", static_cast<int>(message.state())));
}

// "KERBEROS (GSSAPI), SIMPLE"
std::string describe_offer(const RpcSaslProto& offer) {
  std::string text;
  for (int i = 0; i < offer.auths_size() && i < 8; ++i) {
    const auto& auth = offer.auths(i);
    if (!text.empty()) text += ", ";
    text += auth.method().substr(0, 40);
    if (!auth.mechanism().empty()) text += fmt::format(" ({})", auth.mechanism().substr(0, 40));
  }
  return text.empty() ? "nothing" : text;
}

}  // namespace

Negotiation::Negotiation(const Identity& identity, MechanismFactory make_mechanism)
    : token_(identity.token), make_mechanism_(std::move(make_mechanism)) {}

Negotiation::~Negotiation() = default;

std::string Negotiation::start() {
  KNIT_ASSERT(state_ == State::kStart, "a negotiation starts once");
  if (!token_) {
    state_ = State::kDone;
    return preamble(AuthProtocol::kNone);
  }
  state_ = State::kNegotiating;
  RpcSaslProto negotiate;
  negotiate.set_state(RpcSaslProto::NEGOTIATE);
  return preamble(AuthProtocol::kSasl) + sasl_frame(negotiate);
}

Result<std::string> Negotiation::receive(std::string frame) {
  KNIT_ASSERT(state_ == State::kNegotiating || state_ == State::kChallenged, "no message is expected");
  const State before = state_;
  state_ = State::kFailed;
  if (++steps_ > kMaxSteps)
    return Error(ErrorCode::kDataLoss, "the server does not come to an end of its SASL messages");
  KNIT_TRY(auto answer, decode_answer(std::move(frame)));
  if (answer.status != AnswerStatus::kSuccess) return to_error(answer);
  if (answer.call_id != kSaslCallId) {
    return Error(ErrorCode::kDataLoss,
                 fmt::format("the server answered call {} during authentication", answer.call_id));
  }
  KNIT_TRY(const auto message, decode<RpcSaslProto>(answer.body, "a SASL message"));
  state_ = before;
  auto next = on_message(message);
  if (!next) state_ = State::kFailed;
  return next;
}

Result<std::string> Negotiation::on_message(const RpcSaslProto& message) {
  if (state_ == State::kNegotiating) {
    if (message.state() == RpcSaslProto::NEGOTIATE) return choose(message);
    if (message.state() != RpcSaslProto::SUCCESS) return out_of_turn(message);
    return Error(ErrorCode::kUnauthenticated,
                 "the server wants no proof of who we are, although we hold a token for it: Knit does not go "
                 "on without "
                 "authentication (the server's hadoop.security.authentication is simple)");
  }
  const auto token = message.has_token() ? std::optional<std::string_view>(message.token()) : std::nullopt;
  if (message.state() == RpcSaslProto::SUCCESS) {
    KNIT_TRY_VOID(security::finish_sasl(*mechanism_, token));
    state_ = State::kDone;
    return std::string();
  }
  if (message.state() != RpcSaslProto::CHALLENGE || !token) return out_of_turn(message);
  RpcSaslProto response;
  response.set_state(RpcSaslProto::RESPONSE);
  KNIT_TRY(*response.mutable_token(), mechanism_->step(*token));
  return sasl_frame(response);
}

Result<std::string> Negotiation::choose(const RpcSaslProto& offer) {
  const RpcSaslProto::SaslAuth* chosen = nullptr;
  for (const auto& auth : offer.auths()) {
    if (auth.method() == kTokenMethod && !chosen) chosen = &auth;
  }
  if (!chosen) {
    return Error(ErrorCode::kUnimplemented,
                 fmt::format("the server does not take tokens here: it offers {}; we hold a {}",
                             describe_offer(offer), security::describe(*token_)));
  }
  KNIT_TRY(mechanism_, make_mechanism_({chosen->mechanism(), chosen->protocol(), chosen->serverid()}, *token_,
                                       {security::Qop::kAuth}));
  RpcSaslProto initiate;
  initiate.set_state(RpcSaslProto::INITIATE);
  initiate.set_token("");
  // Without a challenge in the offer (Hadoop 3.5 for mechanisms other than DIGEST) it comes as the next
  // message.
  if (chosen->has_challenge()) {
    KNIT_TRY(*initiate.mutable_token(), mechanism_->step(chosen->challenge()));
  }
  auto& echoed = *initiate.add_auths();
  echoed = *chosen;
  echoed.clear_challenge();  // a server that finds its challenge in here refuses or begins again
  state_ = State::kChallenged;
  return sasl_frame(initiate);
}

std::unique_ptr<security::SaslMechanism> Negotiation::take_protection() {
  KNIT_ASSERT(done(), "the negotiation goes on");
  if (!mechanism_ || mechanism_->qop() == security::Qop::kAuth) return nullptr;
  return std::move(mechanism_);
}

}  // namespace knit::rpc
