#include "conf/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace knit::conf {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using Files = std::map<std::string, std::string>;

FileReader in_memory(Files files) {
  return [files = std::move(files)](const std::string& path) -> Result<std::string> {
    const auto found = files.find(path);
    if (found == files.end()) return Error(ErrorCode::kNotFound, path + " does not exist");
    return found->second;
  };
}

// The properties of /c/core-site.xml, which includes the others; "name=value" with "!" behind final ones.
Result<std::vector<std::string>> read(const Files& files, XmlLimits limits = {}) {
  auto properties = read_site_xml("/c/core-site.xml", in_memory(files), limits);
  if (!properties) return properties.error();
  std::vector<std::string> out;
  for (const auto& p : *properties)
    out.push_back(p.name + "=" + p.value.value_or("(none)") + (p.is_final ? "!" : ""));
  return out;
}
std::string error_of(const Files& files, XmlLimits limits = {}) {
  const auto result = read(files, limits);
  return result ? "no error" : result.error().message();
}
std::string conf(const std::string& body) {
  return "<configuration>\n" + body + "\n</configuration>";
}
std::string one(const std::string& name, const std::string& value, const char* more = "") {
  return "<property><name>" + name + "</name><value>" + value + "</value>" + more + "</property>";
}

// Settings from whole files, read in this order, with -D on top.
Settings settings(const std::vector<std::string>& bodies, const std::vector<std::string>& overrides = {},
                  Environment::Variables variables = {}) {
  std::vector<Property> all;
  for (const auto& body : bodies) {
    auto more = read_site_xml("/c/core-site.xml", in_memory({{"/c/core-site.xml", conf(body)}}));
    EXPECT_TRUE(more) << more.error().message();
    all.insert(all.end(), more->begin(), more->end());
  }
  Overrides on_top;
  for (const auto& text : overrides) EXPECT_TRUE(on_top.add(text));
  return Settings(Environment(std::move(variables)), std::move(all), on_top);
}

