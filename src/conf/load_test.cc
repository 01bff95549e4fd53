#include "conf/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace knit::conf {
namespace {

namespace stdfs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class Load : public testing::Test {
 protected:
  Load() {
    std::string name = (stdfs::temp_directory_path() / "knit-conf-XXXXXX").string();
    root_ = mkdtemp(name.data());
  }
  ~Load() override { stdfs::remove_all(root_); }

  // A folder below the root with a yarn-site.xml (or another file) that says who.
  std::string folder(const std::string& path, const std::string& file = "yarn-site.xml") {
    stdfs::create_directories(root_ / path);
    std::ofstream(root_ / path / file) << "<configuration><property><name>who</name><value>" << path << "/"
                                       << file << "</value></property></configuration>";
    return at(path);
  }
  std::string at(const std::string& path) const { return (root_ / path).string(); }
  Result<Settings> load(Environment::Variables variables, Overrides overrides = {}) const {
    return conf::load(Environment(std::move(variables)), overrides, at("system"));
  }
  std::string who(Environment::Variables variables, Overrides overrides = {}) const {
    const auto settings = load(std::move(variables), std::move(overrides));
    return settings ? *settings->get("who") : settings.error().message();
  }

  stdfs::path root_;
};

TEST_F(Load, OrderOfFolders) {
  for (const char* path :
       {"given", "yarn", "hadoop", "home/etc/hadoop", "install/hadoop/conf", "lib", "system"})
    folder(path);
  Environment::Variables all = {{"YARN_CONF_DIR", at("yarn")},
                                {"HADOOP_CONF_DIR", at("hadoop")},
                                {"HADOOP_HOME", at("home")},
                                {"HADOOP_INSTALL", at("install")},
                                {"LIBHDFS3_CONF", at("lib/any-name.xml")}};
  EXPECT_EQ(who(all, {.config_dir = at("given")}), "given/yarn-site.xml");
  const char* order[][2] = {{"YARN_CONF_DIR", "yarn"},
                            {"HADOOP_CONF_DIR", "hadoop"},
                            {"HADOOP_HOME", "home/etc/hadoop"},
                            {"HADOOP_INSTALL", "install/hadoop/conf"},
                            {"LIBHDFS3_CONF", "lib"}};
  for (const auto& [variable, path] : order) {
    EXPECT_EQ(who(all), std::string(path) + "/yarn-site.xml");
    all[variable] = "";  // empty is unset
  }
  EXPECT_EQ(who(all), "system/yarn-site.xml");
}

TEST_F(Load, FilesThatAreThere) {
  folder("c", "core-site.xml");
  folder("c", "yarn-site.xml");
  const auto settings = load({{"HADOOP_CONF_DIR", at("c")}});
  ASSERT_TRUE(settings) << settings.error().message();
  EXPECT_THAT(settings->files(), ElementsAre(at("c/core-site.xml"), at("c/yarn-site.xml")));
  EXPECT_EQ(settings->directory(), at("c"));
  EXPECT_EQ(*settings->get("who"), "c/yarn-site.xml");
}

TEST_F(Load, FoldersThatAreMissing) {
  folder("system");
  stdfs::create_directories(at("empty"));
  for (const char* variable : {"YARN_CONF_DIR", "HADOOP_CONF_DIR", "HADOOP_HOME", "HADOOP_INSTALL"}) {
    const auto settings = load({{variable, at("gone")}});
    ASSERT_FALSE(settings);
    EXPECT_EQ(settings.error().code(), ErrorCode::kNotFound);
    EXPECT_THAT(settings.error().message(),
                HasSubstr(std::string(variable) + " names " + at("gone") + ", which does not exist"));
  }
  EXPECT_THAT(who({}, {.config_dir = at("gone")}), HasSubstr("--config names " + at("gone")));
  EXPECT_THAT(who({{"LIBHDFS3_CONF", at("gone/x.xml")}}), HasSubstr("LIBHDFS3_CONF names " + at("gone")));
  EXPECT_THAT(who({{"LIBHDFS3_CONF", "x.xml"}}), HasSubstr("whole path"));
  EXPECT_THAT(who({{"YARN_CONF_DIR", at("system/yarn-site.xml")}}), HasSubstr("is not a folder"));
  EXPECT_THAT(who({{"HADOOP_CONF_DIR", at("empty")}}), HasSubstr("holds none of core-site.xml"));
  EXPECT_EQ(who({{"HADOOP_HOME", at("empty")}}), "system/yarn-site.xml") << "a Hadoop without configuration";
}

TEST_F(Load, NoConfiguration) {
  stdfs::create_directories(at("home"));
  const auto none = load({{"HADOOP_HOME", at("home")}});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), ErrorCode::kFailedPrecondition);
  EXPECT_THAT(none.error().message(),
              AllOf(HasSubstr("no configuration found"), HasSubstr("HADOOP_CONF_DIR (not set)"),
                    HasSubstr("HADOOP_HOME (nothing in " + at("home") + "/etc/hadoop)"),
                    HasSubstr(at("system")), HasSubstr("-D")));
  const auto alone = load({}, {.properties = {{"yarn.resourcemanager.hostname", "rm"}}});
  ASSERT_TRUE(alone);
  EXPECT_FALSE(alone->has_files());
  EXPECT_EQ(*alone->get("yarn.resourcemanager.address"), "rm:8032");
}

