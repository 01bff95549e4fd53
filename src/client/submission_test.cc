#include "client/submission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/encoding.h"
#include "client/fake_services_for_test.h"
#include "client/hooked_file_system.h"
#include "fs/memory_file_system.h"
#include "io/loop.h"
#include "io/task_group.h"
#include "security/sha256.h"

namespace knit::client {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
namespace stdfs = std::filesystem;

constexpr ApplicationId kApp{1763862000000, 42};
constexpr const char* kStaging = "/user/alice/.knit";
const std::string kAppFolder = std::string(kStaging) + "/apps/application_1763862000000_0042";
constexpr const char* kMaster = "not really a program";

class SubmissionTest : public testing::Test {
 protected:
  SubmissionTest() {
    std::string pattern = testing::TempDir() + "knit-submission-XXXXXX";
    local_ = mkdtemp(pattern.data());
    write("knit-master-x86_64", kMaster);
    spec_.command = {"date"};
  }
  ~SubmissionTest() override { stdfs::remove_all(local_); }

  std::string write(const std::string& name, const std::string& bytes) {
    const auto path = local_ + "/" + name;
    stdfs::create_directories(stdfs::path(path).parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  template <class T>
  T run(io::Task<T> task) {
    return loop_.run(std::move(task));
  }
  Submission submission(fs::FileSystem& fs) {
    staging_.emplace(StagingPlace{&fs, kStaging, true}, "alice", "rm:8032");
    const auto digest = base::hex_encode(security::sha256(kMaster));
    return Submission({service_, *staging_, settings_, "alice",
                       [this](const std::string& uri, std::string_view what) -> Result<fs::FileSystem*> {
                         if (!uri.starts_with("memory://"))
                           return Error(ErrorCode::kUnimplemented, std::string(what) + " " + uri);
                         return &memory_;
                       },
                       find_masters({{"x86_64", digest}}, local_).value()},
                      spec_);
  }
  Status submit(fs::FileSystem& fs) {
    auto submission = this->submission(fs);
    const auto checked = run(submission.check_files());
    if (!checked) return checked;
    return run(submission.run(kApp, observer_));
  }
  Status submit() { return submit(memory_); }
  bool exists(const std::string& path) { return run(memory_.stat(path)).has_value(); }

  struct Observer : RunObserver {
    std::vector<std::string> uploads;
    void on_upload(const std::string& file, std::uint64_t sent, std::uint64_t total) override {
      if (sent == total) uploads.push_back(file);
    }
  };

  std::string local_;
  io::Loop loop_;
  fs::MemoryFileSystem memory_;
  FakeApplications service_;
  conf::Settings settings_;
  std::optional<Staging> staging_;
  RunSpec spec_;
  Observer observer_;
};

TEST_F(SubmissionTest, StagesAndSubmits) {
  write("folder/a", "a");
  const auto data = write("data.csv", "1,2\n");
  spec_.files = {{data, "", false}, {local_ + "/folder", "lib", false}};
  spec_.environment = {{"A", "$x"}};
  spec_.staging_dir = "ignored by the master";
  const auto submitted = submit();
  ASSERT_TRUE(submitted) << submitted.error().message();
  EXPECT_THAT(observer_.uploads, ElementsAre("knit-master-x86_64", data, local_ + "/folder"));

  const auto launch =
      control::decode_launch_file(run(fs::read_file(memory_, kAppFolder + "/launch.json", 1 << 20)).value());
  ASSERT_TRUE(launch) << launch.error().message();
  EXPECT_EQ(launch->application, kApp);
  EXPECT_EQ(launch->user, "alice");
  EXPECT_EQ(launch->spec.name, "date");
  EXPECT_TRUE(launch->spec.files.empty());
  EXPECT_TRUE(launch->spec.staging_dir.empty());
  EXPECT_EQ(launch->staging_uri, std::string("memory://") + kStaging);
  EXPECT_EQ(launch->settings.at("knit.cluster"), "rm:8032");
  ASSERT_EQ(launch->files.size(), 2u);
  EXPECT_EQ(launch->files[0].name, "data.csv");
  EXPECT_FALSE(launch->files[0].archive);
  EXPECT_EQ(launch->files[1].name, "lib");
  EXPECT_TRUE(launch->files[1].archive) << "a folder travels packed";
  EXPECT_TRUE(launch->files[1].uri.ends_with("/lib.tar"));
  ASSERT_EQ(launch->master_files.size(), 1u);

  ASSERT_EQ(service_.submitted.size(), 1u);
  const auto& context = service_.submitted[0];
  EXPECT_EQ(context.id, kApp);
  ASSERT_EQ(context.master.resources.size(), 2u);
  const auto& master = context.master.resources.at("knit-master-x86_64");
  EXPECT_EQ(master.path, launch->master_files[0].uri.substr(9));
  EXPECT_EQ(master.size, ByteSize::bytes(static_cast<std::int64_t>(std::string(kMaster).size())));
  EXPECT_EQ(master.modified, kContentTime);
  EXPECT_EQ(context.master.resources.at("launch.json").visibility,
            yarn::LocalResourceVisibility::kApplication);
  EXPECT_EQ(context.master.environment.at("HADOOP_USER_NAME"), "alice");
  EXPECT_FALSE(context.master.tokens.empty());
  EXPECT_TRUE(service_.killed.empty());
}

// A container finds such a file under one of the names only, and nobody says so (seen on 3.4.2).
TEST_F(SubmissionTest, OneFileUnderTwoNamesIsRefused) {
  const auto data = write("data.csv", "1,2\n");
  spec_.files = {{data, "", false}, {data, "again", false}};
  const auto refused = submit();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(refused.error().message(), HasSubstr("'again' and 'data.csv' have the same source"));
  EXPECT_TRUE(service_.submitted.empty());
  EXPECT_FALSE(run(memory_.stat(kAppFolder)));
}

TEST_F(SubmissionTest, TheSecondTimeNothingIsUploaded) {
  ASSERT_TRUE(submit());
  observer_.uploads.clear();
  service_.states.clear();
  auto planned = submission(memory_);
  const auto plan = run(planned.plan_files());
  ASSERT_TRUE(plan) << plan.error().message();
  ASSERT_EQ(plan->size(), 1u);
  EXPECT_FALSE(plan->front().upload);
  ASSERT_TRUE(run(staging_->discard(kApp)));
  ASSERT_TRUE(submit());
  EXPECT_TRUE(observer_.uploads.empty());
}

TEST_F(SubmissionTest, ThePlanSaysWhatWouldBeUploaded) {
  ASSERT_TRUE(run(fs::write_file(memory_, "/data/x.tgz", "x")));
  spec_.files = {{write("f", "12345"), "g", false}, {"memory:///data/x.tgz", "x", true}};
  auto planned = submission(memory_);
  const auto plan = run(planned.plan_files());
  ASSERT_TRUE(plan) << plan.error().message();
  ASSERT_EQ(plan->size(), 3u);
  EXPECT_TRUE((*plan)[0].upload);
  EXPECT_EQ((*plan)[1].name, "g");
  EXPECT_EQ((*plan)[1].size, 5u);
  EXPECT_TRUE((*plan)[1].upload);
  EXPECT_EQ((*plan)[2].target, "memory:///data/x.tgz");
  EXPECT_FALSE((*plan)[2].upload);
  EXPECT_TRUE((*plan)[2].archive);
  EXPECT_FALSE(exists(kStaging));
}

TEST_F(SubmissionTest, FilesThatCannotBeShipped) {
  ASSERT_TRUE(run(memory_.make_directories("/data/folder", 0755)));
  ASSERT_TRUE(run(fs::write_file(memory_, "/data/x.bz2", "x")));
  write("text.zip", "no archive");
  const auto refusal = [&](FileSpec file) {
    spec_.files = {std::move(file)};
    const auto submitted = submit();
    EXPECT_FALSE(submitted);
    EXPECT_FALSE(exists(kAppFolder));
    EXPECT_TRUE(service_.submitted.empty());
    return submitted ? Error(ErrorCode::kInternal, "taken") : submitted.error();
  };
  auto error = refusal({local_ + "/nowhere", "", false});
  EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  EXPECT_EQ(error.message(), "--file " + local_ + "/nowhere: No such file or directory");
  EXPECT_THAT(refusal({"/dev/null", "", false}).message(), HasSubstr("neither a file nor a folder"));
  EXPECT_THAT(refusal({local_, "x", true}).message(), HasSubstr("--file ships it as one"));
  EXPECT_THAT(refusal({local_ + "/text.zip", "", true}).message(), HasSubstr("no archive that can be read"));
  EXPECT_THAT(refusal({local_ + "/text.zip", "a$b", false}).message(), HasSubstr("a$b"));
  EXPECT_EQ(refusal({"memory:///data/nowhere", "", false}).code(), ErrorCode::kNotFound);
  EXPECT_THAT(refusal({"memory:///data/folder", "", false}).message(), HasSubstr("is a folder in HDFS"));
  EXPECT_THAT(refusal({"memory:///data/x.bz2", "", true}).message(), HasSubstr("unpacks only"));
  EXPECT_EQ(refusal({"s3a://bucket/x", "", false}).code(), ErrorCode::kUnimplemented);
}

TEST_F(SubmissionTest, AnotherMasterIsRefused) {
  write("knit-master-x86_64", "something else");
  const auto submitted = submit();
  ASSERT_FALSE(submitted);
  EXPECT_EQ(submitted.error().code(), ErrorCode::kFailedPrecondition);
  EXPECT_THAT(submitted.error().message(), HasSubstr("is not the master this Knit was built with"));
}

TEST_F(SubmissionTest, RefusedApplicationsLeaveNothing) {
  using enum ApplicationState;
  service_.life = {kNew, kFailed};
  service_.diagnostics = "Application application_1 submitted by user alice to unknown queue: x";
  auto submitted = submit();
  ASSERT_FALSE(submitted);
  EXPECT_EQ(submitted.error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(submitted.error().message(), HasSubstr("to unknown queue: x"));
  EXPECT_FALSE(exists(kAppFolder));
  EXPECT_TRUE(service_.killed.empty()) << "it has ended already";

  service_.submit_error =
      Error(ErrorCode::kInternal, "User alice cannot submit applications to queue root.x");
  submitted = submit();
  EXPECT_EQ(submitted.error().code(), ErrorCode::kPermissionDenied);
  EXPECT_FALSE(exists(kAppFolder));
}

TEST_F(SubmissionTest, AnApplicationThatFailedAfterItWasAcceptedIsFollowed) {
  service_.life = {ApplicationState::kFailed};
  service_.attempt_at_end = 1;
  EXPECT_TRUE(submit());
  EXPECT_TRUE(exists(kAppFolder));
}

TEST_F(SubmissionTest, AnAnswerThatIsLostLeavesNothingRunning) {
  service_.submit_error = Error(ErrorCode::kUnavailable, "connection reset");
  const auto submitted = submit();
  EXPECT_EQ(submitted.error().code(), ErrorCode::kUnavailable);
  EXPECT_THAT(service_.killed, ElementsAre(kApp));
  EXPECT_FALSE(exists(kAppFolder));
}

TEST_F(SubmissionTest, WhateverFailsLeavesNothing) {
  int calls = 0, fail_at = 0;
  HookedFileSystem hooked(memory_, [&](std::string call) -> io::Task<Status> {
    if (++calls == fail_at) co_return Error(ErrorCode::kUnavailable, call);
    co_return Status();
  });
  for (fail_at = 1; fail_at < 100; ++fail_at) {
    calls = 0;
    service_.submitted.clear();
    if (submit(hooked)) break;
    EXPECT_FALSE(exists(kAppFolder)) << fail_at;
    EXPECT_TRUE(service_.submitted.empty());
    (void)run(memory_.remove(kStaging, true));
  }
  EXPECT_GT(fail_at, 15);
  EXPECT_LT(fail_at, 100);
}

// Cancelled while the ResourceManager is asked again and again.
TEST_F(SubmissionTest, InterruptedBeforeItIsAccepted) {
  service_.life = {ApplicationState::kSubmitted};
  auto submission = this->submission(memory_);
  std::optional<Status> ended;
  loop_.run([](Submission& submission, Observer& observer, FakeApplications& service,
               std::optional<Status>& ended) -> io::Task<void> {
    io::TaskGroup group;
    group.spawn(
        [](Submission& submission, Observer& observer, std::optional<Status>& ended) -> io::Task<void> {
          ended = co_await submission.run(kApp, observer);
        }(submission, observer, ended));
    while (service.asked < 2 && co_await io::yield()) {
    }
    co_await group.stop();
  }(submission, observer_, service_, ended));
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->error().code(), ErrorCode::kCancelled);
  EXPECT_THAT(service_.killed, ElementsAre(kApp));
  EXPECT_FALSE(exists(kAppFolder));
}

TEST_F(SubmissionTest, WhatIsSweptMeanwhileIsUploadedAgain) {
  bool swept = false;
  HookedFileSystem hooked(memory_, [&](std::string call) -> io::Task<Status> {
    if (call == "close " + kAppFolder + "/launch.json" && !swept) {
      swept = true;
      KNIT_CO_TRY_VOID(co_await memory_.remove(std::string(kStaging) + "/cache", true));
    }
    co_return Status();
  });
  const auto submitted = submit(hooked);
  ASSERT_TRUE(submitted) << submitted.error().message();
  EXPECT_TRUE(swept);
  EXPECT_EQ(observer_.uploads.size(), 2u);
  EXPECT_TRUE(exists(service_.submitted.back().master.resources.at("knit-master-x86_64").path));
}

TEST(Masters, TheCommandPicksByArchitecture) {
  const auto commands = master_commands({{{"x86_64", ""}, ""}, {{"aarch64", ""}, ""}});
  ASSERT_TRUE(commands);
  EXPECT_EQ(commands->size(), 4u);
  EXPECT_EQ((*commands)[1], "</dev/null 1>'<LOG_DIR>/stdout' 2>'<LOG_DIR>/stderr'");
}

TEST(Masters, MissingOnesAreNamed) {
  EXPECT_EQ(find_masters({}, "").error().code(), ErrorCode::kFailedPrecondition);
  EXPECT_THAT(find_masters({{"x86_64", ""}}, "/nowhere").error().message(),
              HasSubstr("knit-master-x86_64 is missing in /nowhere"));
}

TEST(Settings, TheMasterGetsAddressesAndNoSecrets) {
  conf::Overrides overrides;
  overrides.properties = {{"fs.defaultFS", "hdfs://nn"},
                          {"yarn.resourcemanager.scheduler.address", "rm:8030"},
                          {"yarn.some.password", "x"},
                          {"mapreduce.x", "y"},
                          {"dfs.ha.namenodes.c", "a,b"}};
  const auto settings = settings_for_master(conf::Settings({}, {}, overrides));
  EXPECT_EQ(settings,
            (std::map<std::string, std::string>{{"dfs.ha.namenodes.c", "a,b"},
                                                {"fs.defaultFS", "hdfs://nn"},
                                                {"yarn.resourcemanager.scheduler.address", "rm:8030"}}));
}

}  // namespace
}  // namespace knit::client
