#include <fcntl.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "security/md5.h"
#include "security/random.h"
#include "security/secret.h"
#include "security/sha256.h"

namespace knit::security {
namespace {

using base::hex_encode;

// RFC 1321 appendix A.5.
TEST(Md5, KnownVectors) {
  EXPECT_EQ(hex_encode(md5("")), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(hex_encode(md5("abc")), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(hex_encode(md5("message digest")), "f96b697d7cb7938d525a2f31aaf161d0");
  EXPECT_EQ(
      hex_encode(md5("12345678901234567890123456789012345678901234567890123456789012345678901234567890")),
      "57edf4a22be3c955ac49da2e2107b67a");
}

TEST(Md5, PiecesMakeTheSameDigestAsTheWhole) {
  std::string all;
  for (int i = 0; i < 200; ++i) all.push_back(static_cast<char>(i * 7));
  for (std::size_t length = 0; length <= all.size(); ++length) {
    const auto whole = std::string_view(all).substr(0, length);
    const std::string expected = md5(whole);
    for (const std::size_t cut :
         {std::size_t{1}, std::size_t{55}, std::size_t{63}, std::size_t{64}, length}) {
      const auto first = whole.substr(0, cut);
      EXPECT_EQ(Md5().update(first).update(whole.substr(first.size())).finish(), expected);
    }
  }
}

// RFC 2202 section 2.
TEST(HmacMd5, KnownVectors) {
  EXPECT_EQ(hex_encode(hmac_md5(std::string(16, '\x0b'), "Hi There")), "9294727a3638bb1c13f48ef8158bfc9d");
  EXPECT_EQ(hex_encode(hmac_md5("Jefe", "what do ya want ", "for nothing?")),
            "750c783e6ab0b503eaa86e310a5db738");
  EXPECT_EQ(
      hex_encode(hmac_md5(std::string(80, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")),
      "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd");
}

// FIPS 180-2 appendix B.
TEST(Sha256, KnownVectors) {
  EXPECT_EQ(hex_encode(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex_encode(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256 million;
  for (int i = 0; i < 1000; ++i) million.update(std::string(1000, 'a'));
  EXPECT_EQ(hex_encode(million.finish()), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(RandomBytes, AreAsManyAsAskedForAndDiffer) {
  EXPECT_EQ(random_bytes(0)->size(), 0u);
  const auto a = random_bytes(1000);
  const auto b = random_bytes(1000);
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->size(), 1000u);
  EXPECT_NE(*a, *b);
}

TEST(Secret, ComparesByValue) {
  EXPECT_EQ(Secret("abc"), Secret(std::string("abc")));
  EXPECT_FALSE(Secret("abc") == Secret("abd"));
  EXPECT_FALSE(Secret("abc") == Secret("abcd"));
  EXPECT_TRUE(equal_in_constant_time("", ""));
}

TEST(Secret, CopiesAndMoves) {
  Secret a("a rather long secret that does not fit in place");
  Secret b(a);
  Secret c(std::move(a));
  EXPECT_EQ(b, c);
  EXPECT_TRUE(a.empty());
  a = c;
  EXPECT_EQ(a, c);
  a = *&a;
  EXPECT_EQ(a, c);
  b = std::move(a);
  EXPECT_EQ(b, c);
  EXPECT_TRUE(a.empty());
}

TEST(Secret, LeavesNothingInPlaceWhenMovedFrom) {
  Secret a("short");
  const std::string_view place(a.bytes().data(), 5);
  const Secret b(std::move(a));
  EXPECT_EQ(place, std::string(5, '\0'));
  EXPECT_EQ(b, Secret("short"));
}

TEST(Wipe, EmptiesTheString) {
  std::string bytes = "a rather long secret that does not fit in place";
  const char* place = bytes.data();
  const std::size_t size = bytes.size();
  wipe(bytes);
  EXPECT_TRUE(bytes.empty());
  EXPECT_EQ(bytes.data(), place);
  EXPECT_EQ(std::string_view(place, 1), std::string_view("\0", 1));
  EXPECT_GE(bytes.capacity(), size);
}

}  // namespace
}  // namespace knit::security
