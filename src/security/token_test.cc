#include "security/token.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "security/credentials.h"
#include "security/golden_for_test.h"
#include "security/identifiers.h"
#include "security/wire_reader.h"

namespace knit::security {
namespace {

std::string unhex(std::string_view hex) {
  return *base::hex_decode(hex);
}

TEST(Token, DescriptionHoldsNoSecret) {
  const Token token{"identifier", "password", "RM_DELEGATION_TOKEN", "10.0.0.7:8032"};
  EXPECT_EQ(describe(token), "RM_DELEGATION_TOKEN for 10.0.0.7:8032");
  EXPECT_EQ(describe({"identifier", "password", "YARN_AM_RM_TOKEN", ""}), "YARN_AM_RM_TOKEN");
  EXPECT_EQ(describe({"identifier", "password", "", "\x1b[31m"}), "token of no kind for ?[31m");
}

// The user name of the captured master, rpc/am-rm-token.c2s.bin.
TEST(Token, UserNameAndPasswordAreBase64) {
  const auto names = token_credentials(
      {unhex("0a0d0a0908081086bb80b0a034100110ed9fcabcfbffffffff01"), "\xff\xfe", "YARN_AM_RM_TOKEN", ""});
  EXPECT_EQ(names.username, "Cg0KCQgIEIa7gLCgNBABEO2fyrz7/////wE=");
  EXPECT_EQ(names.password, Secret("//4="));
}

TEST(Identifiers, AmrmTokenOfARealMaster) {
  const auto credentials = parse_credentials(golden("tokens/container_tokens-am.v0.bin"));
  ASSERT_TRUE(credentials);
  const auto decoded = decode_amrm_token_identifier(credentials->find_by_kind(kAmrmTokenKind)->identifier);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(to_string(decoded->attempt), "appattempt_1795397350387_0002_000001");
  EXPECT_EQ(decoded->key_id, -1082252953);
}

// From the allocate answer in rpc/am-rm-token.s2c.bin.
TEST(Identifiers, NmToken) {
  const auto decoded = decode_nm_token_identifier(
      unhex("0a0d0a0908081086bb80b0a0341001120f0a096c6f63616c686f737410d5cc011a04726f6f7420a6969f9b06"));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(to_string(decoded->attempt), "appattempt_1795397000582_0008_000001");
  EXPECT_EQ(decoded->node, (NodeId{"localhost", 26197}));
  EXPECT_EQ(decoded->submitter, "root");
  EXPECT_EQ(decoded->key_id, 1667746598);
}

// From the startContainers call in rpc/am-nm-start.c2s.bin.
TEST(Identifiers, ContainerToken) {
  const auto call = golden("rpc/am-nm-start.c2s.bin");
  const auto at = call.find(unhex("0a85010a11"));
  ASSERT_NE(at, std::string::npos);
  const auto decoded = decode_container_token_identifier(std::string_view(call).substr(at + 3, 0x85));
  ASSERT_TRUE(decoded) << decoded.error().message();
  EXPECT_EQ(to_string(decoded->container), "container_1795397000582_0008_01_000002");
  EXPECT_EQ(decoded->node_address, "localhost:26197");
  EXPECT_EQ(decoded->expiry.time_since_epoch().count(), 1795398221554);
}

TEST(Identifiers, EveryCutIsAnError) {
  const auto whole =
      unhex("0a0d0a0908081086bb80b0a0341001120f0a096c6f63616c686f737410d5cc011a04726f6f7420a6969f9b06");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto cut = decode_nm_token_identifier(std::string_view(whole).substr(0, length));
    ASSERT_FALSE(cut) << length;
    EXPECT_EQ(cut.error().code(), ErrorCode::kDataLoss);
    EXPECT_TRUE(cut.error().message().starts_with("identifier of an NM token: ")) << cut.error().message();
  }
}

TEST(WireReader, WalksOverEveryType) {
  const std::string bytes = unhex(
      "08ac02"              // 1: varint 300
      "110100000000000000"  // 2: fixed64 1
      "1a026869"            // 3: "hi"
      "2502000000"          // 4: fixed32 2
      "28ffffffffffffffffff01");
  WireReader reader(bytes);
  EXPECT_EQ((*reader.next())->value, 300u);
  EXPECT_EQ((*reader.next())->value, 1u);
  const auto text = *reader.next();
  EXPECT_TRUE(text->is_bytes(3));
  EXPECT_FALSE(text->is_varint(3));
  EXPECT_EQ(text->bytes, "hi");
  EXPECT_EQ((*reader.next())->value, 2u);
  EXPECT_EQ((*reader.next())->as_int32(), -1);
  EXPECT_FALSE(reader.next()->has_value());
}

TEST(WireReader, RefusesWhatIsMalformed) {
  for (const char* hex : {"08", "0880", "00", "0bff", "0c", "0e", "1a05aaaa", "11010000", "25010000",
                          "08ffffffffffffffffffff01", "1affffffffffffffffff01", "ffffffffff7f00"}) {
    const auto bytes = unhex(hex);
    EXPECT_FALSE(WireReader(bytes).next()) << hex;
  }
}

}  // namespace
}  // namespace knit::security
