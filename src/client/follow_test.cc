#include "client/follow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/try.h"
#include "client/run_result.h"
#include "fs/memory_file_system.h"
#include "io/loop.h"
#include "logs/fake_nodes_for_test.h"

namespace knit::client {
namespace {

using namespace std::chrono_literals;
using control::ExitClass;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

constexpr ApplicationId kApp{1763862000000, 42};

ContainerId container(std::int64_t number) {
  return {{kApp, 1}, number};
}

class FakeApplication final : public ApplicationView {
 public:
  io::Task<Result<ApplicationReport>> report() override {
    ++asked;
    if (error) co_return *error;
    co_return now;
  }
  io::Task<Status> kill(std::string why) override {
    kills.push_back(why);
    now.state = ApplicationState::kKilled;
    now.final_status = FinalStatus::kKilled;
    now.diagnostics =
        "Application " + to_string(kApp) + " was killed by user alice with diagnostic message: " + why;
    co_return Status();
  }
  io::Task<WaitFacts> facts(ApplicationReport report) override {
    ++facts_asked;
    co_return WaitFacts{std::move(report), {}, std::vector<NodeReport>(), {}};
  }
  io::Task<Result<std::vector<ContainerReport>>> containers(ApplicationAttemptId) override {
    co_return running;
  }
  Result<UploadFolders> uploads(const std::string&) override {
    return Error(ErrorCode::kUnimplemented, "logs lie on s3");
  }

  io::Task<Result<control::FollowAnswer>> news(ApplicationReport, control::FollowRequest request) override {
    questions.push_back(request);
    if (!master) co_return Error(ErrorCode::kUnavailable, "connection refused");
    const auto until = io::after(request.wait);
    while (master->size() <= request.from && io::now() < until)
      KNIT_CO_TRY_VOID(co_await io::sleep_for(10ms));
    co_return control::FollowAnswer{1, request.from, master->substr(std::min(request.from, master->size()))};
  }

  // What a master that can be reached says is in its journal.
  std::optional<std::string> master;
  std::vector<control::FollowRequest> questions;
  ApplicationReport now;
  std::optional<Error> error;
  std::vector<ContainerReport> running;
  std::vector<std::string> kills;
  int asked = 0, facts_asked = 0;
};

class Observer final : public RunObserver {
 public:
  void on_progress(const Progress& now) override { progress = now; }
  void on_line(std::int32_t instance, OutputStream stream, std::string_view line, LineEnd) override {
    lines.push_back(std::to_string(instance) + (stream == OutputStream::kStdout ? " | " : " ! ") +
                    std::string(line));
  }
  void on_notice(const std::string& text) override { notices.push_back(text); }
  Progress progress;
  std::vector<std::string> lines, notices;
};

class Follow : public ::testing::Test {
 public:  // for coroutines that are no members
  Follow() {
    loop_.run([](Follow* test) -> io::Task<void> {
      test->nodes_ = std::make_unique<logs::FakeNodes>();
      test->pages_ = std::make_unique<logs::NodePages>(test->nodes_->options());
      test->group_ = std::make_unique<io::TaskGroup>();
      co_return;
    }(this));
    application_.now.id = kApp;
    application_.now.user = "alice";
    application_.now.type = "KNIT";
    application_.now.state = ApplicationState::kAccepted;
    application_.now.current_attempt = {kApp, 1};
    application_.now.master_port = 4711;
    application_.now.started = loop_.wall_now();
  }
  ~Follow() override {
    loop_.run([](Follow* test) -> io::Task<void> {
      co_await test->group_->stop();
      test->group_.reset();
      test->nodes_.reset();
    }(this));
  }

