#include "app/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace knit::app {
namespace {

using testing::HasSubstr;

RunSpec good() {
  RunSpec spec;
  spec.command = {"/usr/bin/python3", "-c", "print('\xFF')", ""};
  spec.files = {{"a/b.py", "", false}, {"hdfs:///x/env.tar.gz", "env", true}, {"dir/", "", false}};
  spec.environment = {{"A_1", "\xFF{{X}}"}, {"_", ""}};
  spec.tags = {"nightly", "a b"};
  return spec;
}

TEST(Validate, TakesWhatCanBeRun) {
  EXPECT_TRUE(validate(good()));
  EXPECT_EQ(application_name(good()), "python3");
  EXPECT_EQ(name_in_container({"dir/", "", false}), "dir");
  EXPECT_EQ(name_in_container({"hdfs://nn/x/y.zip", "", true}), "y.zip");
}

TEST(Validate, EachMistakeIsNamed) {
  struct Case {
    std::function<void(RunSpec&)> spoil;
    std::string said;
  };
  const std::vector<Case> cases = {
      {[](RunSpec& s) { s.command.clear(); }, "no command"},
      {[](RunSpec& s) { s.command[0].clear(); }, "first word is empty"},
      {[](RunSpec& s) { s.command[2] = std::string("a\0b", 3); }, "argument 2"},
      {[](RunSpec& s) { s.instances = 0; }, "--instances 0"},
      {[](RunSpec& s) { s.instances = kMaxInstances + 1; }, "from 1 to 100000"},
      {[](RunSpec& s) { s.resource.memory = ByteSize(); }, "--memory"},
      {[](RunSpec& s) { s.resource.vcores = 0; }, "--vcores 0"},
      {[](RunSpec& s) { s.resource.others["yarn.io/gpu"] = -1; }, "yarn.io/gpu=-1"},
      {[](RunSpec& s) { s.resource.others["vcores"] = 1; }, "say --memory or --vcores"},
      {[](RunSpec& s) {
         s.files.push_back({"other/b.py", "", false});
       },
       "two files are to be called 'b.py'"},
      {[](RunSpec& s) {
         s.files.push_back({"x", "a/b", false});
       },
       "'a/b' cannot be"},
      {[](RunSpec& s) {
         s.files.push_back({"..", "", false});
       },
       "'..' cannot be"},
      {[](RunSpec& s) {
         s.files.push_back({"/", "", true});
       },
       "--archive /"},
      {[](RunSpec& s) {
         s.files.push_back({"x\ny", "", false});
       },
       "cannot be"},
      {[](RunSpec& s) {
         s.files.push_back({"container_tokens", "", false});
       },
       "YARN itself"},
      {[](RunSpec& s) {
         s.files.push_back({"", "x", false});
       },
       "source is empty"},
      {[](RunSpec& s) {
         s.environment.push_back({"1A", ""});
       },
       "--env 1A"},
      {[](RunSpec& s) {
         s.environment.push_back({"A-B", ""});
       },
       "--env A-B"},
      {[](RunSpec& s) {
         s.environment.push_back({"A", std::string(1, '\0')});
       },
       "NUL"},
      {[](RunSpec& s) { s.node_label = "a && b"; }, "one label"},
      {[](RunSpec& s) { s.tags.push_back("\xC3\xA4"); }, "ASCII"},
      {[](RunSpec& s) { s.tags.push_back(""); }, "empty"},
      {[](RunSpec& s) { s.max_restarts = -1; }, "--max-restarts"},
      {[](RunSpec& s) { s.max_failures = -1; }, "--max-failures"},
      {[](RunSpec& s) { s.lifetime = std::chrono::milliseconds(10); }, "--lifetime"},
      {[](RunSpec& s) { s.start_timeout = std::chrono::milliseconds(0); }, "--start-timeout"},
      {[](RunSpec& s) { s.lifetime = std::chrono::milliseconds::max(); }, "--lifetime"},
      {[](RunSpec& s) { s.start_timeout = std::chrono::milliseconds::max(); }, "--start-timeout"},
      {[](RunSpec& s) { s.master_memory = ByteSize(); }, "--master-memory"},
      {[](RunSpec& s) { s.master_attempts = 0; }, "--master-attempts"},
      {[](RunSpec& s) { s.name = "a\nb"; }, "--name"},
      {[](RunSpec& s) { s.queue = "\xFF"; }, "--queue"},
  };
  for (const auto& [spoil, said] : cases) {
    RunSpec spec = good();
    spoil(spec);
    auto status = validate(spec);
    ASSERT_FALSE(status) << said;
    EXPECT_EQ(status.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(status.error().message(), HasSubstr(said));
  }
}

}  // namespace
}  // namespace knit::app
