#include "base/json.h"

#include <gtest/gtest.h>

#include "base/utf8.h"

namespace knit::base {
namespace {

TEST(Utf8, KnowsWhatIsWellFormed) {
  for (const std::string_view good :
       {"", "a", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF"})
    EXPECT_TRUE(is_utf8(good)) << good;
  for (const std::string_view bad : {"\xC3", "\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80",
                                     "\xF4\x90\x80\x80", "\xFF", "a\xE2\x82"})
    EXPECT_FALSE(is_utf8(bad));
  EXPECT_EQ(to_utf8("a\xFF"
                    "b\xE2\x82"),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Utf8, CutsBetweenCharacters) {
  const std::string text =
      "a\xE2\x82\xAC"
      "b";
  EXPECT_EQ(utf8_head(text, 3), "a");
  EXPECT_EQ(utf8_head(text, 4), "a\xE2\x82\xAC");
  EXPECT_EQ(utf8_tail(text, 3), "b");
  EXPECT_EQ(utf8_tail(text, 4),
            "\xE2\x82\xAC"
            "b");
  EXPECT_EQ(utf8_tail(text, 99), text);
}

TEST(Json, RefusesWhatIsNotOneValue) {
  for (const std::string_view bad : {"", "{", "{}x", "[1,]", "{\"a\":\"\xFF\"}", "nul"}) {
    auto value = parse_json(bad, 100);
    ASSERT_FALSE(value) << bad;
    EXPECT_EQ(value.error().code(), ErrorCode::kDataLoss);
  }
  EXPECT_EQ(parse_json("[1,2,3]", 6).error().code(), ErrorCode::kResourceExhausted);
  EXPECT_FALSE(parse_json(std::string(40, '[') + std::string(40, ']'), 100));
}

TEST(Json, BytesOfAllKindsComeBack) {
  std::string all;
  for (int i = 1; i < 256; ++i) all += static_cast<char>(i);
  for (const std::string& bytes : {all, std::string("plain"), std::string("\xC3\xA4\n"), std::string()}) {
    boost::json::object object;
    object["b"] = json_bytes(bytes);
    auto value = parse_json(to_json(object), 10000);
    ASSERT_TRUE(value);
    JsonReader in(*value, "x");
    EXPECT_EQ(in.bytes("b"), bytes);
    EXPECT_TRUE(in.status());
  }
}

TEST(Json, TheFirstComplaintNamesItsPlace) {
  auto value = parse_json(R"({"spec": {"n": "7", "l": [1], "m": {"a": 1}}, "big": 12, "nul": null})", 1000);
  ASSERT_TRUE(value);
  {
    JsonReader in(*value, "launch.json");
    EXPECT_EQ(in.integer("big", 0, 20), 12);
    EXPECT_FALSE(in.has("nul"));
    EXPECT_EQ(in.integer_or("nul", 3), 3);
    EXPECT_EQ(in.object("spec").integer_map("m", 3).at("a"), 1);
    EXPECT_TRUE(in.status());
    EXPECT_EQ(in.object("spec").integer("n"), 0);
    EXPECT_EQ(in.text("missing"), "");
    EXPECT_EQ(in.status().error().message(), "launch.json: spec: n: is not a whole number");
  }
  {
    JsonReader in(*value, "launch.json");
    in.object("spec").texts("l", 5);
    EXPECT_EQ(in.status().error().message(), "launch.json: spec: l[0]: is not a text");
  }
  {
    JsonReader in(*value, "launch.json");
    in.integer("big", 0, 11);
    EXPECT_EQ(in.status().error().message(), "launch.json: big: 12 is not between 0 and 11");
  }
  {
    JsonReader in(*value, "launch.json");
    in.object("nothing").object("deeper").text("x");
    EXPECT_EQ(in.status().error().message(), "launch.json: nothing: is missing");
  }
}

}  // namespace
}  // namespace knit::base
