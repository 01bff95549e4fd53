#include "client/staging.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "client/fake_services_for_test.h"
#include "client/hooked_file_system.h"
#include "control/journal.h"
#include "fs/memory_file_system.h"
#include "io/loop.h"
#include "security/sha256.h"

namespace knit::client {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr const char* kStaging = "/user/alice/.knit";
constexpr const char* kCluster = "rm.example.com:8032";
constexpr ApplicationId kApp{1763862000000, 42};
const std::string kAppFolder = std::string(kStaging) + "/apps/application_1763862000000_0042";
const std::string kRecord = std::string(kStaging) + "/runs/application_1763862000000_0042";

class StagingTest : public testing::Test {
 protected:
  StagingTest() : staging_({&memory_, kStaging, true}, "alice", kCluster) {}

  template <class T>
  T run(io::Task<T> task) {
    return loop_.run(std::move(task));
  }
  void ok(const Status& status) { ASSERT_TRUE(status) << status.error().message(); }
  bool exists(const std::string& path) { return run(memory_.stat(path)).has_value(); }
  void put(const std::string& path, const std::string& bytes) {
    ok(run(fs::write_file(memory_, path, bytes, {.overwrite = true})));
  }
  void age(const std::string& path, std::chrono::hours by) {
    ok(run(memory_.set_times(path, loop_.wall_now() - by)));
  }
  std::string read(const std::string& path) {
    return run(fs::read_file(memory_, path, 1 << 20)).value_or("");
  }
  control::LaunchFile launch(ApplicationId id = kApp) {
    control::LaunchFile file;
    file.application = id;
    file.user = "alice";
    file.spec.command = {"date"};
    file.staging_uri = staging_.uri();
    file.settings[kClusterSetting] = kCluster;
    return file;
  }
  std::string cached(const std::string& bytes) {
    const CacheKey key{base::hex_encode(security::sha256(bytes)), "f", bytes.size()};
    put("/local/" + bytes, bytes);
    const auto content = run(memory_.open("/local/" + bytes));
    return run(staging_.cache().obtain(key, **content, {}))->path;
  }

