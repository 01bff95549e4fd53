#include "master/setup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace knit::master {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class NotesInMemory final : public Notes {
 public:
  void say(std::string_view text) override { text_ += std::string(text) + "\n"; }
  std::string text_;
};

class SetupTest : public testing::Test {
 protected:
  SetupTest() {
    directory_ = std::filesystem::path(testing::TempDir()) /
                 ("knit-setup-" + std::to_string(testing::UnitTest::GetInstance()->random_seed()) + "-" +
                  testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(directory_);
  }
  ~SetupTest() override { std::filesystem::remove_all(directory_); }

  std::string put(const std::string& name, const std::string& bytes) {
    const auto path = directory_ / name;
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  // The node's yarn-site.xml with these properties; YARN_CONF_DIR names its folder.
  NodeSettings with_node(const std::string& properties, std::map<std::string, std::string> from_client) {
    put("yarn-site.xml", "<configuration>" + properties + "</configuration>");
    control::LaunchFile file;
    file.settings = std::move(from_client);
    return settings_from(conf::Environment({{"YARN_CONF_DIR", directory_}}), file, notes_);
  }
  static std::string property(const std::string& name, const std::string& value) {
    return "<property><name>" + name + "</name><value>" + value + "</value></property>";
  }

  std::filesystem::path directory_;
  NotesInMemory notes_;
};

TEST_F(SetupTest, TheNodeManagerSaysWhoWeAre) {
  conf::Environment::Variables variables{{"CONTAINER_ID", "container_e17_1700_0001_02_000001"},
                                         {"NM_HOST", "n1"},
                                         {"NM_PORT", "45454"},
                                         {"NM_HTTP_PORT", "8042"}};
  const auto identity = identity_from(conf::Environment(variables));
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->container.attempt.attempt, 2);
  EXPECT_EQ(identity->node, (NodeId{"n1", 45454}));
  EXPECT_EQ(identity->node_http_address, "n1:8042");
  EXPECT_FALSE(identity->submitted);
  for (const char* name : {"CONTAINER_ID", "NM_HOST", "NM_PORT", "NM_HTTP_PORT"}) {
    auto spoiled = variables;
    spoiled.erase(name);
    EXPECT_THAT(identity_from(conf::Environment(spoiled)).error().message(),
                HasSubstr(std::string(name) + " is not set"));
  }
  variables["APP_SUBMIT_TIME_ENV"] = "1763862000123";
  EXPECT_EQ(identity_from(conf::Environment(variables))->submitted,
            WallTime(std::chrono::milliseconds(1763862000123)));
  variables["APP_SUBMIT_TIME_ENV"] = "soon";
  EXPECT_FALSE(identity_from(conf::Environment(variables))->submitted);
  variables["NM_PORT"] = "x";
  EXPECT_THAT(identity_from(conf::Environment(variables)).error().message(), HasSubstr("NM_PORT is 'x'"));
}

TEST_F(SetupTest, CredentialsAndLaunchFileAreNamedWhenTheyCannotBeRead) {
  EXPECT_THAT(credentials_from(conf::Environment()).error().message(),
              HasSubstr("HADOOP_TOKEN_FILE_LOCATION"));
  const auto path = put("tokens", "HDTT");
  EXPECT_THAT(credentials_from(conf::Environment({{"HADOOP_TOKEN_FILE_LOCATION", path}})).error().message(),
              HasSubstr(path));
  EXPECT_FALSE(read_launch_file(directory_ / "nothing"));
  EXPECT_FALSE(read_launch_file(put("launch.json", "{")));
}

TEST_F(SetupTest, TheNodesAddressComesFirst) {
  auto settings = with_node(property("yarn.resourcemanager.hostname", "rm-node"),
                            {{"yarn.resourcemanager.scheduler.address", "rm-client:8030"}});
  EXPECT_THAT(*scheduler_addresses(settings), ElementsAre(io::HostPort{"rm-node", 8030}));
}

TEST_F(SetupTest, TheClientsAddressWhereTheNodeHasNone) {
  auto settings = with_node(property("x", "y"), {{"yarn.resourcemanager.scheduler.address", "rm-client:8030"},
                                                 {"dfs.nameservices", "ns1"},
                                                 {"x", "z"}});
  EXPECT_THAT(*scheduler_addresses(settings), ElementsAre(io::HostPort{"rm-client", 8030}));
  EXPECT_EQ(*settings.merged.get("dfs.nameservices"), "ns1");
  EXPECT_EQ(*settings.merged.get("x"), "y") << "the node's own";
  EXPECT_FALSE(scheduler_addresses(with_node(property("x", "y"), {}))) << "0.0.0.0 is nowhere";
}

TEST_F(SetupTest, AProxyOnTheNodeComesBeforeEverything) {
  auto settings = with_node(property("yarn.nodemanager.amrmproxy.enabled", "true") +
                                property("yarn.resourcemanager.hostname", "rm-node"),
                            {{"yarn.resourcemanager.scheduler.address", "rm-client:8030"}});
  EXPECT_THAT(*scheduler_addresses(settings), ElementsAre(io::HostPort{"localhost", 8049}));
}

TEST_F(SetupTest, ANodeWithoutConfigurationIsNoError) {
  control::LaunchFile file;
  file.settings = {{"yarn.resourcemanager.hostname", "rm"}};
  auto settings = settings_from(conf::Environment({{"HADOOP_CONF_DIR", "/nowhere/at/all"}}), file, notes_);
  EXPECT_THAT(*scheduler_addresses(settings), ElementsAre(io::HostPort{"rm", 8030}));
  EXPECT_THAT(notes_.text_, HasSubstr("/nowhere/at/all"));
}

}  // namespace
}  // namespace knit::master