TEST(SiteXml, FormsOfAProperty) {
  const auto got = read({{"/c/core-site.xml", conf(R"(
    <property><name> a </name><value> 1 </value><description>d <name>not this</name></description></property>
    <property name="b" value="2" final="true"/>
    <property><value>3</value><final>true</final><source>x</source><name>c</name></property>
    <property><name>d</name><value/></property>
    <property><name>e</name><value>x<!-- no -->y<![CDATA[<z>]]>&amp;&#65;</value><final> true </final></property>
    <property><value>nameless</value></property>
    <nested><property><name>f</name><value>6</value></property></nested>)")}});
  ASSERT_TRUE(got) << got.error().message();
  EXPECT_THAT(*got, ElementsAre("a= 1 ", "b=2!", "c=3!", "d=(none)", "e=xy<z>&A", "f=6"));
}

TEST(SiteXml, Includes) {
  const Files files = {
      {"/c/core-site.xml", conf(R"(<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="sub/one.xml"/>
        <include href="absent.xml"><fallback><property><name>f</name><value>1</value></property></fallback></include>
        <include href="file:///e/abs.xml"/><include href="absent.xml"><fallback/></include><include/>)")},
      {"/c/sub/one.xml",
       conf(one("a", "1") + R"(<include href="two.xml"/><include href="top.xml"/>)" + one("z", "1"))},
      {"/c/sub/two.xml", conf(one("b", "1"))},
      {"/c/top.xml", conf(one("t", "1"))},
      {"/e/abs.xml", conf(one("c", "1"))}};
  const auto got = read(files);
  ASSERT_TRUE(got) << got.error().message();
  EXPECT_THAT(*got, ElementsAre("a=1", "b=1", "t=1", "z=1", "f=1", "c=1"));
}

TEST(SiteXml, WhatIsWrongAndWhere) {
  const struct {
    std::string text, line, what;
  } cases[] = {
      {"", "line 1, column 1", "no XML element"},
      {"not xml", "line 1", "no XML element"},
      {"<configuration>\n<property>\n<name>a</nam>\n</property></configuration>", "line 3", "closed"},
      {"<configuration>\n<property>", "line 2", "closed"},
      {"<configuration>\n <property x=>", "line 2", "attribute"},
      {"<configuration>\n<!-- ", "line 2", "comment"},
      {"<configuration/>\n<more/>", "line 2", "second top element"},
      {"<!DOCTYPE c [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>\n<configuration/>", "line 1", "entities"},
      {"<configuration>\n<include href=\"http://x/y.xml\"><fallback/></include></configuration>", "line 2",
       "network"},
      {"<configuration>\n<include href=\"gone.xml\"/></configuration>", "line 2", "gone.xml is missing"},
      {"<configuration>\n<include href=\"core-site.xml\"/></configuration>", "line 2", "includes itself"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(error_of({{"/c/core-site.xml", c.text}}),
                AllOf(HasSubstr("/c/core-site.xml, " + c.line), HasSubstr(c.what)))
        << c.text;
  }
  EXPECT_THAT(
      error_of({{"/c/core-site.xml", conf("<include href=\"b.xml\"/>")}, {"/c/b.xml", "<a>\n<b>"}}),
      AllOf(HasSubstr("included by /c/core-site.xml, line 2: /c/b.xml, line 2"), HasSubstr("not closed")));
}

TEST(SiteXml, Limits) {
  EXPECT_THAT(error_of({{"/c/core-site.xml", conf(std::string(100, ' '))}}, {.file_bytes = 99}),
              HasSubstr("99 bytes"));
  EXPECT_THAT(error_of({{"/c/core-site.xml", conf(one("a", "1") + one("b", "1"))}}, {.properties = 1}),
              HasSubstr("more than 1 properties"));
  Files chain = {{"/c/core-site.xml", conf("<include href=\"0.xml\"/>")}};
  for (int i = 0; i < 30; ++i) {
    chain["/c/" + std::to_string(i) + ".xml"] = conf("<include href=\"" + std::to_string(i + 1) + ".xml\"/>");
  }
  EXPECT_THAT(error_of(chain), HasSubstr("nested too deeply"));
  std::string fan;
  for (int i = 0; i < 300; ++i) fan += "<include href=\"leaf.xml\"/>";
  EXPECT_THAT(error_of({{"/c/core-site.xml", conf(fan)}, {"/c/leaf.xml", conf("")}}), HasSubstr("256 files"));
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  for (int i = 0; i < 100'000; ++i) deep += "</a>";
  EXPECT_THAT(error_of({{"/c/core-site.xml", deep}}), HasSubstr("nested too deeply"));
}

TEST(Settings, OrderFinalAndOverrides) {
  const auto s =
      settings({one("a", "1") + one("b", "1", "<final>true</final>") + one("c", "1", "<final>true</final>") +
                    one("e", "1") + "<property><name>g</name><final>true</final></property>",
                one("a", "2") + one("b", "2") + one("c", "2") +
                    "<property><name>e</name><value/></property>" + one("g", "2")},
               {"c=3", "d==4 "});
  const auto value = [&](const char* key) { return *s.get(key); };
  EXPECT_EQ(value("a"), "2");
  EXPECT_EQ(value("b"), "1") << "final";
  EXPECT_EQ(value("c"), "3") << "-D wins over final, as Configuration.set does";
  EXPECT_EQ(value("d"), "=4");
  EXPECT_EQ(value("e"), "1") << "an empty <value/> leaves the key alone";
  EXPECT_EQ(value("g"), "") << "final without a value";
  EXPECT_TRUE(s.entry("c")->is_final);
  EXPECT_EQ(to_string(s.entry("c")->origin), "-D");
  EXPECT_EQ(to_string(s.entry("b")->origin), "/c/core-site.xml, line 2");
  EXPECT_EQ(to_string(s.entry("dfs.replication")->origin), "Hadoop's default (hdfs-default.xml)");
  EXPECT_FALSE(s.entry("nothing"));
  EXPECT_FALSE(s.is_set("dfs.replication"));
  EXPECT_EQ(s.entries().size(), 5u);
  Overrides bad;
  EXPECT_EQ(bad.add("no equals").error().code(), ErrorCode::kInvalidArgument);
  EXPECT_FALSE(bad.add(" =x"));
}

TEST(Settings, OldNames) {
  const auto s = settings(
      {one("fs.default.name", "hdfs://old") + one("dfs.block.size", "1k"), one("fs.defaultFS", "hdfs://new")},
      {"dfs.umaskmode=077"});
  EXPECT_EQ(*s.get("fs.defaultFS"), "hdfs://new");
  EXPECT_EQ(*s.get("fs.default.name"), "hdfs://new");
  EXPECT_EQ(s.entry("fs.default.name")->key, "fs.defaultFS");
  EXPECT_EQ(s.get_size("dfs.blocksize")->bytes(), 1024);
  EXPECT_EQ(s.entry("dfs.blocksize")->deprecated_from, "dfs.block.size");
  EXPECT_EQ(*s.get("fs.permissions.umask-mode"), "077");
}

TEST(Settings, Expansion) {
  const struct {
    const char *raw, *want;
  } cases[] = {
      {"${a}/${b}", "A/A-b"},
      {"${env.X}", "x"},
      {"${env.X:-d}", "x"},
      {"${env.EMPTY:-d}", "d"},
      {"${env.EMPTY-d}", ""},
      {"${env.NONE-d}", "d"},
      {"${env.NONE:-${a}}", "A"},  // the inner one first
      {"${env.NONE}", "${env.NONE}"},
      {"${none} ${a}", "${none} ${a}"},  // stops at the first that is not bound
      {"${user.name}:${java.io.tmpdir}", "joe:/tmp"},
      {"${k}", "${k}"},  // itself
      {"${a b}${}$${a}{a}", "${a b}${}$A{a}"},
      {"${hadoop.tmp.dir}", "/tmp/hadoop-joe"},
      {"${yarn.resourcemanager.address}", "rm:8032"},
      {"${fs.default.name}", "file:///"},
      {"${open", "${open"},
  };
  for (const auto& c : cases) {
    const auto s = settings(
        {one("a", "A") + one("b", "${a}-b") + one("yarn.resourcemanager.hostname", "rm") + one("k", c.raw)},
        {}, {{"X", "x"}, {"EMPTY", ""}, {"USER", "joe"}});
    EXPECT_EQ(*s.get("k"), c.want) << c.raw;
    EXPECT_EQ(s.entry("k")->raw, c.raw);
  }
}

TEST(Settings, ExpansionHasLimits) {
  std::string text = one("v0", "x");
  for (int i = 1; i <= 20; ++i) text += one("v" + std::to_string(i), "${v" + std::to_string(i - 1) + "}");
  text +=
      one("p", "${q}") + one("q", "${p}") + one("big", std::string(1 << 20, 'x')) + one("bigger", "${big}1");
  const auto s = settings({text});
  EXPECT_EQ(*s.get("v19"), "x");
  EXPECT_THAT(s.get("v20").error().message(),
              AllOf(HasSubstr("v20 = '${v19}'"), HasSubstr("line 2"), HasSubstr("20 substitutions")));
  EXPECT_FALSE(s.get("p"));
  EXPECT_THAT(s.entry("p")->problem, HasSubstr("circle"));
  EXPECT_THAT(s.get("bigger").error().message(), HasSubstr("1048576 bytes"));
}

TEST(Settings, TypedValues) {
  const auto s = settings({one("i", " 42 ") + one("hex", "-0x1F") + one("word", "many") + one("yes", "TRUE") +
                           one("no", "False") + one("size", "2G") + one("neg", "-5k") + one("huge", "9e") +
                           one("t", "10s") + one("ms", "250ms") + one("plain", "7") + one("day", "1D") +
                           one("frac", "1.5s") + one("list", " a, b,,\n c ,") + one("empty", " ") +
                           one("my.password", "hunter2") + one("dfs.replication", " ")});
  EXPECT_EQ(*s.get_int("i"), 42);
  EXPECT_EQ(*s.get_int("hex"), -31);
  EXPECT_EQ(*s.get_int("dfs.replication"), 3) << "empty is the default";
  EXPECT_TRUE(*s.get_bool("yes"));
  EXPECT_FALSE(*s.get_bool("no"));
  EXPECT_EQ(s.get_size("size")->bytes(), std::int64_t{2} << 30);
  EXPECT_EQ(*s.get_time("t", milliseconds(1)), milliseconds(10'000));
  EXPECT_EQ(*s.get_time("ms", milliseconds(1)), milliseconds(250));
  EXPECT_EQ(*s.get_time("plain", milliseconds(1000)), milliseconds(7000));
  EXPECT_EQ(*s.get_time("day", milliseconds(1)), milliseconds(86'400'000));
  EXPECT_THAT(*s.get_strings("list"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(*s.get_strings("unset"), ElementsAre());
  EXPECT_EQ(s.get_int("unset").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(s.get_int("empty").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(s.get_int("word").error().message(),
            "word = 'many' (/c/core-site.xml, line 2) is not a whole number");
  EXPECT_THAT(s.get_int("i", 0, 41).error().message(), HasSubstr("not between 0 and 41"));
  EXPECT_THAT(s.get_bool("word").error().message(), HasSubstr("neither true nor false"));
  for (const char* key : {"neg", "huge", "word"}) EXPECT_FALSE(s.get_size(key)) << key;
  for (const char* key : {"frac", "word", "my.password"})
    EXPECT_FALSE(s.get_time(key, milliseconds(1))) << key;
  EXPECT_THAT(s.get_int("my.password").error().message(), testing::Not(HasSubstr("hunter2")));
}

TEST(Settings, Secrets) {
  for (const char* key :
       {"fs.s3a.secret.key", "ssl.server.keystore.password", "fs.azure.account.key.x.blob.core.windows.net",
        "fs.s3a.session.token", "ssl.server.keystore.pass", "a.oauth2.refresh.token"}) {
    EXPECT_TRUE(is_sensitive(key)) << key;
  }
  for (const char* key :
       {"hadoop.security.token.service.use_ip", "fs.defaultFS", "hadoop.security.credential.provider.path"}) {
    EXPECT_FALSE(is_sensitive(key)) << key;
  }
}

}  // namespace
}  // namespace knit::conf