TEST_F(Load, WhatAnAdministratorSaysStays) {
  folder("c");
  std::ofstream(at("c/core-site.xml"))
      << "<configuration>"
         "<property><name>knit.site.limit.x</name><value>9</value></property>"
         "<property><name>knit.staging.dir</name><value>/mine</value></property>"
         "</configuration>";
  const Environment environment({{"HADOOP_CONF_DIR", at("c")}});
  const std::vector<Property> site{{"knit.site.limit.x", "1", true, "/etc/knit/knit.yaml", 3},
                                   {"knit.staging.dir", "/site", false, "/etc/knit/knit.yaml", 4},
                                   {"knit.site.default.y", "2", true, "/etc/knit/knit.yaml", 5}};
  const auto settings = conf::load(environment, {}, at("system"), site);
  ASSERT_TRUE(settings) << settings.error().message();
  EXPECT_EQ(*settings->get("knit.site.limit.x"), "1");
  EXPECT_EQ(to_string(settings->entry("knit.site.limit.x")->origin), "/etc/knit/knit.yaml, line 3");
  EXPECT_EQ(*settings->get("knit.staging.dir"), "/mine") << "a default only";
  EXPECT_EQ(*settings->get("knit.site.default.y"), "2");
  const auto refused =
      conf::load(environment, {.properties = {{"knit.site.default.y", "3"}}}, at("system"), site);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(refused.error().message(), HasSubstr("-D knit.site.default.y"));
}

TEST_F(Load, WithoutFiles) {
  folder("c");
  const Environment environment({{"YARN_CONF_DIR", at("c")}});
  const auto bare = load_overrides(environment, {.properties = {{"who", "-D"}}});
  ASSERT_TRUE(bare);
  EXPECT_FALSE(bare->has_files());
  EXPECT_EQ(*bare->get("who"), "-D");
  EXPECT_EQ(*load_overrides(environment, {})->get("who"), "");
}

TEST_F(Load, FilesThatCannotBeRead) {
  folder("c");
  std::ofstream(at("c/core-site.xml")) << "<configuration>\n<property></configuration>";
  EXPECT_THAT(who({{"HADOOP_CONF_DIR", at("c")}}), HasSubstr(at("c/core-site.xml") + ", line 2, column"));
  stdfs::remove(at("c/core-site.xml"));
  stdfs::create_directories(at("c/core-site.xml"));
  EXPECT_THAT(who({{"HADOOP_CONF_DIR", at("c")}}), HasSubstr("core-site.xml is not a file"));
  stdfs::remove(at("c/core-site.xml"));
  std::ofstream(at("c/core-site.xml")) << std::string((16 << 20) + 1, ' ');
  EXPECT_THAT(who({{"HADOOP_CONF_DIR", at("c")}}), HasSubstr("larger than 16777216 bytes"));
  if (geteuid() != 0) {  // root may read anything
    stdfs::permissions(at("c/core-site.xml"), stdfs::perms::none);
    EXPECT_THAT(who({{"HADOOP_CONF_DIR", at("c")}}), HasSubstr("cannot read"));
  }
}

TEST(EnvironmentTest, OfTheProcess) {
  const auto process = Environment::of_process();
  EXPECT_FALSE(process.variables().empty());
  EXPECT_FALSE(process.get("no variable has this name"));
  EXPECT_FALSE(Environment::of_process_and_account().login_name().empty());
  EXPECT_EQ(Environment({{"USER", "u"}, {"LOGNAME", "l"}, {"HOME", "/h"}}).login_name(), "l");
}

}  // namespace
}  // namespace knit::conf
