// The settings Knit uses, by name: security, YARN, HDFS.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "conf/hdfs_settings.h"
#include "conf/security_settings.h"
#include "conf/yarn_settings.h"

namespace knit::conf {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using Pairs = std::vector<std::pair<std::string, std::string>>;

Settings with(const Pairs& pairs, Environment::Variables variables = {}) {
  return Settings(Environment(std::move(variables)), {}, {.properties = pairs});
}
std::string text(const Result<std::vector<Endpoint>>& endpoints) {
  if (!endpoints) return "error: " + endpoints.error().message();
  std::string out;
  for (const auto& endpoint : *endpoints) {
    out += (out.empty() ? "" : " ") + endpoint.id + (endpoint.id.empty() ? "" : "=") + to_string(endpoint);
  }
  return out;
}
template <class T>
std::string message(const Result<T>& result) {
  return result ? "no error" : result.error().message();
}

TEST(EndpointTest, Forms) {
  const struct {
    const char *given, *want;
  } cases[] = {
      {"Rm-1.Example.com:8032", "Rm-1.Example.com:8032"},  // as written
      {" host ", "host:99"},
      {"[::1]:80", "[::1]:80"},
      {"[fe80::1]", "[fe80::1]:99"},
      {"10.0.0.1:65535", "10.0.0.1:65535"},
      {"host:", "has no port"},
      {"host:0", "1 to 65535"},
      {"host:65536", "1 to 65535"},
      {"host:80x", "1 to 65535"},
      {"::1", "brackets"},
      {"[::1", "[ADDRESS]:PORT"},
      {"[::1]x", "[ADDRESS]:PORT"},
      {"", "names no host"},
      {":80", "names no host"},
      {"hdfs://x", "is not HOST:PORT"},
      {"${rm}:80", "variable"},
  };
  for (const auto& c : cases) {
    const auto endpoint = parse_endpoint(c.given, 99);
    EXPECT_THAT(endpoint ? to_string(*endpoint) : endpoint.error().message(), HasSubstr(c.want)) << c.given;
  }
}

TEST(YarnSettings, ResourceManagers) {
  const Pairs ha = {
      {"yarn.resourcemanager.ha.enabled", "true"},      {"yarn.resourcemanager.ha.rm-ids", "rm1, rm2"},
      {"yarn.resourcemanager.hostname.rm1", "a"},       {"yarn.resourcemanager.hostname.rm2", "b"},
      {"yarn.resourcemanager.address.rm2", "b2:18032"}, {"yarn.resourcemanager.address", "ignored:1"}};
  const auto but = [](Pairs pairs, const Pairs& more) {
    pairs.insert(pairs.end(), more.begin(), more.end());
    return pairs;
  };
  const struct {
    Pairs pairs;
    const char *client, *scheduler;
  } cases[] = {
      {{}, "0.0.0.0:8032", "0.0.0.0:8030"},
      {{{"yarn.resourcemanager.hostname", "rm"}}, "rm:8032", "rm:8030"},
      {{{"yarn.resourcemanager.hostname", "rm"}, {"yarn.resourcemanager.address", "x"}}, "x:8032", "rm:8030"},
      {{{"yarn.resourcemanager.address", "x:y"}},
       "error: yarn.resourcemanager.address = 'x:y' (-D) has a port",
       "0.0.0.0:8030"},
      {ha, "rm1=a:8032 rm2=b2:18032", "rm1=a:8030 rm2=b:8030"},
      {but(ha, {{"yarn.resourcemanager.ha.rm-ids", ""}}), "names no ResourceManager",
       "names no ResourceManager"},
      {but(ha, {{"yarn.resourcemanager.ha.rm-ids", "rm3"}}),
       "set yarn.resourcemanager.hostname.rm3 or yarn.resourcemanager.address.rm3",
       "set yarn.resourcemanager.hostname.rm3 or yarn.resourcemanager.scheduler.address.rm3"},
  };
  for (const auto& c : cases) {
    const auto settings = with(c.pairs);
    EXPECT_THAT(text(resource_managers(settings, ResourceManagerService::kClient)), HasSubstr(c.client));
    EXPECT_THAT(text(resource_managers(settings, ResourceManagerService::kScheduler)),
                HasSubstr(c.scheduler));
  }
}

TEST(YarnSettings, Web) {
  const auto plain = resource_manager_web(with({{"yarn.resourcemanager.hostname", "rm"}}));
  EXPECT_FALSE(plain->tls);
  EXPECT_EQ(text(plain->endpoints), "rm:8088");
  const auto tls = resource_manager_web(
      with({{"yarn.resourcemanager.hostname", "rm"}, {"yarn.http.policy", "HTTPS_ONLY"}}));
  EXPECT_TRUE(tls->tls);
  EXPECT_EQ(text(tls->endpoints), "rm:8090");
  EXPECT_FALSE(resource_manager_web(with({{"yarn.http.policy", "both"}})));
}

TEST(YarnSettings, WhereTheMasterRegisters) {
  EXPECT_EQ(text(master_scheduler(with({{"yarn.resourcemanager.hostname", "rm"}}))), "rm:8030");
  EXPECT_THAT(text(master_scheduler(with({}))),
              AllOf(HasSubstr("0.0.0.0:8030"), HasSubstr("yarn.resourcemanager.hostname")));
  const Pairs proxy = {{"yarn.resourcemanager.hostname", "rm"},
                       {"yarn.nodemanager.amrmproxy.enabled", "true"}};
  EXPECT_EQ(text(master_scheduler(with(proxy))), "localhost:8049");
}

TEST(YarnSettings, Logs) {
  const auto standard = log_settings(with({}));
  ASSERT_TRUE(standard) << standard.error().message();
  EXPECT_FALSE(standard->aggregated);
  ASSERT_EQ(standard->formats.size(), 1u);
  EXPECT_EQ(standard->formats[0].kind, LogFormat::Kind::kTFile);
  EXPECT_EQ(standard->formats[0].directory, "/tmp/logs");
  EXPECT_EQ(standard->formats[0].suffix, "logs-tfile");
  EXPECT_EQ(standard->older_suffix, "logs");

  const auto both = log_settings(with(
      {{"yarn.log-aggregation-enable", "true"},
       {"yarn.log-aggregation.file-formats", "IFile, TFile, Mine"},
       {"yarn.log-aggregation.file-controller.IFile.class",
        "org.apache.hadoop.yarn.logaggregation.filecontroller.ifile.LogAggregationIndexedFileController"},
       {"yarn.log-aggregation.IFile.remote-app-log-dir", "hdfs://other/ifile"},
       {"yarn.log-aggregation.TFile.remote-app-log-dir-suffix", "t"},
       {"yarn.nodemanager.remote-app-log-dir", "/app-logs"}}));
  ASSERT_TRUE(both) << both.error().message();
  EXPECT_TRUE(both->aggregated);
  EXPECT_EQ(both->formats[0].kind, LogFormat::Kind::kIndexed);
  EXPECT_EQ(both->formats[0].directory + " " + both->formats[0].suffix, "hdfs://other/ifile logs-ifile");
  EXPECT_EQ(both->formats[1].directory + " " + both->formats[1].suffix, "/app-logs t");
  EXPECT_EQ(both->formats[2].kind, LogFormat::Kind::kOther);
}

TEST(YarnSettings, Limits) {
  EXPECT_EQ(submit_limits(with({}))->master_attempts, 2);
  const Pairs pairs = {{"yarn.resourcemanager.am.max-attempts", "3"},
                       {"yarn.resourcemanager.am.global.max-attempts", "5"}};
  EXPECT_EQ(submit_limits(with(pairs))->master_attempts, 5);
  EXPECT_EQ(submit_limits(with({}))->master_expiry, std::chrono::minutes(15));
  EXPECT_FALSE(submit_limits(with({{"yarn.resourcemanager.application.max-tags", "ten"}})));
}

TEST(HdfsSettings, NameNodes) {
  const Pairs ha = {{"dfs.nameservices", "cluster,half"},
                    {"dfs.ha.namenodes.cluster", "nn1,nn2"},
                    {"dfs.namenode.rpc-address.cluster.nn1", "a:9000"},
                    {"dfs.namenode.rpc-address.cluster.nn2", "b"},
                    {"dfs.ha.namenodes.gap", "nn1"},
                    {"dfs.namenode.rpc-address.single", "s:8021"}};
  const struct {
    const char *authority, *want;
  } cases[] = {
      {"nn.example.com", "nn.example.com:8020"},
      {"nn:9000", "nn:9000"},
      {"cluster", "nn1=a:9000 nn2=b:8020"},
      {"single", "s:8021"},
      {"cluster:8020", "error: hdfs://cluster:8020: cluster is the name of a nameservice"},
      {"half", "error: dfs.nameservices lists half"},
      {"gap", "error: NameNode nn1 has no address: set dfs.namenode.rpc-address.gap.nn1"},
      {"user@nn", "error: hdfs://user@nn is not HOST:PORT"},
  };
  for (const auto& c : cases) EXPECT_THAT(text(name_nodes(with(ha), c.authority)), HasSubstr(c.want));
}

TEST(HdfsSettings, Authority) {
  const struct {
    const char *fs, *uri, *want;
  } cases[] = {
      {"hdfs://nn:8020/", "/user/joe", "nn:8020"},
      {"hdfs://cluster", "relative/path", "cluster"},
      {"HDFS://cluster", "hdfs:///x", "cluster"},
      {"nn:9000", "/x", "nn:9000"},  // without a scheme
      {"hdfs://cluster", "hdfs://other:1/x", "other:1"},
      {"s3a://bucket", "hdfs://other/x", "other"},
      {"s3a://bucket/", "/x", "fs.defaultFS = s3a://bucket/ (-D): Knit reads and writes hdfs:// only"},
      {"hdfs://cluster", "viewfs://x/y", "--dir = viewfs://x/y: Knit"},
      {"local", "/x", "fs.defaultFS = local (-D): Knit"},
      {"hdfs:///", "/x", "names no host"},
      {"/data", "/x", "has no scheme"},
  };
  for (const auto& c : cases) {
    const auto authority = hdfs_authority(with({{"fs.defaultFS", c.fs}}), c.uri, "--dir");
    EXPECT_THAT(authority ? *authority : authority.error().message(), HasSubstr(c.want))
        << c.fs << " " << c.uri;
  }
  EXPECT_EQ(hdfs_authority(with({}), "/x", "").error().code(), ErrorCode::kFailedPrecondition);
  EXPECT_EQ(*default_filesystem(with({{"fs.default.name", "hdfs://nn:8020/path"}})), "hdfs://nn:8020");
}

TEST(HdfsSettings, Client) {
  const auto standard = hdfs_settings(with({}));
  ASSERT_TRUE(standard) << standard.error().message();
  EXPECT_EQ(standard->replication, 3);
  EXPECT_EQ(standard->block_size, ByteSize::mib(128));
  EXPECT_EQ(standard->checksum, ChecksumKind::kCrc32c);
  EXPECT_EQ(standard->socket_timeout, std::chrono::seconds(60));
  EXPECT_EQ(standard->umask, 022u);
  EXPECT_EQ(standard->trash_interval.count(), 0);
  const auto other = hdfs_settings(with({{"dfs.block.size", "64m"},
                                         {"dfs.checksum.type", "CRC32"},
                                         {"fs.trash.interval", "1439.5"},
                                         {"dfs.socket.timeout", "5s"},
                                         {"dfs.data.transfer.protection", "privacy,integrity"}}));
  ASSERT_TRUE(other) << other.error().message();
  EXPECT_EQ(other->block_size, ByteSize::mib(64));
  EXPECT_EQ(other->trash_interval, std::chrono::hours(24));
  EXPECT_THAT(other->data_transfer_protection, ElementsAre(Protection::kPrivacy, Protection::kIntegrity));
  const struct {
    const char* text;
    int want;  // -1 = refused
  } umasks[] = {{"0077", 077},  {"27", 027},        {"u=rwx,g=rx,o=", 027},
                {"a=rx", 0222}, {"ug=rwx,o=x", 06}, {"099", -1},
                {"u+w", -1},    {"x=r", -1},        {"=", -1}};
  for (const auto& c : umasks) {
    const auto got = hdfs_settings(with({{"fs.permissions.umask-mode", c.text}}));
    EXPECT_EQ(got ? static_cast<int>(got->umask) : -1, c.want) << c.text;
  }
  for (const auto& [key, value] : Pairs{{"dfs.replication", "0"},
                                        {"dfs.checksum.type", "MD5"},
                                        {"dfs.bytes-per-checksum", "0"},
                                        {"fs.trash.interval", "-1"}}) {
    EXPECT_THAT(message(hdfs_settings(with({{key, value}}))), HasSubstr(key + " = '" + value + "' (-D)"));
  }
}

TEST(SecuritySettings, Mode) {
  EXPECT_TRUE(require_simple_security(with({{"hadoop.security.authentication", "Simple"}})));
  const auto secure = require_simple_security(with({{"hadoop.security.authentication", "KERBEROS"}}));
  ASSERT_FALSE(secure);
  EXPECT_EQ(secure.error().code(), ErrorCode::kUnimplemented);
  EXPECT_THAT(secure.error().message(), AllOf(HasSubstr("hadoop.security.authentication = KERBEROS, -D"),
                                              HasSubstr("nothing was sent")));
  EXPECT_THAT(message(security_mode(with({{"hadoop.security.authentication", "token"}}))),
              HasSubstr("neither simple nor kerberos"));
}

TEST(SecuritySettings, User) {
  EXPECT_EQ(*user_name(with({}, {{"USER", "joe"}, {"HADOOP_USER_NAME", "ann"}})), "ann");
  EXPECT_EQ(*user_name(with({}, {{"USER", "joe"}, {"HADOOP_USER_NAME", ""}})), "joe");
  EXPECT_FALSE(user_name(with({})));
  EXPECT_FALSE(user_name(with({{"hadoop.security.authentication", "kerberos"}}, {{"USER", "joe"}})));
}

TEST(SecuritySettings, Rpc) {
  const auto standard = rpc_settings(with({}));
  ASSERT_TRUE(standard) << standard.error().message();
  EXPECT_THAT(standard->protection, ElementsAre(Protection::kAuthentication));
  EXPECT_EQ(standard->maximum_response, ByteSize::mib(128));
  EXPECT_EQ(standard->ping_interval, std::chrono::minutes(1));
  EXPECT_FALSE(rpc_settings(with({{"ipc.maximum.response.length", "4294967296"}})));
  EXPECT_FALSE(rpc_settings(with({{"hadoop.rpc.protection", "privacy,none"}})));
}

}  // namespace
}  // namespace knit::conf
