#include "rpc/negotiation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "rpc/fake_server_for_test.h"
#include "security/digest_md5.h"

namespace knit::rpc {
namespace {

using hadoop::common::RpcSaslProto;
using ::testing::HasSubstr;

// The NM token in the allocate answer of rpc/am-rm-token.s2c.bin.
security::Token nm_token() {
  return {*base::hex_decode(
              "0a0d0a0908081086bb80b0a0341001120f0a096c6f63616c686f737410d5cc011a04726f6f7420a6969f9b06"),
          *base::hex_decode("c7979d99b0cf5b34ed20de933dd26092c0b4c209"), "NMToken", "127.0.0.1:26197"};
}

Negotiation::MechanismFactory with_cnonce(std::string cnonce) {
  return [cnonce](const security::TokenOffer& offer, const security::Token& token,
                  std::vector<security::Qop> qops) -> Result<std::unique_ptr<security::SaslMechanism>> {
    auto names = security::token_credentials(token);
    return std::make_unique<security::DigestMd5Client>(
        security::DigestMd5Options{.username = names.username,
                                   .password = names.password,
                                   .protocol = offer.protocol,
                                   .server_id = offer.server_id,
                                   .qops = std::move(qops),
                                   .cnonce = cnonce});
  };
}

std::string cnonce_of(const std::string& c2s) {
  const auto begin = c2s.find("cnonce=\"") + 8;
  return c2s.substr(begin, c2s.find('"', begin) - begin);
}

std::string sasl_from_server(const RpcSaslProto& message) {
  return frames_of(success_frame(kSaslCallId, message.SerializeAsString())).at(0);
}

RpcSaslProto offer(std::initializer_list<std::pair<std::string, std::string>> auths,
                   const std::string& challenge = {}) {
  RpcSaslProto message;
  message.set_state(RpcSaslProto::NEGOTIATE);
  for (const auto& [method, mechanism] : auths) {
    auto& auth = *message.add_auths();
    auth.set_method(method);
    auth.set_mechanism(mechanism);
    auth.set_protocol("");
    auth.set_serverid("default");
    if (method == "TOKEN" && !challenge.empty()) auth.set_challenge(challenge);
  }
  return message;
}

constexpr const char* kChallenge =
    "realm=\"default\",nonce=\"N\",qop=\"auth\",charset=utf-8,algorithm=md5-sess";

Error refusal(const std::string& frame) {
  Negotiation negotiation({.token = nm_token()});
  (void)negotiation.start();
  auto next = negotiation.receive(frame);
  EXPECT_FALSE(next);
  EXPECT_FALSE(negotiation.done());
  return next ? Error(ErrorCode::kInternal, "accepted") : next.error();
}

TEST(Negotiation, SimpleHasNothingToSayButThePreamble) {
  Negotiation negotiation({.user = "alice"});
  EXPECT_EQ(negotiation.start(), preamble(AuthProtocol::kNone));
  EXPECT_TRUE(negotiation.done());
  EXPECT_EQ(negotiation.take_protection(), nullptr);
}

TEST(Negotiation, TokenSaysByteForByteWhatJavaSaid) {
  for (const std::string name : {"am-nm-start", "am-nm-status", "am-nm-stop"}) {
    const std::string java = golden("rpc/" + name + ".c2s.bin");
    const auto server = frames_of(golden("rpc/" + name + ".s2c.bin"));
    Negotiation negotiation({.token = nm_token()}, with_cnonce(cnonce_of(java)));
    std::string ours = negotiation.start();
    const auto initiate = negotiation.receive(server.at(0));
    ASSERT_TRUE(initiate) << initiate.error().message();
    ours += *initiate;
    EXPECT_FALSE(negotiation.done());
    const auto end = negotiation.receive(server.at(1));
    ASSERT_TRUE(end) << end.error().message();
    EXPECT_EQ(*end, "");
    EXPECT_TRUE(negotiation.done());
    EXPECT_EQ(negotiation.take_protection(), nullptr);
    EXPECT_EQ(base::hex_encode(ours), base::hex_encode(java.substr(0, ours.size())));
  }
}

TEST(Negotiation, TokenIsChosenBesideOtherWays) {
  Negotiation negotiation({.token = nm_token()});
  (void)negotiation.start();
  const auto next = negotiation.receive(frames_of(golden("rpc-probes/sasl-to-simple-rm.s2c.bin")).at(0));
  ASSERT_TRUE(next);
  const auto sent = decode_from_client(frames_of(*next).at(0));
  const auto initiate = decode<RpcSaslProto>(sent->body, "initiate");
  ASSERT_EQ(initiate->auths_size(), 1);
  EXPECT_EQ(initiate->auths(0).method(), "TOKEN");
  EXPECT_FALSE(initiate->auths(0).has_challenge());
}

TEST(Negotiation, AChallengeMayComeLater) {
  Negotiation negotiation({.token = nm_token()}, with_cnonce("c"));
  (void)negotiation.start();
  const auto initiate = negotiation.receive(sasl_from_server(offer({{"TOKEN", "DIGEST-MD5"}})));
  ASSERT_TRUE(initiate) << initiate.error().message();
  RpcSaslProto challenge;
  challenge.set_state(RpcSaslProto::CHALLENGE);
  challenge.set_token(kChallenge);
  const auto response = negotiation.receive(sasl_from_server(challenge));
  ASSERT_TRUE(response);
  const auto sent = decode<RpcSaslProto>(decode_from_client(frames_of(*response).at(0))->body, "response");
  EXPECT_EQ(sent->state(), RpcSaslProto::RESPONSE);
  EXPECT_THAT(sent->token(), HasSubstr("digest-uri=\"/default\""));
}

TEST(Negotiation, NeverGoesOnWithLess) {
  RpcSaslProto success;
  success.set_state(RpcSaslProto::SUCCESS);
  auto error = refusal(sasl_from_server(success));
  EXPECT_EQ(error.code(), ErrorCode::kUnauthenticated);

  error = refusal(sasl_from_server(offer({{"SIMPLE", ""}})));
  EXPECT_EQ(error.code(), ErrorCode::kUnimplemented);
  EXPECT_THAT(error.message(), HasSubstr("it offers SIMPLE; we hold a NMToken for 127.0.0.1:26197"));

  error = refusal(frames_of(golden("sasl-privacy/rm-list-kerberos.s2c.bin")).at(0));
  EXPECT_THAT(error.message(), ::testing::AnyOf(HasSubstr("KERBEROS"), HasSubstr("hadoop.rpc.protection")));

  error = refusal(sasl_from_server(offer({{"KERBEROS", "GSSAPI"}})));
  EXPECT_THAT(error.message(), HasSubstr("KERBEROS (GSSAPI)"));
}

TEST(Negotiation, NamesWhatItLacks) {
  auto error = refusal(sasl_from_server(offer({{"TOKEN", "SCRAM-SHA-256"}}, "x")));
  EXPECT_EQ(error.code(), ErrorCode::kUnimplemented);
  EXPECT_THAT(error.message(), HasSubstr("SCRAM-SHA-256"));

  error = refusal(frames_of(golden("sasl-privacy/rm-list-token.s2c.bin")).at(0));
  EXPECT_THAT(error.message(), HasSubstr("hadoop.rpc.protection"));
}

TEST(Negotiation, ServersRefusalKeepsItsException) {
  const auto server = frames_of(golden("rpc-probes/sasl-bad-digest.s2c.bin"));
  Negotiation negotiation({.token = nm_token()});
  (void)negotiation.start();
  ASSERT_TRUE(negotiation.receive(server.at(0)));
  const auto refused = negotiation.receive(server.at(1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kUnauthenticated);
  EXPECT_TRUE(refused.error().is_remote("SaslException"));
  EXPECT_THAT(refused.error().message(), HasSubstr("Mismatched nonce"));
}

TEST(Negotiation, ProofOfAnotherPasswordIsRefused) {
  const auto server = frames_of(golden("rpc/am-nm-start.s2c.bin"));
  Negotiation negotiation({.token = nm_token()});  // another cnonce than the captured one
  (void)negotiation.start();
  ASSERT_TRUE(negotiation.receive(server.at(0)));
  const auto end = negotiation.receive(server.at(1));
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code(), ErrorCode::kUnauthenticated);
  EXPECT_FALSE(negotiation.done());
}

TEST(Negotiation, SuccessWithoutProofIsRefused) {
  const auto server = frames_of(golden("rpc/am-nm-start.s2c.bin"));
  Negotiation negotiation({.token = nm_token()});
  (void)negotiation.start();
  ASSERT_TRUE(negotiation.receive(server.at(0)));
  RpcSaslProto success;
  success.set_state(RpcSaslProto::SUCCESS);
  const auto end = negotiation.receive(sasl_from_server(success));
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code(), ErrorCode::kUnauthenticated);
}

TEST(Negotiation, OutOfTurnAndGarbageAreRefused) {
  for (const auto state :
       {RpcSaslProto::INITIATE, RpcSaslProto::CHALLENGE, RpcSaslProto::RESPONSE, RpcSaslProto::WRAP}) {
    RpcSaslProto message;
    message.set_state(state);
    EXPECT_EQ(refusal(sasl_from_server(message)).code(), ErrorCode::kDataLoss);
  }
  EXPECT_EQ(refusal("").code(), ErrorCode::kDataLoss);
  EXPECT_EQ(refusal("garbage").code(), ErrorCode::kDataLoss);
  // An answer to a call, before anybody made one.
  EXPECT_EQ(refusal(frames_of(golden("rpc/rm-application-list.s2c.bin")).at(0)).code(), ErrorCode::kDataLoss);
  const std::string real = frames_of(golden("rpc/am-nm-start.s2c.bin")).at(0);
  for (std::size_t size = 0; size < real.size(); ++size) {
    EXPECT_EQ(refusal(real.substr(0, size)).code(), ErrorCode::kDataLoss) << size;
  }
}

TEST(Negotiation, ASecondOfferIsRefused) {
  const auto first = sasl_from_server(offer({{"TOKEN", "DIGEST-MD5"}}, kChallenge));
  Negotiation negotiation({.token = nm_token()});
  (void)negotiation.start();
  ASSERT_TRUE(negotiation.receive(first));
  EXPECT_FALSE(negotiation.receive(first));
}

}  // namespace
}  // namespace knit::rpc
