#include "yarn/limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace knit::yarn {
namespace {

using ::testing::HasSubstr;

ClusterLimits limits() {
  ClusterLimits limits;
  limits.maximum = {ByteSize::mib(8192), 4, {{"yarn.io/gpu", 2}}};
  limits.types = {{"memory-mb", "Mi"}, {"vcores", ""}, {"yarn.io/gpu", ""}};
  return limits;
}

SubmissionContext good() {
  SubmissionContext context;
  context.name = "Größe 中文 \xf0\x9f\x98\x80";
  context.type = "KNIT";
  context.tags = {"a", "Nightly run"};
  context.resource = {ByteSize::mib(512), 1, {}};
  context.master.resources["lib/data.csv"].path = "/x/data file.csv";
  context.lifetime = std::chrono::seconds(1);
  return context;
}

LocalResource from(std::string path) {
  LocalResource resource;
  resource.path = std::move(path);
  return resource;
}

TEST(Limits, AcceptsWhatYarnDoes) {
  const auto status = check_submission(good(), limits());
  EXPECT_TRUE(status) << status.error().message();
}

TEST(Limits, RefusesWhatYarnWouldRefuseOrCut) {
  const auto message = [](const std::function<void(SubmissionContext&)>& change) {
    auto context = good();
    change(context);
    const auto status = check_submission(context, limits());
    return status ? std::string("accepted") : status.error().message();
  };
  using Context = SubmissionContext;
  EXPECT_EQ(message([](Context& c) { c.tags.assign(11, "t"); }),
            "11 tags were given; this cluster allows 10");
  EXPECT_THAT(message([](Context& c) { c.tags = {std::string(101, 't')}; }), HasSubstr("has 101 characters"));
  EXPECT_THAT(message([](Context& c) { c.tags = {"größe"}; }), HasSubstr("printable ASCII"));
  EXPECT_THAT(message([](Context& c) { c.tags = {""}; }), HasSubstr("empty"));
  EXPECT_THAT(message([](Context& c) { c.type = "ABCDEFGHIJKLMNOPQRSTU"; }), HasSubstr("at most 20"));
  EXPECT_THAT(message([](Context& c) { c.name = "a\nb"; }), HasSubstr("application name 'a?b'"));
  for (const std::string bad :
       {"\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe0\x80\x80"}) {
    EXPECT_THAT(message([&](Context& c) { c.queue = bad; }), HasSubstr("UTF-8"));
  }
  EXPECT_THAT(message([](Context& c) { c.lifetime = std::chrono::seconds(0); }),
              HasSubstr("at least one second"));
  EXPECT_THAT(message([](Context& c) { c.max_attempts = 0; }), HasSubstr("at least one"));
  EXPECT_EQ(message([](Context& c) { c.resource.memory = ByteSize::mib(9000); }),
            "the master asks for 8.8 GiB of memory; one container gets at most 8 GiB here");
  EXPECT_THAT(message([](Context& c) { c.master.resources["../x"].path = "/x"; }), HasSubstr("'../x'"));
}

TEST(Limits, Resources) {
  const auto message = [](const Resource& resource) {
    const auto status = check_resource("an instance", resource, limits());
    return status ? std::string("accepted") : status.error().message();
  };
  EXPECT_EQ(message({ByteSize::mib(8192), 4, {{"yarn.io/gpu", 2}}}), "accepted");
  EXPECT_EQ(message({ByteSize(), 1, {}}), "an instance asks for no memory");
  EXPECT_EQ(message({ByteSize::mib(1), 5, {}}),
            "an instance asks for 5 vcores; one container gets 1 to 4 here");
  EXPECT_THAT(message({ByteSize::mib(1), 0, {}}), HasSubstr("0 vcores"));
  EXPECT_EQ(message({ByteSize::mib(1), 1, {{"yarn.io/gpu", 3}}}),
            "an instance asks for 3 of 'yarn.io/gpu'; one container gets at most 2 here");
  EXPECT_EQ(
      message({ByteSize::mib(1), 1, {{"yarn.io/fpga", 1}}}),
      "an instance asks for 'yarn.io/fpga', which this cluster does not offer; it has memory-mb, vcores, "
      "yarn.io/gpu");
}

TEST(Limits, AQueueGivesLess) {
  auto both = limits();
  restrict(both, {ByteSize::mib(9000), 9, {}}, "large");
  EXPECT_EQ(both.maximum, limits().maximum);
  restrict(both, {ByteSize::mib(512), 9, {}}, "small");
  EXPECT_EQ(both.maximum, (Resource{ByteSize::mib(512), 4, {{"yarn.io/gpu", 2}}}));
  EXPECT_EQ(check_resource("an instance", {ByteSize::mib(513), 1, {}}, both).error().message(),
            "an instance asks for 513 MiB of memory; one container gets at most 512 MiB in queue 'small'");
}

TEST(Limits, NamesThatTheLaunchScriptCanSay) {
  for (const std::string name : {"a", "a b", "a'b", "data.tar.gz", "sub/dir/a", "größe", "{}", "a;b", "*"}) {
    const auto status = check_local_resource(name, from("/x/y"));
    EXPECT_TRUE(status) << status.error().message();
  }
  for (const std::string name : {"", ".", "/abs", "-x", "..", "a/../b", "a//b", "a/", "$x", "a\"b", "a`b",
                                 "a\\b", "a\nb", "\xff", "a b/c"}) {
    EXPECT_FALSE(check_local_resource(name, from("/x/y"))) << name;
  }
  EXPECT_FALSE(check_local_resource("a", from("/x/$y")));
  EXPECT_FALSE(check_local_resource("a", from("/x/")));
  EXPECT_TRUE(check_local_resource("a", from("/$x/y z")));
}

TEST(Limits, OneNameForOneSource) {
  LaunchContext context;
  context.resources = {{"a", from("/x/y")}, {"b", from("/x/y")}};
  const auto refused = check_launch_context(context);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("files 'a' and 'b' have the same source '/x/y'"));
  context.resources["b"].type = LocalResourceType::kArchive;
  EXPECT_TRUE(check_launch_context(context));
}

}  // namespace
}  // namespace knit::yarn
