#include "logs/java_text.h"

#include <gtest/gtest.h>

#include "io/stream.h"

namespace knit::logs {
namespace {

std::string text(std::string_view bytes) {
  auto out = from_modified_utf8(io::as_bytes(bytes));
  return out ? *out : "(" + out.error().message() + ")";
}

TEST(JavaText, OrdinaryText) {
  EXPECT_EQ(text(""), "");
  EXPECT_EQ(text("stdout"), "stdout");
  EXPECT_EQ(text("\xc3\xa4\xe2\x82\xac"), "\xc3\xa4\xe2\x82\xac");
}

TEST(JavaText, NulAndSurrogatesBecomeUtf8) {
  EXPECT_EQ(text("a\xc0\x80z"), std::string("a\0z", 3));
  EXPECT_EQ(text("\xed\xa0\xbd\xed\xb8\x80"), "\xf0\x9f\x98\x80");  // U+1F600
}

TEST(JavaText, RefusesWhatJavaNeverWrites) {
  for (const char* bad : {"\x80", "\xc3", "\xe2\x82", "\xf0\x9f\x98\x80", "\xed\xa0\xbd", "\xed\xb8\x80",
                          "\xc1\x81", "\xe0\x81\x81", "\xed\xa0\xbd\x41"})
    EXPECT_EQ(from_modified_utf8(io::as_bytes(bad)).error().code(), ErrorCode::kDataLoss) << bad;
}

}  // namespace
}  // namespace knit::logs
