#include "base/uri.h"

#include <gtest/gtest.h>

namespace knit::base {
namespace {

TEST(Uri, ReadsWhatHadoopWrites) {
  struct Case {
    std::string text;
    Uri uri;
  };
  for (const auto& [text, uri] : std::vector<Case>{
           {"hdfs://nn.example.com:8020/user/a b%20", {"hdfs", "nn.example.com", 8020, "/user/a b%20"}},
           {"hdfs://ns1/x?y#z:1", {"hdfs", "ns1", -1, "/x?y#z:1"}},
           {"hdfs:///x", {"hdfs", "", -1, "/x"}},
           {"hdfs://[::1]:9000/x", {"hdfs", "::1", 9000, "/x"}},
           {"hdfs://[::1]/", {"hdfs", "::1", -1, "/"}},
           {"/a:b", {"", "", -1, "/a:b"}},
           {"a/b", {"", "", -1, "a/b"}},
       }) {
    auto parsed = Uri::parse(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, uri) << text;
    EXPECT_EQ(to_string(*parsed), text);
  }
  EXPECT_EQ(Uri::parse("HDFS://ns1")->path, "/");
  EXPECT_EQ(Uri::parse("HDFS://ns1")->scheme, "hdfs");
  EXPECT_EQ(root_of(*Uri::parse("hdfs://nn:1/x")), "hdfs://nn:1");
}

TEST(Uri, RefusesWhatIsMalformed) {
  for (const char* text : {"://x", "h_d://x/", "hdfs://h:0/", "hdfs://h:65536/", "hdfs://h:/", "hdfs://h:8o/",
                           "hdfs://:80/", "hdfs://[::1/", "hdfs://[::1]x/", "hdfs://me@h/"}) {
    EXPECT_FALSE(Uri::parse(text)) << text;
  }
}

}  // namespace
}  // namespace knit::base
