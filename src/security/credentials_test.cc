#include "security/credentials.h"

#include "base/encoding.h"
#include "security/golden_for_test.h"
#include "security/writable.h"

namespace knit::security {
namespace {

using base::hex_encode;

Credentials parsed(const std::string& name) {
  auto credentials = parse_credentials(golden(name));
  EXPECT_TRUE(credentials) << name << ": " << credentials.error().message();
  return credentials.value_or({});
}

TEST(Credentials, ReadsWhatJavaWrote) {
  const auto credentials = parsed("tokens/credentials-v0.bin");
  ASSERT_EQ(credentials.tokens().size(), 2u);
  const auto& hdfs = credentials.tokens()[0];
  EXPECT_EQ(hdfs.alias, "127.0.0.1:28066");
  EXPECT_EQ(hdfs.token.kind, kHdfsDelegationTokenKind);
  EXPECT_EQ(hdfs.token.service, "127.0.0.1:28066");
  EXPECT_EQ(hdfs.token.identifier.size(), 38u);
  EXPECT_EQ(hex_encode(hdfs.token.password.bytes()), "54aa6c2dbc4f8062fc8fbd637ad8787abe2ddb2e");
  EXPECT_EQ(credentials.tokens()[1].token.kind, kRmDelegationTokenKind);
  EXPECT_EQ(credentials.tokens()[1].alias, "127.0.0.1:28071");
  ASSERT_EQ(credentials.secrets().size(), 1u);
  EXPECT_EQ(credentials.secrets()[0].alias, "my.secret");
  EXPECT_EQ(credentials.secrets()[0].secret, Secret("s3cr3t-value"));
}

TEST(Credentials, WritesTheBytesJavaWrote) {
  for (const char* name :
       {"tokens/credentials-v0.bin", "tokens/container_tokens-am.v0.bin",
        "tokens/container_tokens-empty.v0.bin", "tokens/credentials-sasl-privacy.v0.bin"}) {
    EXPECT_EQ(parsed(name).serialize(), golden(name)) << name;
  }
  EXPECT_EQ(Credentials().serialize(), golden("tokens/container_tokens-empty.v0.bin"));
}

TEST(Credentials, VersionOneHoldsTheSame) {
  EXPECT_EQ(parsed("tokens/credentials-v1.bin"), parsed("tokens/credentials-v0.bin"));
  const auto dtutil = parsed("tokens/credentials-v1-dtutil.bin");
  EXPECT_EQ(dtutil.tokens(), parsed("tokens/credentials-v0.bin").tokens());
  EXPECT_TRUE(dtutil.secrets().empty());
}

TEST(Credentials, AmrmTokenIsFoundByKindAndTakenOut) {
  const auto credentials = parsed("tokens/container_tokens-am.v0.bin");
  ASSERT_EQ(credentials.tokens().size(), 3u);
  const Token* amrm = credentials.find_by_kind(kAmrmTokenKind);
  ASSERT_NE(amrm, nullptr);
  EXPECT_EQ(amrm->service, "");

  const auto rest = credentials.without_kind(kAmrmTokenKind);
  EXPECT_EQ(rest, parsed("tokens/credentials-v0.bin"));
  EXPECT_EQ(rest.find_by_kind(kAmrmTokenKind), nullptr);
}

TEST(Credentials, KeepsOrderAndUnknownKinds) {
  Credentials credentials;
  credentials.set_token("z", {"id", "password", "no.such.kind", "there"});
  credentials.set_token("a", {"", "", "", ""});
  credentials.set_secret("b", std::string("\0\xff", 2));
  credentials.set_secret("a", "");
  credentials.set_token("z", {"id2", "password2", "no.such.kind", "there"});
  EXPECT_EQ(credentials.tokens()[0].token.identifier, "id2");
  const auto again = parse_credentials(credentials.serialize());
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, credentials);
  EXPECT_EQ(again->tokens()[1].alias, "a");
}

TEST(Credentials, LaterEntryOfAnAliasCounts) {
  std::string bytes("HDTS\0\2", 6);
  WritableWriter writer(bytes);
  for (const char* password : {"first", "second"}) {
    for (const char* text : {"alias", "id", password, "kind", "service"}) writer.write_bytes(text);
  }
  writer.write_vlong(0);
  const auto credentials = parse_credentials(bytes);
  ASSERT_TRUE(credentials);
  ASSERT_EQ(credentials->tokens().size(), 1u);
  EXPECT_EQ(credentials->tokens()[0].token.password, Secret("second"));
}

TEST(Credentials, EveryCutIsAnError) {
  for (const char* name : {"tokens/container_tokens-am.v0.bin", "tokens/credentials-v1.bin"}) {
    const auto whole = golden(name);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      const auto cut = parse_credentials(std::string_view(whole).substr(0, length));
      ASSERT_FALSE(cut) << name << " cut to " << length;
      EXPECT_EQ(cut.error().code(), ErrorCode::kDataLoss);
    }
    EXPECT_FALSE(parse_credentials(whole + '\0')) << name;
  }
}

