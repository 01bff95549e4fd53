#include "client/site_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "client/site_rules.h"

namespace knit::client {
namespace {

using testing::AllOf;
using testing::HasSubstr;

conf::Settings settings(const std::string& text, std::vector<std::pair<std::string, std::string>> own = {}) {
  auto properties = parse_site_file("/etc/knit/knit.yaml", text);
  EXPECT_TRUE(properties) << properties.error().message();
  conf::Overrides overrides;
  overrides.properties = std::move(own);
  return conf::Settings(conf::Environment(), *std::move(properties), overrides);
}

std::string refusal(const std::string& text, const RunSpec& spec,
                    std::vector<std::pair<std::string, std::string>> own = {}) {
  const auto applied = apply_site_rules(settings(text, std::move(own)), spec);
  return applied ? "taken"
                 : std::string(to_string(applied.error().code())) + ": " + applied.error().message();
}

std::string wrong(const std::string& text) {
  const auto properties = parse_site_file("/f", text);
  if (properties) return "taken";
  EXPECT_EQ(properties.error().code(), ErrorCode::kInvalidArgument);
  return properties.error().message();
}

TEST(SiteFile, DefaultsAreForWhoSaysNothing) {
  const std::string file = R"(
defaults:
  queue: batch
  lifetime: 7d
  master-port: 20000-20100
  master-attempts: 3
  staging-dir: /data/knit
)";
  const auto applied = apply_site_rules(settings(file), RunSpec());
  ASSERT_TRUE(applied) << applied.error().message();
  EXPECT_EQ(applied->queue, "batch");
  EXPECT_EQ(applied->lifetime, std::chrono::hours(7 * 24));
  EXPECT_EQ(applied->master_ports.first, 20000);
  EXPECT_EQ(applied->master_ports.last, 20100);
  EXPECT_EQ(applied->master_attempts, 3);
  EXPECT_EQ(*settings(file).get("knit.staging.dir"), "/data/knit");
  EXPECT_EQ(*settings(file, {{"knit.staging.dir", "/mine"}}).get("knit.staging.dir"), "/mine");
  RunSpec own;
  own.queue = "mine";
  own.lifetime = std::chrono::hours(1);
  own.master_ports = {30000, 30000};
  const auto kept = apply_site_rules(settings(file), own);
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->queue, "mine");
  EXPECT_EQ(kept->lifetime, std::chrono::hours(1));
  EXPECT_EQ(kept->master_ports.first, 30000);
  EXPECT_TRUE(apply_site_rules(settings(""), own)) << "an empty file says nothing";
}