  void start(FollowPlan plan = {}, bool knit = true) {
    loop_.run([](Follow* test, FollowPlan plan, bool knit) -> io::Task<void> {
      test->group_->spawn([](Follow* test, FollowPlan plan, bool knit) -> io::Task<void> {
        test->result_ = co_await follow(test->application_, knit ? &test->journal_ : nullptr, *test->pages_,
                                        std::move(plan), test->observer_);
      }(test, std::move(plan), knit));
      co_return;
    }(this, std::move(plan), knit));
    loop_.run_ready();
  }
  void pass(io::Duration time) {
    for (io::Duration done{}; done < time; done += 50ms) loop_.advance(50ms);
  }

  void say(const control::JournalEntry& entry) { *application_.master += control::encode(entry) + "\n"; }
  void write(const control::JournalEntry& entry) {
    if (application_.master) return say(entry);
    journal_bytes_ += control::encode(entry) + "\n";
    fs::CreateOptions options;
    options.overwrite = true;
    ASSERT_TRUE(
        loop_.run(fs::write_file(fs_, control::journal_path(kStaging, kApp), journal_bytes_, options)));
  }
  void write_master(std::int32_t instances) {
    control::MasterStarted entry;
    entry.attempt = {kApp, 1};
    entry.container = container(1);
    entry.node = {"nm", 1};
    entry.node_http_address = "nm:8042";
    entry.instances = instances;
    entry.user = "alice";
    write(entry);
  }
  void write_start(std::int32_t instance, std::int64_t number, std::int32_t restart = 0) {
    write(control::InstanceStarting{instance, restart, container(number), {"nm", 1}, "nm:8042", WallTime{}});
    write(control::InstanceStarted{container(number), WallTime{}});
  }
  void write_end(std::int32_t instance, std::int64_t number, std::int32_t status, bool final,
                 std::int32_t restart = 0) {
    control::InstanceEnded entry;
    entry.instance = instance;
    entry.restart = restart;
    entry.container = container(number);
    entry.exit_status = status;
    entry.exit_class = status == 0 ? ExitClass::kSucceeded : ExitClass::kFailed;
    entry.reason = "exited with code " + std::to_string(status);
    entry.final = final;
    write(entry);
  }
  void run_master() { application_.now.state = ApplicationState::kRunning; }
  void end(FinalStatus status, std::string diagnostics) {
    write(control::ApplicationEnded{WallTime{}, status, diagnostics});
    application_.now.state = ApplicationState::kFinished;
    application_.now.final_status = status;
    application_.now.diagnostics = std::move(diagnostics);
  }

