#include "security/digest_md5.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "security/golden_for_test.h"
#include "security/mechanisms.h"
#include "security/token.h"

namespace knit::security {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The NM token in the allocate answer of rpc/am-rm-token.s2c.bin.
Token nm_token() {
  return {*base::hex_decode(
              "0a0d0a0908081086bb80b0a0341001120f0a096c6f63616c686f737410d5cc011a04726f6f7420a6969f9b06"),
          *base::hex_decode("c7979d99b0cf5b34ed20de933dd26092c0b4c209"), "NMToken", "127.0.0.1:26197"};
}

std::string between(const std::string& bytes, std::string_view first, std::string_view last) {
  const auto begin = bytes.find(first);
  const auto end = bytes.find(last, begin);
  EXPECT_NE(end, std::string::npos) << first;
  return end == std::string::npos ? "" : bytes.substr(begin, end + last.size() - begin);
}

std::string value_of(const std::string& text, std::string_view name) {
  for (const auto& directive : parse_digest_directives(text).value_or({})) {
    if (directive.name == name) return directive.value;
  }
  return "";
}

// What Java's client and a real NodeManager said to each other.
struct Capture {
  std::string challenge;
  std::string response;
  std::string proof;
};

Capture capture(const std::string& name) {
  const auto server = golden("rpc/" + name + ".s2c.bin");
  const auto proof = server.find("rspauth=");
  EXPECT_NE(proof, std::string::npos);
  return {between(server, "realm=", "md5-sess"),
          between(golden("rpc/" + name + ".c2s.bin"), "charset=", "qop=auth"), server.substr(proof, 40)};
}

DigestMd5Options options_for(const std::string& cnonce) {
  auto names = token_credentials(nm_token());
  return {.username = names.username, .password = names.password, .server_id = "default", .cnonce = cnonce};
}

constexpr std::string_view kChallenge =
    "realm=\"default\",nonce=\"N\",qop=\"auth\",charset=utf-8,algorithm=md5-sess";

std::string step_error(DigestMd5Client& client, std::string_view challenge, ErrorCode code) {
  const auto answer = client.step(challenge);
  EXPECT_FALSE(answer) << challenge;
  if (answer) return "";
  EXPECT_EQ(answer.error().code(), code) << answer.error().message();
  EXPECT_FALSE(client.complete());
  return answer.error().message();
}

TEST(DigestMd5, SaysByteForByteWhatJavaSaid) {
  for (const char* name : {"am-nm-start", "am-nm-status", "am-nm-stop"}) {
    const auto [challenge, response, proof] = capture(name);
    DigestMd5Client client(options_for(value_of(response, "cnonce")));
    const auto answer = client.step(challenge);
    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_EQ(*answer, response);
    EXPECT_FALSE(client.complete());
    ASSERT_TRUE(finish_sasl(client, proof));
    EXPECT_TRUE(client.complete());
    EXPECT_EQ(client.qop(), Qop::kAuth);
    EXPECT_EQ(*client.wrap("as it is"), "as it is");
    EXPECT_EQ(*client.unwrap("as it is"), "as it is");
  }
}

TEST(DigestMd5, ServerMustProveThatItKnowsThePassword) {
  const auto [challenge, response, proof] = capture("am-nm-start");
  std::string other = proof;
  other.back() = other.back() == '0' ? '1' : '0';
  for (const std::string& wrong : {std::string(), std::string("rspauth="), std::string("rspauth=00"), other,
                                   proof.substr(0, proof.size() - 1), proof + "0", std::string("foo=bar")}) {
    DigestMd5Client client(options_for(value_of(response, "cnonce")));
    ASSERT_TRUE(client.step(challenge));
    EXPECT_FALSE(finish_sasl(client, wrong)) << wrong;
    EXPECT_FALSE(client.complete());
  }
  DigestMd5Client client(options_for(value_of(response, "cnonce")));
  ASSERT_TRUE(client.step(challenge));
  const auto skipped = finish_sasl(client, std::nullopt);
  ASSERT_FALSE(skipped);
  EXPECT_EQ(skipped.error().code(), ErrorCode::kUnauthenticated);
}

TEST(DigestMd5, SuccessWithoutAChallengeIsRefused) {
  DigestMd5Client client(options_for("c"));
  EXPECT_FALSE(finish_sasl(client, std::nullopt));
  const auto answered = finish_sasl(client, kChallenge);
  ASSERT_FALSE(answered);
  EXPECT_THAT(answered.error().message(), HasSubstr("before we did"));
}

TEST(DigestMd5, NothingFollowsTheEndOrAnError) {
  const auto [challenge, response, proof] = capture("am-nm-start");
  DigestMd5Client client(options_for(value_of(response, "cnonce")));
  ASSERT_TRUE(client.step(challenge));
  ASSERT_TRUE(client.step(proof));
  step_error(client, proof, ErrorCode::kUnauthenticated);

  DigestMd5Client failed(options_for("c"));
  step_error(failed, "nonsense", ErrorCode::kDataLoss);
  step_error(failed, kChallenge, ErrorCode::kUnauthenticated);
}

TEST(DigestMd5, OurPreferenceDecidesAmongWhatTheServerOffers) {
  const std::string list =
      R"(realm="default",nonce="N",qop="auth-conf, auth",cipher="des,RC4",algorithm=md5-sess)";
  auto options = options_for("c");
  options.qops = {Qop::kAuth, Qop::kPrivacy};
  DigestMd5Client weak(options);
  EXPECT_EQ(value_of(*weak.step(list), "qop"), "auth");
  options.qops = {Qop::kIntegrity, Qop::kPrivacy, Qop::kAuth};
  DigestMd5Client strong(options);
  const auto answer = *strong.step(list);
  EXPECT_EQ(value_of(answer, "qop"), "auth-conf");
  EXPECT_EQ(value_of(answer, "cipher"), "rc4");
  EXPECT_EQ(value_of(answer, "charset"), "");
}

TEST(DigestMd5, NamesBothSidesWhenNothingIsCommon) {
  DigestMd5Client client(options_for("c"));
  EXPECT_EQ(step_error(client, R"(nonce="N",qop="auth-conf",cipher="3des",algorithm=md5-sess)",
                       ErrorCode::kFailedPrecondition),
            "the server asks for protection 'auth-conf' of the connection, this side offers 'auth': see "
            "hadoop.rpc.protection (of a DataNode: dfs.data.transfer.protection)");
  auto options = options_for("c");
  options.qops = {Qop::kPrivacy};
  DigestMd5Client ciphers(options);
  EXPECT_EQ(step_error(ciphers, R"(nonce="N",qop="auth-conf",cipher="des,rc4-40",algorithm=md5-sess)",
                       ErrorCode::kUnimplemented),
            "the server encrypts by none of the ciphers Knit has (3des, rc4)");
}

TEST(DigestMd5, QuotesWhatNeedsQuoting) {
  auto options = options_for("c");
  options.username = R"(a"b\c)";
  options.authzid = R"(a"b\c)";
  DigestMd5Client client(options);
  const auto answer = *client.step(R"(realm="de\"fa\\ult",nonce="N",algorithm=md5-sess)");
  EXPECT_THAT(answer, HasSubstr(R"(username="a\"b\\c",realm="de\"fa\\ult")"));
  EXPECT_THAT(answer, HasSubstr(R"(qop=auth,authzid="a\"b\\c")"));
  EXPECT_EQ(value_of(answer, "realm"), R"(de"fa\ult)");
}

TEST(DigestMd5, RefusesAResponseThatServersRefuse) {
  auto options = options_for("c");
  options.username = std::string(4000, 'x');
  DigestMd5Client client(options);
  step_error(client, kChallenge, ErrorCode::kResourceExhausted);
}

TEST(DigestChallenge, ReadsWhatAKerberosClusterSends) {
  const auto challenge =
      parse_digest_challenge(between(golden("sasl-privacy/rm-list-token.s2c.bin"), "realm=", "md5-sess"));
  ASSERT_TRUE(challenge);
  EXPECT_EQ(challenge->realm, "default");
  EXPECT_EQ(challenge->nonce, "o84LSwTgJIvNln0rrgGlrXvYKIeNC7DnaB4x8ITz");
  EXPECT_THAT(challenge->qops, ElementsAre(Qop::kPrivacy));
  EXPECT_THAT(challenge->ciphers, ElementsAre("3des", "rc4", "des", "rc4-56", "rc4-40"));
  EXPECT_EQ(challenge->max_buffer, 65536u);
  EXPECT_TRUE(challenge->utf8);
}

TEST(DigestChallenge, ReadsWhatTheGrammarAllows) {
  const auto challenge = parse_digest_challenge(
      " ,, NONCE = \"a,b=\\\"c\\\\\" "
      ",\r\n\trealm=one,realm=\"two\",maxbuf=17,Algorithm=MD5-SESS,x-new=\"\",stale=true,");
  ASSERT_TRUE(challenge) << challenge.error().message();
  EXPECT_EQ(challenge->nonce, "a,b=\"c\\");
  EXPECT_EQ(challenge->realm, "one");
  EXPECT_THAT(challenge->qops, ElementsAre(Qop::kAuth));
  EXPECT_EQ(challenge->max_buffer, 17u);
  EXPECT_FALSE(challenge->utf8);
}

TEST(DigestChallenge, RefusesWhatItDoesNot) {
  const std::string good = R"(nonce="N",algorithm=md5-sess)";
  ASSERT_TRUE(parse_digest_challenge(good));
  for (const std::string& bad : {std::string(),
                                 std::string("nonce=\"N\""),
                                 std::string("algorithm=md5-sess"),
                                 good + ",nonce=\"M\"",
                                 good + ",qop=auth,qop=auth",
                                 good + ",maxbuf=16",
                                 good + ",maxbuf=16777216",
                                 good + ",maxbuf=1x",
                                 good + ",maxbuf=99999999999999999999",
                                 good + ",charset=latin1",
                                 good + ",realm=\"open",
                                 good + ",realm=\"open\\",
                                 good + ",realm",
                                 good + ",realm=",
                                 good + ",=x",
                                 good + " realm=x",
                                 good + ",realm=\"a\"b",
                                 std::string("nonce=\"\",algorithm=md5-sess"),
                                 std::string("nonce=\"N\",algorithm=md5"),
                                 good + ",x=" + std::string(kMaxDigestChallenge, 'x'),
                                 good + std::string("\0", 1)}) {
    EXPECT_FALSE(parse_digest_challenge(bad)) << bad;
  }
  EXPECT_EQ(parse_digest_challenge("nonce=N,algorithm=md5").error().code(), ErrorCode::kUnimplemented);
}

TEST(Mechanisms, DigestMd5ForAToken) {
  auto mechanism = make_token_mechanism({"DIGEST-MD5", "", "default"}, nm_token(), {Qop::kAuth});
  ASSERT_TRUE(mechanism);
  EXPECT_EQ((*mechanism)->name(), "DIGEST-MD5");
  const auto answer = (*mechanism)->step(kChallenge);
  ASSERT_TRUE(answer);
  EXPECT_EQ(value_of(*answer, "digest-uri"), "/default");
  EXPECT_EQ(value_of(*answer, "cnonce").size(), 40u);
}

TEST(Mechanisms, NamesTheOneThatKnitLacks) {
  const auto mechanism = make_token_mechanism({"SCRAM-SHA-256", "", "default"}, nm_token(), {Qop::kAuth});
  ASSERT_FALSE(mechanism);
  EXPECT_EQ(mechanism.error().code(), ErrorCode::kUnimplemented);
  EXPECT_THAT(mechanism.error().message(), HasSubstr("'SCRAM-SHA-256'"));
}

}  // namespace
}  // namespace knit::security