TEST(Credentials, SaysWhatIsWrong) {
  const auto message = [](std::string_view bytes) { return parse_credentials(bytes).error().message(); };
  EXPECT_EQ(message("hello"), "not a Hadoop token storage file: it does not begin with 'HDTS' and a version");
  EXPECT_EQ(message("HDTS\2"), "token storage file of version 2; Knit reads versions 0 and 1");
  EXPECT_EQ(
      message({"HDTS\0\1\1a\5", 9}),
      "token storage file, version 0: token 1: 5 bytes announced, but it ends too early at byte 4 of 4");
  EXPECT_EQ(message({"HDTS\0\xff", 6}), "token storage file, version 0: a negative number of tokens");
  EXPECT_EQ(message({"HDTS\0\0\0\0", 8}),
            "token storage file, version 0: 1 bytes too many after the last secret");
  EXPECT_EQ(message("HDTS\1\4\x0a\2\x0a"), "token storage file, version 1: 4 bytes announced, 3 there");
  EXPECT_EQ(message({"HDTS\1\4\x0a\2\x0a\0", 10}),
            "token storage file, version 1: the token of an entry is missing");
}

TEST(Credentials, HasLimits) {
  std::string many("HDTS\0", 5);
  WritableWriter(many).write_vlong(100'001);
  const auto too_many = parse_credentials(many);
  ASSERT_FALSE(too_many);
  EXPECT_EQ(too_many.error().code(), ErrorCode::kResourceExhausted);
  const auto too_large = parse_credentials(std::string(kMaxCredentialsSize + 1, 'H'));
  ASSERT_FALSE(too_large);
  EXPECT_EQ(too_large.error().code(), ErrorCode::kResourceExhausted);
}

TEST(Writable, IntegersRoundTripInJavasBytes) {
  const std::pair<std::int64_t, const char*> vectors[] = {{0, "00"},
                                                          {127, "7f"},
                                                          {-112, "90"},
                                                          {128, "8f80"},
                                                          {-113, "8770"},
                                                          {255, "8fff"},
                                                          {256, "8e0100"},
                                                          {0x01a20607f82d, "8a01a20607f82d"},
                                                          {INT64_MAX, "887fffffffffffffff"},
                                                          {INT64_MIN, "807fffffffffffffff"}};
  for (const auto& [value, hex] : vectors) {
    std::string bytes;
    WritableWriter(bytes).write_vlong(value);
    EXPECT_EQ(hex_encode(bytes), hex);
    WritableReader reader(bytes);
    EXPECT_EQ(*reader.read_vlong(), value);
    EXPECT_EQ(reader.remaining(), 0u);
  }
}

TEST(Writable, RefusesWhatDoesNotFit) {
  std::string bytes;
  WritableWriter(bytes).write_vlong(std::int64_t{1} << 31);
  EXPECT_FALSE(WritableReader(bytes).read_vint());
  EXPECT_FALSE(WritableReader("\x90").read_bytes());
  EXPECT_FALSE(WritableReader("\x88zzz").read_vlong());
  EXPECT_FALSE(WritableReader("").read_byte());
}

}  // namespace
}  // namespace knit::security