  io::Loop loop_;
  fs::MemoryFileSystem memory_;
  FakeApplications service_;
  Staging staging_;
};

TEST_F(StagingTest, PreparesPrivateFolders) {
  ok(run(staging_.prepare()));
  for (const char* folder : {"", "/apps", "/runs", "/cache"}) {
    const auto status = run(memory_.stat(std::string(kStaging) + folder));
    ASSERT_TRUE(status) << folder;
    EXPECT_EQ(status->permission, 0700);
  }
  ok(run(memory_.set_permission(kStaging, 0755)));
  ok(run(memory_.set_permission(std::string(kStaging) + "/cache", 0777)));
  ok(run(staging_.prepare()));
  EXPECT_EQ(run(memory_.stat(kStaging))->permission, 0700);
  EXPECT_EQ(run(memory_.stat(std::string(kStaging) + "/cache"))->permission, 0700);
}

TEST_F(StagingTest, SaysWhereItCannotBe) {
  fs::MemoryFileSystem empty("bob");
  ok(run([](fs::FileSystem& fs) -> io::Task<Status> {
    KNIT_CO_TRY_VOID(co_await fs.remove("/user", true));
    co_return Status();
  }(empty)));
  Staging homeless({&empty, "/user/bob/.knit", true}, "bob", kCluster);
  auto error = run(homeless.prepare()).error();
  EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  EXPECT_THAT(error.message(), HasSubstr("/user/bob of 'bob'"));
  EXPECT_THAT(error.message(), HasSubstr("hdfs dfs -chown bob /user/bob"));
  EXPECT_THAT(error.message(), HasSubstr("--staging-dir"));

  ok(run(memory_.make_directories(kStaging, 0700)));
  Staging others({&memory_, kStaging, true}, "mallory", kCluster);
  error = run(others.check()).error();
  EXPECT_EQ(error.code(), ErrorCode::kPermissionDenied);
  EXPECT_THAT(error.message(), HasSubstr("belongs to 'alice'"));

  Staging open({&memory_, "/tmp/stage", false}, "alice", kCluster);
  ok(run(open.check()));
  ok(run(memory_.make_directories("/tmp/stage", 0777)));
  ok(run(memory_.set_permission("/tmp/stage", 0777)));
  error = run(open.prepare()).error();
  EXPECT_EQ(error.code(), ErrorCode::kPermissionDenied);
  EXPECT_THAT(error.message(), HasSubstr("hdfs dfs -chmod 700 /tmp/stage"));
}

TEST_F(StagingTest, ALaunchFileIsWrittenAndDiscarded) {
  const auto status = run(staging_.write_launch_file(launch()));
  ASSERT_TRUE(status) << status.error().message();
  EXPECT_EQ(status->path, kAppFolder + "/launch.json");
  EXPECT_EQ(status->permission, 0600);
  EXPECT_EQ(status->length, read(status->path).size());
  EXPECT_TRUE(control::decode_launch_file(read(status->path)));
  ok(run(staging_.discard(kApp)));
  EXPECT_FALSE(exists(kAppFolder));
}

TEST_F(StagingTest, TheJournalBecomesTheRecord) {
  const auto started = [](int attempt) {
    control::MasterStarted entry;
    entry.attempt = {kApp, attempt};
    entry.container = {entry.attempt, 1};
    entry.node = {"n1", 45454};
    return control::encode(entry) + "\n";
  };
  put(kAppFolder + "/launch.json", "{}");
  put(kAppFolder + "/journal", started(1));
  put(kAppFolder + "/journal.3", started(1) + started(3));
  put(kAppFolder + "/journal.12", started(1));  // a copy that was never finished
  ok(run(staging_.settle(kApp)));
  EXPECT_EQ(read(kRecord), started(1) + started(3));
  EXPECT_FALSE(exists(kAppFolder));
  ok(run(staging_.settle(kApp)));

  put(kAppFolder + "/journal", "later");
  ok(run(staging_.settle(kApp)));
  EXPECT_EQ(read(kRecord), started(1) + started(3)) << "a record that is there stays";
  EXPECT_FALSE(exists(kAppFolder));
}

TEST_F(StagingTest, SweepsWhatHasEnded) {
  using enum ApplicationState;
  for (const auto& [state, gone] : {std::pair{kFinished, true},
                                    {kFailed, true},
                                    {kKilled, true},
                                    {kAccepted, false},
                                    {kRunning, false},
                                    {kUnknown, false}}) {
    put(kAppFolder + "/journal", "x");
    service_.states[kApp] = state;
    ok(run(staging_.sweep(service_)));
    EXPECT_EQ(exists(kAppFolder), !gone) << to_string(state);
    EXPECT_EQ(exists(kRecord), gone);
    (void)run(memory_.remove(kRecord, false));
  }
}

TEST_F(StagingTest, SweepsWhatNobodyKnowsOnlyAfterAnHourAndOnlyOfItsOwnCluster) {
  ok(run(staging_.prepare()));
  ASSERT_TRUE(run(staging_.write_launch_file(launch())));
  ok(run(staging_.sweep(service_)));
  EXPECT_TRUE(exists(kAppFolder)) << "it may be about to be submitted";
  age(kAppFolder, 2h);
  service_.report_error = Error(ErrorCode::kUnavailable, "away");
  ok(run(staging_.sweep(service_)));
  EXPECT_TRUE(exists(kAppFolder));
  service_.report_error.reset();

  Staging elsewhere({&memory_, kStaging, true}, "alice", "other:8032");
  ok(run(elsewhere.sweep(service_)));
  EXPECT_TRUE(exists(kAppFolder)) << "another cluster may run it";
  ok(run(staging_.sweep(service_)));
  EXPECT_FALSE(exists(kAppFolder));

  put(kAppFolder + "/launch.json", R"({"version": 99})");
  age(kAppFolder, 2h);
  ok(run(staging_.sweep(service_)));
  EXPECT_TRUE(exists(kAppFolder)) << "a newer Knit's";
}

TEST_F(StagingTest, RecordsAreKeptThirtyDays) {
  put(kRecord, "x");
  put(std::string(kStaging) + "/runs/not ours", "x");
  age(kRecord, 29 * 24h);
  age(std::string(kStaging) + "/runs/not ours", 99 * 24h);
  ok(run(staging_.sweep(service_)));
  EXPECT_TRUE(exists(kRecord));
  age(kRecord, 30 * 24h);
  age(std::string(kStaging) + "/.swept", 7h);
  ok(run(staging_.sweep(service_)));
  EXPECT_FALSE(exists(kRecord));
  EXPECT_TRUE(exists(std::string(kStaging) + "/runs/not ours"));
}

TEST_F(StagingTest, RecordsAreListedAFewTimesADay) {
  int listed = 0;
  HookedFileSystem counting(memory_, [&](std::string call) -> io::Task<Status> {
    listed += call == "list " + std::string(kStaging) + "/runs";
    co_return Status();
  });
  Staging staging({&counting, kStaging, true}, "alice", kCluster);
  ok(run(staging.prepare()));
  for (int n = 0; n < 3; ++n) ok(run(staging.sweep(service_)));
  EXPECT_EQ(listed, 1);
  age(std::string(kStaging) + "/.swept", 5h);
  ok(run(staging.sweep(service_)));
  EXPECT_EQ(listed, 1);
  age(std::string(kStaging) + "/.swept", 6h);
  ok(run(staging.sweep(service_)));
  EXPECT_EQ(listed, 2);
}

TEST_F(StagingTest, TheCacheKeepsWhatLiveApplicationsName) {
  const auto file = cached("file"), master = cached("master"), unused = cached("unused"),
             fresh = cached("fresh");
  for (const auto& path : {file, master, unused}) age(path.substr(0, path.rfind('/')) + "/.used", 8 * 24h);
  auto named = launch();
  named.files = {{"f", memory_.uri() + file, 4, 0, false}, {"g", "hdfs://elsewhere/x", 4, 0, false}};
  named.master_files = {{"m", memory_.uri() + master, 6, 0, false}};
  ASSERT_TRUE(run(staging_.write_launch_file(named)));
  service_.states[kApp] = ApplicationState::kRunning;
  EXPECT_EQ(run(staging_.in_use(service_)).value(), (std::set<std::string>{file, master}));
  ok(run(staging_.sweep(service_)));
  EXPECT_TRUE(exists(file));
  EXPECT_TRUE(exists(master));
  EXPECT_FALSE(exists(unused));
  EXPECT_TRUE(exists(fresh));

  service_.states[kApp] = ApplicationState::kFinished;
  ok(run(staging_.sweep(service_)));
  EXPECT_TRUE(exists(file)) << "the cache was swept a moment ago";
  age(std::string(kStaging) + "/.swept", 7h);
  ok(run(staging_.sweep(service_)));
  EXPECT_FALSE(exists(file));
  EXPECT_FALSE(exists(master));
  EXPECT_EQ(run(staging_.collect(service_, 0h)).value().size(), 1u);
  EXPECT_FALSE(exists(fresh));
}

TEST_F(StagingTest, NothingIsCollectedWhenALaunchFileCannotBeRead) {
  const auto path = cached("file");
  ASSERT_TRUE(run(staging_.write_launch_file(launch())));
  service_.states[kApp] = ApplicationState::kRunning;
  HookedFileSystem broken(memory_, [](std::string call) -> io::Task<Status> {
    if (call.starts_with("open ")) co_return Error(ErrorCode::kUnavailable, "no DataNode answers");
    co_return Status();
  });
  Staging staging({&broken, kStaging, true}, "alice", kCluster);
  EXPECT_FALSE(run(staging.collect(service_, 0h)));
  EXPECT_TRUE(exists(path));
}

}  // namespace
}  // namespace knit::client
