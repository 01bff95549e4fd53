#include "security/digest_layer.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "security/credentials.h"
#include "security/des.h"
#include "security/digest_md5.h"
#include "security/golden_for_test.h"
#include "security/md5.h"
#include "security/rc4.h"
#include "security/wire_reader.h"

namespace knit::security {
namespace {

std::string unhex(std::string_view hex) {
  return *base::hex_decode(hex);
}

// The tokens of the RpcSaslProto messages (state 2, token 3) in a captured RPC stream, after its preamble.
struct SaslMessage {
  std::uint64_t state = 0;
  std::string token;
};

std::vector<SaslMessage> sasl_messages(std::string_view stream) {
  std::vector<SaslMessage> out;
  while (stream.size() >= 4) {
    std::size_t length = 0;
    for (const unsigned char c : stream.substr(0, 4)) length = length << 8 | c;
    WireReader frame(stream.substr(4, length));
    stream.remove_prefix(4 + length);
    const auto header = *frame.read_varint();
    WireReader body(frame.rest().substr(header));
    EXPECT_EQ(*body.read_varint(), body.rest().size());
    SaslMessage message;
    while (const auto field = *body.next()) {
      if (field->is_varint(2)) message.state = field->value;
      if (field->is_bytes(3)) message.token = field->bytes;
    }
    out.push_back(std::move(message));
  }
  return out;
}

std::string between(const std::string& bytes, std::string_view first, std::string_view last) {
  const auto begin = bytes.find(first);
  return bytes.substr(begin, bytes.find(last, begin) + last.size() - begin);
}

std::string value_of(const std::string& text, std::string_view name) {
  for (const auto& directive : parse_digest_directives(text).value_or({})) {
    if (directive.name == name) return directive.value;
  }
  return "";
}

// One captured connection with privacy: authenticated anew with the captured cnonce and taken apart.
struct Private {
  std::string from_client;
  std::string from_server;
};

Private replay(const std::string& name, std::string_view kind) {
  const auto client_bytes = golden("sasl-privacy/" + name + ".c2s.bin");
  const auto server_bytes = golden("sasl-privacy/" + name + ".s2c.bin");
  const auto credentials = *parse_credentials(golden("tokens/credentials-sasl-privacy.v0.bin"));
  const auto names = token_credentials(*credentials.find_by_kind(kind));
  const auto from_client = sasl_messages(std::string_view(client_bytes).substr(7));
  const auto from_server = sasl_messages(server_bytes);
  const auto& response = from_client.at(1).token;
  DigestMd5Client client({.username = names.username,
                          .password = names.password,
                          .server_id = "default",
                          .qops = {Qop::kIntegrity, Qop::kPrivacy},
                          .cnonce = value_of(response, "cnonce")});
  EXPECT_EQ(*client.step(between(server_bytes, "realm=", "md5-sess")), response);
  EXPECT_TRUE(finish_sasl(client, from_server.at(1).token));
  EXPECT_EQ(client.qop(), Qop::kPrivacy);
  EXPECT_EQ(client.max_message(), 65510u);

  Private out;
  for (std::size_t i = 2; i < from_server.size(); ++i) {
    EXPECT_EQ(from_server[i].state, 5u);  // WRAP
    const auto plain = client.unwrap(from_server[i].token);
    EXPECT_TRUE(plain) << plain.error().message();
    out.from_server += plain.value_or("");
  }
  // Our own direction: a server's layer opens what Java wrapped, and we wrap the same bytes into the same
  // tokens.
  const auto ha1_user =
      Md5().update(names.username).update(":default:").update(names.password.bytes()).finish();
  const auto ha1 = Md5()
                       .update(ha1_user)
                       .update(":" + value_of(response, "nonce") + ":" + value_of(response, "cnonce"))
                       .finish();
  DigestMd5Layer server(DigestMd5Layer::Role::kServer, ha1, "3des");
  for (std::size_t i = 2; i < from_client.size(); ++i) {
    const auto plain = server.unwrap(from_client[i].token);
    EXPECT_TRUE(plain) << plain.error().message();
    EXPECT_EQ(*client.wrap(plain.value_or("")), from_client[i].token);
    out.from_client += plain.value_or("");
  }
  return out;
}

TEST(DigestLayer, OpensAndMakesWhatJavaMade) {
  const auto list = replay("rm-list-token", kRmDelegationTokenKind);
  EXPECT_EQ(list.from_client.size(), 218u);
  EXPECT_EQ(list.from_server.size(), 32u);
  EXPECT_NE(list.from_client.find("getApplications"), std::string::npos);

  for (const char* name : {"nn-put-token", "nn-cat-token"}) {
    const auto plain = replay(name, kHdfsDelegationTokenKind);
    EXPECT_NE(plain.from_client.find("org.apache.hadoop.hdfs.protocol.ClientProtocol"), std::string::npos);
    EXPECT_NE(plain.from_server.find("HDFS_BLOCK_TOKEN"), std::string::npos);
  }
}

// The DataNode's exchange: a block token, digest-uri hdfs/0, realm 0, an authzid.
TEST(DigestLayer, BlockTokenOpensADataNode) {
  for (const std::string command : {"put", "cat"}) {
    const auto client_bytes = golden("sasl-privacy/dn-" + command + "-token.c2s.bin");
    const auto server_bytes = golden("sasl-privacy/dn-" + command + "-token.s2c.bin");
    const auto last = client_bytes.find('"', client_bytes.find("authzid=\"") + 9);
    const auto first = client_bytes.find("charset=");
    const std::string response = client_bytes.substr(first, last + 1 - first);
    const auto identifier = *base::base64_decode(value_of(response, "username"));
    // TokenProto: identifier 1, password 2 (20 bytes).
    const auto answers = replay("nn-" + command + "-token", kHdfsDelegationTokenKind).from_server;
    const auto at = answers.find(identifier + "\x12\x14");
    ASSERT_NE(at, std::string::npos);
    const auto names =
        token_credentials({identifier, answers.substr(at + identifier.size() + 2, 20), "", ""});
    DigestMd5Client client({.username = names.username,
                            .password = names.password,
                            .protocol = "hdfs",
                            .server_id = "0",
                            .qops = {Qop::kPrivacy},
                            .authzid = names.username,
                            .cnonce = value_of(response, "cnonce")});
    EXPECT_EQ(*client.step(between(server_bytes, "realm=", "md5-sess")), response);
    const auto finished = finish_sasl(client, server_bytes.substr(server_bytes.find("rspauth="), 40));
    EXPECT_TRUE(finished) << finished.error().message();
  }
}

class DigestLayerCiphers : public testing::TestWithParam<const char*> {
 protected:
  DigestMd5Layer client_{DigestMd5Layer::Role::kClient, "0123456789abcdef", GetParam()};
  DigestMd5Layer server_{DigestMd5Layer::Role::kServer, "0123456789abcdef", GetParam()};
};

TEST_P(DigestLayerCiphers, CarriesBothWays) {
  for (std::size_t length = 0; length < 40; ++length) {
    const std::string message(length, 'm');
    const auto token = client_.wrap(message);
    EXPECT_LE(token.size(), length + client_.overhead());
    EXPECT_EQ(*server_.unwrap(token), message);
    EXPECT_EQ(*client_.unwrap(server_.wrap(message)), message);
  }
}

TEST_P(DigestLayerCiphers, TakesTokensLongerThanItsBuffer) {
  const std::string message(100'000, 'm');
  EXPECT_EQ(*client_.unwrap(server_.wrap(message)), message);
}

TEST_P(DigestLayerCiphers, NoticesEveryChangedBit) {
  const auto token = client_.wrap("some message");
  for (std::size_t i = 0; i < token.size(); ++i) {
    DigestMd5Layer server(DigestMd5Layer::Role::kServer, "0123456789abcdef", GetParam());
    std::string changed = token;
    changed[i] = static_cast<char>(changed[i] ^ 0x10);
    const auto plain = server.unwrap(changed);
    ASSERT_FALSE(plain) << i;
    EXPECT_EQ(plain.error().code(), ErrorCode::kDataLoss);
  }
}

TEST_P(DigestLayerCiphers, RefusesCutRepeatedAndReorderedTokens) {
  const auto first = client_.wrap("first");
  const auto second = client_.wrap("second");
  for (std::size_t length = 0; length < first.size(); ++length) {
    DigestMd5Layer server(DigestMd5Layer::Role::kServer, "0123456789abcdef", GetParam());
    EXPECT_FALSE(server.unwrap(std::string_view(first).substr(0, length))) << length;
  }
  DigestMd5Layer late(DigestMd5Layer::Role::kServer, "0123456789abcdef", GetParam());
  EXPECT_FALSE(late.unwrap(second));
  ASSERT_TRUE(server_.unwrap(first));
  EXPECT_FALSE(server_.unwrap(first));
  EXPECT_THROW((void)server_.unwrap(second), Bug);
}

TEST_P(DigestLayerCiphers, DirectionsHaveTheirOwnKeys) {
  EXPECT_NE(client_.wrap("message"), server_.wrap("message"));
  DigestMd5Layer mirror(DigestMd5Layer::Role::kClient, "0123456789abcdef", GetParam());
  EXPECT_FALSE(mirror.unwrap(client_.wrap("message")));
}

INSTANTIATE_TEST_SUITE_P(All, DigestLayerCiphers, testing::Values("", "3des", "rc4"));

// One DES is triple DES with two equal keys. The example is the one of FIPS 46's many tutorials; the others
// are from NIST SP 800-17 (variable plaintext and key).
TEST(Des, KnownVectors) {
  const char* const vectors[][3] = {{"133457799bbcdff1", "0123456789abcdef", "85e813540f0ab405"},
                                    {"0101010101010101", "8000000000000000", "95f8a5e5dd31d900"},
                                    {"0101010101010101", "0000000000000001", "166b40b44aba4bd6"},
                                    {"8001010101010101", "0000000000000000", "95a8d72813daa94d"}};
  for (const auto& [key, plain, cipher] : vectors) {
    std::string block = unhex(plain);
    TripleDesCbc(unhex(key), unhex(key), std::string(8, '\0')).encrypt(block);
    EXPECT_EQ(base::hex_encode(block), cipher);
    TripleDesCbc(unhex(key), unhex(key), std::string(8, '\0')).decrypt(block);
    EXPECT_EQ(base::hex_encode(block), plain);
  }
}

TEST(Des, SevenBytesBecomeEightOfOddParity) {
  EXPECT_EQ(base::hex_encode(des_key_from_7_bytes(std::string(7, '\0'))), "0101010101010101");
  EXPECT_EQ(base::hex_encode(des_key_from_7_bytes(std::string(7, '\xff'))), "fefefefefefefefe");
  EXPECT_EQ(base::hex_encode(des_key_from_7_bytes(unhex("00000000000001"))), "0101010101010102");
}

TEST(Des, ChainsAcrossCalls) {
  const std::string key1 = "abcdefgh", key2 = "ijklmnop", start = "initvect";
  std::string whole(64, 'x');
  TripleDesCbc(key1, key2, start).encrypt(whole);
  TripleDesCbc pieces(key1, key2, start);
  std::string first(24, 'x'), second(40, 'x');
  pieces.encrypt(first);
  pieces.encrypt(second);
  EXPECT_EQ(first + second, whole);
}

// RFC 6229, 40 bit key, offsets 0 and 16.
TEST(Rc4, KnownVector) {
  std::string zeros(32, '\0');
  Rc4(unhex("0102030405")).apply(zeros);
  EXPECT_EQ(base::hex_encode(zeros), "b2396305f03dc027ccc3524a0a1118a86982944f18fc82d589c403a47a0d0919");
}

}  // namespace
}  // namespace knit::security
