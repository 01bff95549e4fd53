#include "base/encoding.h"

#include <gtest/gtest.h>

namespace knit::base {
namespace {

TEST(Hex, EncodesLowerCase) {
  EXPECT_EQ(hex_encode(""), "");
  EXPECT_EQ(hex_encode(std::string("\x00\x0f\xff\xa5", 4)), "000fffa5");
}

TEST(Hex, DecodesBothCases) {
  EXPECT_EQ(*hex_decode("000FffA5"), std::string("\x00\x0f\xff\xa5", 4));
  EXPECT_EQ(*hex_decode(""), "");
}

TEST(Hex, RefusesWhatIsNotHex) {
  for (const char* text : {"0", "0g", "g0", " 00", "0x00", "00 "}) {
    const auto decoded = hex_decode(text);
    ASSERT_FALSE(decoded) << text;
    EXPECT_EQ(decoded.error().code(), ErrorCode::kInvalidArgument);
  }
}

// RFC 4648 section 10.
TEST(Base64, KnownVectors) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(base64_encode(plain), encoded);
    EXPECT_EQ(*base64_decode(encoded), plain);
  }
}

TEST(Base64, AllBytesRoundTrip) {
  std::string all;
  for (int i = 0; i < 256; ++i) {
    all.push_back(static_cast<char>(i));
    EXPECT_EQ(*base64_decode(base64_encode(all)), all);
  }
}

TEST(Base64, IsStrict) {
  for (const char* text : {"Zg", "Zg=", "Z===", "====", "=", "Zg==Zg==", "Zm9v\n", "Zm 9", "Zm-_",
                           "Zh==", "Zm9=", "Z=g=", "Zg==\n\n\n\n", "Zm9vYmFy="}) {
    EXPECT_FALSE(base64_decode(text)) << text;
  }
}

TEST(Base64, ErrorsNeverQuoteTheText) {
  EXPECT_EQ(base64_decode("secret!!").error().message(), "not a base64 character at byte 6");
}

TEST(PercentEncoding, KeepsOnlyWhatIsUnreserved) {
  EXPECT_EQ(percent_encode("container_1.out~x-Y9"), "container_1.out~x-Y9");
  EXPECT_EQ(percent_encode("a b/c?d=\xc3\xa4%"), "a%20b%2Fc%3Fd%3D%C3%A4%25");
}

TEST(PercentEncoding, IsReadAgain) {
  EXPECT_EQ(percent_decode("a%20b%2Fc%3fd%3D%C3%A4%25+").value_or("?"), "a b/c?d=\xc3\xa4%+");
  EXPECT_EQ(percent_decode("").value_or("?"), "");
  for (const char* bad : {"%", "a%2", "%zz", "%%20", "%+1"}) EXPECT_FALSE(percent_decode(bad)) << bad;
}

}  // namespace
}  // namespace knit::base
