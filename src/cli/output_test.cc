#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "cli/json_lines.h"
#include "cli/terminal.h"

namespace knit::cli {
namespace {

TEST(FitWidth, CutsBetweenCharacters) {
  EXPECT_EQ(fit_width("abc", 10), "abc");
  EXPECT_EQ(fit_width("abcdef", 3), "abc");
  EXPECT_EQ(fit_width("a\xc3\xa4"
                      "bc",
                      2),
            "a\xc3\xa4");
  EXPECT_EQ(fit_width("a\nb\tc\x1b[1m", 20), "a b c [1m");
}

TEST(JsonText, HoldsOnlyUtf8) {
  const std::string cases[][2] = {
      {"plain", "plain"},
      {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
      {"\xff", "\xef\xbf\xbd"},
      {"a\xc3", "a\xef\xbf\xbd"},
      {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
      {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
      {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
  };
  for (const auto& [in, out] : cases) {
    EXPECT_EQ(std::string_view(json_text(in)), out);
    const auto text = boost::json::serialize(boost::json::value(json_text(in)));
    EXPECT_EQ(std::string_view(boost::json::parse(text).as_string()), out);
  }
}

}  // namespace
}  // namespace knit::cli