  static constexpr const char* kStaging = "/user/alice/.knit";
  io::Loop loop_{io::Loop::Time::kManual};
  fs::MemoryFileSystem fs_;
  FakeApplication application_;
  Observer observer_;
  JournalFollower journal_{{&fs_, kStaging}, kApp};
  std::string journal_bytes_;
  std::unique_ptr<logs::FakeNodes> nodes_;
  std::unique_ptr<logs::NodePages> pages_;
  std::unique_ptr<io::TaskGroup> group_;
  std::optional<Result<RunResult>> result_;
};

TEST_F(Follow, FromTheQueueToTheEnd) {
  start();
  pass(300ms);
  EXPECT_EQ(observer_.progress.state, ApplicationState::kAccepted);
  EXPECT_EQ(observer_.progress.waiting_for, "the scheduler has not found room for the master yet");
  EXPECT_EQ(application_.facts_asked, 0);
  pass(1500ms);
  EXPECT_EQ(observer_.progress.waiting_for, "no NodeManager is running");

  run_master();
  write_master(2);
  write_start(0, 2);
  nodes_->logs[to_string(container(2))] = {{"stdout", "one\n"}, {"stderr", "oops\n"}};
  pass(2s);
  EXPECT_THAT(observer_.lines, UnorderedElementsAre("0 | one", "0 ! oops"));
  EXPECT_EQ(observer_.progress.instances, 2);
  EXPECT_EQ(observer_.progress.running, 1);
  EXPECT_EQ(observer_.progress.pending, 1);
  EXPECT_EQ(observer_.progress.waiting_for, "");

  nodes_->logs[to_string(container(3))] = {{"stdout", "two"}, {"stderr", ""}};
  write_start(1, 3);
  write_end(0, 2, 0, true);
  write_end(1, 3, 7, true);
  end(FinalStatus::kFailed, "instance 1 exited with code 7");
  pass(3s);
  ASSERT_TRUE(result_ && *result_);
  EXPECT_EQ((*result_)->outcome, Outcome::kFailed);
  EXPECT_EQ((*result_)->diagnostics, "instance 1 exited with code 7");
  EXPECT_THAT((*result_)->exit_statuses, ElementsAre(Pair(0, 0), Pair(1, 7)));
  EXPECT_EQ(observer_.lines.back(), "1 | two");
  EXPECT_THAT(observer_.notices, ElementsAre("instance 1 exited with code 7 on nm:1"));
}

TEST_F(Follow, TheMasterTellsAndWaitsForTheLastByte) {
  application_.master = "";
  run_master();
  start();
  write_master(1);
  write_start(0, 2);
  nodes_->logs[to_string(container(2))] = {{"stdout", "one\n"}, {"stderr", ""}};
  pass(1s);
  EXPECT_THAT(observer_.lines, ElementsAre("0 | one"));
  EXPECT_EQ(application_.questions.back().read, application_.master->size());
  nodes_->logs[to_string(container(2))]["stdout"] += "two\n";
  write_end(0, 2, 0, true);
  write(control::ApplicationEnded{WallTime{}, FinalStatus::kSucceeded, ""});
  const auto end = application_.master->size();
  pass(200ms);
  EXPECT_EQ(observer_.lines.back(), "0 | two");
  std::uint64_t read = 0;
  for (const auto& question : application_.questions) {
    EXPECT_EQ(question.follower, application_.questions.front().follower);
    read = std::max(read, question.read);
  }
  EXPECT_EQ(read, end);
  const auto asked = application_.questions.size();
  EXPECT_LT(asked, 20U) << "it waits for news";
  application_.now.state = ApplicationState::kFinished;
  application_.now.final_status = FinalStatus::kSucceeded;
  pass(1s);
  ASSERT_TRUE(result_ && *result_);
  EXPECT_THAT(observer_.notices, IsEmpty());
  EXPECT_LE(application_.questions.size(), asked + 1);
}

TEST_F(Follow, WhereTheMasterCannotBeAskedTheJournalTells) {
  run_master();
  start();
  write_master(1);
  write_start(0, 2);
  nodes_->logs[to_string(container(2))] = {{"stdout", "one\n"}, {"stderr", ""}};
  pass(2s);
  EXPECT_THAT(observer_.lines, ElementsAre("0 | one"));
  EXPECT_THAT(observer_.notices, IsEmpty());
  pass(60s);
  EXPECT_LT(application_.questions.size(), 12U) << "less and less often";
  // It opens; what it says goes on where the file was read to.
  application_.master = journal_bytes_;
  nodes_->logs[to_string(container(2))]["stdout"] += "two\n";
  write_end(0, 2, 0, true);
  end(FinalStatus::kSucceeded, "");
  application_.now.state = ApplicationState::kRunning;
  pass(15s);
  EXPECT_EQ(observer_.lines.back(), "0 | two");
  EXPECT_EQ(application_.questions.back().read, application_.master->size());
}

TEST_F(Follow, RestartsAreToldAndKeepTheirOrder) {
  run_master();
  write_master(1);
  for (int restart = 0; restart < 3; ++restart) {
    nodes_->logs[to_string(container(2 + restart))] = {{"stdout", "try " + std::to_string(restart) + "\n"},
                                                       {"stderr", ""}};
    write_start(0, 2 + restart, restart);
    write_end(0, 2 + restart, restart == 2 ? 0 : 1, restart == 2, restart);
  }
  end(FinalStatus::kSucceeded, "");
  start();
  pass(5s);
  ASSERT_TRUE(result_ && *result_);
  EXPECT_EQ((*result_)->outcome, Outcome::kSucceeded);
  EXPECT_THAT(observer_.lines, ElementsAre("0 | try 0", "0 | try 1", "0 | try 2"));
  EXPECT_THAT(observer_.notices, ElementsAre("instance 0 exited with code 1 on nm:1; it is started again",
                                             "instance 0 exited with code 1 on nm:1; it is started again"));
}

TEST_F(Follow, WithoutLogs) {
  run_master();
  write_master(1);
  write_start(0, 2);
  write_end(0, 2, 0, true);
  end(FinalStatus::kSucceeded, "");
  FollowPlan plan;
  plan.logs = false;
  start(std::move(plan));
  pass(2s);
  ASSERT_TRUE(result_ && *result_);
  EXPECT_THAT(nodes_->asked, IsEmpty());
  EXPECT_EQ(observer_.progress.done, 1);
}

TEST_F(Follow, WhatCannotBeReadIsSaid) {
  run_master();
  write_master(1);
  write_start(0, 2);
  write_end(0, 2, 0, true);
  nodes_->unreachable = {"nm:8042"};
  end(FinalStatus::kSucceeded, "");
  start();
  pass(30s);
  ASSERT_TRUE(result_ && *result_);
  EXPECT_EQ((*result_)->outcome, Outcome::kSucceeded);
  EXPECT_THAT(observer_.notices, ElementsAre(HasSubstr("logs lie on s3"), HasSubstr("logs lie on s3")));
}

TEST_F(Follow, AResourceManagerThatIsAwayIsWaitedFor) {
  run_master();
  write_master(1);
  start();
  pass(1s);
  application_.error = Error(ErrorCode::kUnavailable, "ResourceManager rm:8032: connection refused");
  pass(60s);
  EXPECT_FALSE(result_);
  nodes_->logs[to_string(container(2))] = {{"stdout", "still\n"}, {"stderr", ""}};
  write_start(0, 2);
  pass(5s);
  EXPECT_THAT(observer_.lines, ElementsAre("0 | still"));
  write_end(0, 2, 0, true);
  end(FinalStatus::kSucceeded, "");
  application_.error.reset();
  pass(5s);
  ASSERT_TRUE(result_ && *result_);
  EXPECT_THAT(observer_.notices,
              ElementsAre(StartsWith("ResourceManager rm:8032"), "the ResourceManager answers again"));
}

TEST_F(Follow, AForgottenApplicationIsToldFromItsRecord) {
  write_master(1);
  write_start(0, 2);
  write_end(0, 2, 5, true);
  end(FinalStatus::kFailed, "instance 0 exited with code 5");
  ASSERT_TRUE(loop_.run(fs_.make_directories(std::string(kStaging) + "/runs", 0700)));
  ASSERT_TRUE(loop_.run(
      fs_.rename(control::journal_path(kStaging, kApp), control::record_path(kStaging, kApp), false)));
  application_.error = Error(ErrorCode::kNotFound, "no such application");
  FollowPlan plan;
  plan.logs = false;
  start(std::move(plan));
  pass(5s);
  ASSERT_TRUE(result_ && *result_);
  EXPECT_EQ((*result_)->outcome, Outcome::kFailed);
  EXPECT_EQ((*result_)->report.user, "alice");
  EXPECT_THAT((*result_)->exit_statuses, ElementsAre(Pair(0, 5)));
}

// As a ResourceManager does that keeps few of those that have ended.
TEST_F(Follow, AnApplicationThatIsForgottenBetweenTwoLooks) {
  run_master();
  write_master(1);
  write_start(0, 2);
  nodes_->logs[to_string(container(2))] = {{"stdout", "out\n"}, {"stderr", ""}};
  start();
  pass(3s);
  write_end(0, 2, 0, true);
  end(FinalStatus::kSucceeded, "");
  application_.error = Error(ErrorCode::kNotFound, "no such application");
  pass(5s);
  ASSERT_TRUE(result_ && *result_);
  EXPECT_EQ((*result_)->outcome, Outcome::kSucceeded);
  EXPECT_EQ((*result_)->report.state, ApplicationState::kFinished);
  EXPECT_THAT(observer_.lines, ElementsAre("0 | out"));
}

// By one that was restarted without recovery.
TEST_F(Follow, AnApplicationThatIsForgottenWhileItRuns) {
  run_master();
  write_master(1);
  write_start(0, 2);
  start();
  pass(3s);
  application_.error = Error(ErrorCode::kNotFound, "no such application");
  pass(60s);
  ASSERT_TRUE(result_ && !*result_);
  EXPECT_EQ(result_->error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(result_->error().message(), HasSubstr("has forgotten application_"));
}

TEST_F(Follow, AnUnknownApplication) {
  application_.error = Error(ErrorCode::kNotFound, "no such application");
  start();
  pass(1s);
  ASSERT_TRUE(result_ && !*result_);
  EXPECT_EQ(result_->error().code(), ErrorCode::kNotFound);
}

TEST_F(Follow, StartTimeoutWithdraws) {
  FollowPlan plan;
  plan.start_timeout = 10s;
  start(std::move(plan));
  pass(9s);
  EXPECT_THAT(application_.kills, IsEmpty());
  pass(5s);
  EXPECT_THAT(application_.kills,
              ElementsAre("nothing ran within 10.0 s (start timeout): no NodeManager is running"));
  ASSERT_TRUE(result_ && *result_);
  EXPECT_EQ((*result_)->outcome, Outcome::kNeverStarted);
  EXPECT_EQ((*result_)->diagnostics, application_.kills[0]);
}

TEST_F(Follow, StartTimeoutLeavesARunningMasterAlone) {
  run_master();
  write_master(1);
  FollowPlan plan;
  plan.start_timeout = 1s;
  start(std::move(plan));
  pass(20s);
  EXPECT_THAT(application_.kills, IsEmpty());
}

TEST_F(Follow, StartTimeoutIsOverOnceSomethingHasRun) {
  write_master(1);
  write_start(0, 2);
  FollowPlan plan;
  plan.start_timeout = 1s;
  start(std::move(plan));
  pass(20s);
  EXPECT_THAT(application_.kills, IsEmpty()) << "it waits for the next attempt of its master";
}

TEST_F(Follow, OthersApplicationsByTheirState) {
  start({}, false);
  run_master();
  application_.now.running_containers = 4;
  pass(3s);
  EXPECT_EQ(observer_.progress.running, 3);
  EXPECT_EQ(observer_.progress.instances, 0);
  application_.now.state = ApplicationState::kFinished;
  application_.now.final_status = FinalStatus::kSucceeded;
  pass(3s);
  ASSERT_TRUE(result_ && *result_);
  EXPECT_EQ((*result_)->outcome, Outcome::kSucceeded);
  EXPECT_THAT(observer_.lines, IsEmpty());
}

TEST_F(Follow, CancelledItLeavesTheApplicationRunning) {
  run_master();
  write_master(1);
  write_start(0, 2);
  start();
  pass(3s);
  loop_.run([](Follow* test) -> io::Task<void> { co_await test->group_->stop(); }(this));
  ASSERT_TRUE(result_ && !*result_);
  EXPECT_EQ(result_->error().code(), ErrorCode::kCancelled);
  EXPECT_THAT(application_.kills, IsEmpty());
}

TEST_F(Follow, AMalformedJournalIsSaidOnce) {
  run_master();
  journal_bytes_ = "nonsense\n";
  write_master(1);
  start();
  pass(10s);
  application_.now.state = ApplicationState::kFinished;
  application_.now.final_status = FinalStatus::kSucceeded;
  pass(10s);
  ASSERT_TRUE(result_ && *result_);
  EXPECT_THAT(observer_.notices, ElementsAre(StartsWith("the application's journal")));
}

}  // namespace
}  // namespace knit::client