TEST(SiteFile, ALimitIsNamedWithItsLine) {
  const std::string file =
      "limits:\n  instances: 10\n  memory: 1GiB\n  vcores: 2\n  master-memory: 256MiB\n  lifetime: 1d\n";
  RunSpec spec;
  EXPECT_EQ(refusal(file, spec), "taken");
  spec.instances = 11;
  EXPECT_EQ(refusal(file, spec),
            "permission_denied: 11 instances: at most 10 are allowed here (/etc/knit/knit.yaml, line 2); the "
            "site's administrator can change that");
  spec = RunSpec();
  spec.resource.memory = ByteSize::mib(1025);
  EXPECT_THAT(refusal(file, spec),
              AllOf(HasSubstr("--memory"), HasSubstr("at most 1 GiB"), HasSubstr("line 3")));
  spec = RunSpec();
  spec.resource.vcores = 3;
  EXPECT_THAT(refusal(file, spec), AllOf(HasSubstr("--vcores 3: at most 2"), HasSubstr("line 4")));
  spec = RunSpec();
  spec.master_memory = ByteSize::mib(257);
  EXPECT_THAT(refusal(file, spec), AllOf(HasSubstr("--master-memory"), HasSubstr("line 5")));
  spec = RunSpec();
  spec.lifetime = std::chrono::hours(25);
  EXPECT_THAT(refusal(file, spec), AllOf(HasSubstr("--lifetime 1 d 01 h: at most 1 d"), HasSubstr("line 6")));
  EXPECT_EQ(apply_site_rules(settings(file), RunSpec())->lifetime, std::chrono::hours(24))
      << "none is too long";
  EXPECT_TRUE(check_instances(settings(file), 10));
  EXPECT_EQ(check_instances(settings(file), 11).error().code(), ErrorCode::kPermissionDenied);
  EXPECT_TRUE(check_instances(settings(""), 100'000));
}

TEST(SiteFile, WhatIsForbiddenIsRefusedUnlessTheSiteSaysItItself) {
  const std::string file =
      "defaults: {queue: batch, staging-dir: /data}\nforbidden:\n  - queue\n  - staging-dir\n  - env\n";
  EXPECT_EQ(apply_site_rules(settings(file), RunSpec())->queue, "batch");
  RunSpec spec;
  spec.queue = "mine";
  EXPECT_THAT(refusal(file, spec),
              AllOf(HasSubstr("permission_denied: --queue is forbidden here"), HasSubstr("line 3")));
  spec = RunSpec();
  spec.environment = {{"A", "b"}};
  EXPECT_THAT(refusal(file, spec), HasSubstr("--env is forbidden"));
  spec = RunSpec();
  spec.staging_dir = "/mine";
  EXPECT_THAT(refusal(file, spec), HasSubstr("--staging-dir is forbidden"));
  EXPECT_THAT(refusal(file, RunSpec(), {{"knit.staging.dir", "/mine"}}),
              HasSubstr("--staging-dir is forbidden"));
}

TEST(SiteFile, WhatIsWrongIsNamedWithItsLine) {
  EXPECT_EQ(wrong("defaults:\n  queu: x\n"), "/f, line 2: defaults: there is no 'queu'");
  EXPECT_EQ(wrong("limit: {}\n"), "/f, line 1: 'limit' is none of defaults, limits and forbidden");
  EXPECT_EQ(wrong("limits: 3\n"), "/f, line 1: limits is no mapping of names to values");
  EXPECT_EQ(wrong("limits:\n  instances: 0\n"),
            "/f, line 2: limits: instances '0' is no whole number from 1 on");
  EXPECT_THAT(wrong("limits:\n  memory: much\n"),
              HasSubstr("/f, line 2: limits: memory 'much' is not a size"));
  EXPECT_THAT(wrong("defaults:\n  master-port: 0\n"),
              HasSubstr("/f, line 2: defaults: master-port '0' is neither"));
  EXPECT_EQ(wrong("defaults:\n  queue: [a]\n"), "/f, line 2: defaults: queue has no single value");
  EXPECT_EQ(wrong("forbidden: queue\n"), "/f, line 1: forbidden is no list of options");
  EXPECT_EQ(wrong("forbidden:\n  - queue\n  - command\n"),
            "/f, line 3: forbidden: there is no option 'command' that could be");
  EXPECT_THAT(wrong("defaults: [\n"), HasSubstr("/f, line 2: "));
  EXPECT_EQ(wrong("[1, 2]"), "/f, line 1: the file is no mapping of names to values");
}

TEST(SiteFile, TheFirstThatIsThereCounts) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "site_file";
  std::filesystem::create_directories(folder);
  const std::string first = folder / "first.yaml", second = folder / "second.yaml",
                    none = folder / "none.yaml";
  std::ofstream(first) << "defaults: {queue: one}\n";
  std::ofstream(second) << "defaults: {queue: two}\n";
  EXPECT_TRUE(read_site_file({none})->empty());
  EXPECT_EQ(read_site_file({none, second, first})->at(0).value, "two");
  EXPECT_EQ(read_site_file({none, second, first})->at(0).file, second);
  EXPECT_FALSE(read_site_file({folder})) << "a folder is no file";
  EXPECT_EQ(site_files().front(), "/etc/knit/knit.yaml");
}

}  // namespace
}  // namespace knit::client
