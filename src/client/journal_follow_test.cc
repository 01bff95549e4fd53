#include "client/journal_follow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fs/memory_file_system.h"
#include "io/loop.h"
#include "io/stream.h"

namespace knit::client {
namespace {

using control::ExitClass;
using ::testing::ElementsAre;
using ::testing::Pair;

constexpr ApplicationId kApp{1763862000000, 42};

ContainerId container(std::int64_t number, std::int32_t attempt = 1) {
  return {{kApp, attempt}, number};
}

control::MasterStarted master(std::int32_t attempt, std::int32_t instances = 2) {
  control::MasterStarted entry;
  entry.attempt = {kApp, attempt};
  entry.container = container(1, attempt);
  entry.node = {"nm0", 45454};
  entry.node_http_address = "nm0:8042";
  entry.instances = instances;
  entry.command = {"date"};
  return entry;
}

control::InstanceStarting starting(std::int32_t instance, std::int64_t number, std::int32_t restart = 0,
                                   std::int32_t attempt = 1) {
  return {instance, restart, container(number, attempt), {"nm1", 45454}, "nm1:8042", WallTime{}};
}

control::InstanceEnded ended(std::int32_t instance, std::int64_t number, std::int32_t status, bool final,
                             std::int32_t restart = 0) {
  control::InstanceEnded entry;
  entry.instance = instance;
  entry.restart = restart;
  entry.container = container(number);
  entry.exit_status = status;
  entry.exit_class = status == 0 ? ExitClass::kSucceeded : ExitClass::kFailed;
  entry.reason = "exited with code " + std::to_string(status);
  entry.final = final;
  return entry;
}

std::vector<std::string> states(const RunState& state) {
  std::vector<std::string> out;
  for (const auto& instance : state.instances()) out.push_back(instance.state);
  return out;
}

TEST(RunState, FromStartToEnd) {
  RunState state;
  EXPECT_FALSE(state.known());
  state.apply(master(1));
  EXPECT_THAT(states(state), ElementsAre("pending", "pending"));
  state.apply(starting(0, 2));
  state.apply(starting(1, 3));
  state.apply(control::InstanceStarted{container(2), WallTime{}});
  EXPECT_THAT(states(state), ElementsAre("running", "starting"));
  EXPECT_EQ(state.progress().running, 1);
  EXPECT_EQ(state.progress().pending, 1);

  state.apply(ended(0, 2, 0, true));
  state.apply(ended(1, 3, 7, false));
  EXPECT_THAT(states(state), ElementsAre("succeeded", "restarting"));
  state.apply(starting(1, 4, 1));
  EXPECT_THAT(states(state), ElementsAre("succeeded", "starting"));
  EXPECT_EQ(state.instances()[1].restarts, 1);
  state.apply(ended(1, 4, 8, true, 1));
  EXPECT_THAT(states(state), ElementsAre("succeeded", "failed"));
  EXPECT_THAT(state.exit_statuses(), ElementsAre(Pair(0, 0), Pair(1, 8)));
  EXPECT_EQ(state.progress().done, 1);
  EXPECT_EQ(state.progress().failed, 1);
  EXPECT_EQ(state.progress().pending, 0);
  EXPECT_EQ(state.containers().size(), 4u);
}

TEST(RunState, AnotherMasterTakesOverWhatItsPredecessorRan) {
  RunState state;
  state.apply(master(1));
  state.apply(starting(0, 2));
  state.apply(ended(0, 2, 0, true));
  state.apply(starting(1, 3));
  state.apply(control::InstanceStarted{container(3), WallTime{}});
  state.apply(master(2));
  EXPECT_THAT(states(state), ElementsAre("succeeded", "running"));
  EXPECT_EQ(state.find(container(1))->phase, ContainerRun::Phase::kEnded);
  EXPECT_EQ(state.find(container(1, 2))->phase, ContainerRun::Phase::kRunning);
  EXPECT_EQ(state.progress().running, 1);
  state.apply(ended(1, 3, -100, false));
  state.apply(starting(1, 2, 1, 2));
  EXPECT_THAT(states(state), ElementsAre("succeeded", "starting"));
}

TEST(RunState, RemovedInstancesAreNoLongerCounted) {
  RunState state;
  state.apply(master(1, 3));
  state.apply(starting(0, 2));
  state.apply(control::InstanceStarted{container(2), WallTime{}});
  state.apply(control::Scaled{WallTime{}, 5, {0, 2}, false});
  EXPECT_THAT(states(state), ElementsAre("stopping", "pending", "removed", "pending", "pending"));
  EXPECT_EQ(state.progress().instances, 3);
  EXPECT_EQ(state.progress().pending, 3);
  EXPECT_EQ(state.progress().running, 0);
  state.apply(ended(0, 2, 143, true));
  EXPECT_THAT(states(state), ElementsAre("removed", "pending", "removed", "pending", "pending"));
  EXPECT_EQ(state.progress().failed, 0);
}

TEST(RunState, AfterTheEndNothingWaits) {
  RunState state;
  state.apply(master(1, 3));
  state.apply(starting(0, 2));
  state.apply(starting(1, 3));
  state.apply(ended(1, 3, 1, false));
  state.apply(control::ApplicationEnded{WallTime{}, FinalStatus::kFailed, "x"});
  EXPECT_THAT(states(state), ElementsAre("ended", "failed", "never started"));
}

class JournalFollow : public ::testing::Test {
 protected:
  void write(const std::string& path, const std::vector<control::JournalEntry>& entries,
             std::string_view rest = "") {
    std::string bytes;
    for (const auto& entry : entries) bytes += control::encode(entry) + "\n";
    bytes += rest;
    fs::CreateOptions options;
    options.overwrite = true;
    ASSERT_TRUE(loop_.run(fs::write_file(fs_, path, bytes, options)));
  }
  bool poll(std::int32_t attempts) {
    auto news = loop_.run(follower_.poll(attempts));
    EXPECT_TRUE(news) << news.error().message();
    return news && *news;
  }

  io::Loop loop_{io::Loop::Time::kManual};
  fs::MemoryFileSystem fs_;
  std::string staging_ = "/user/alice/.knit";
  std::string journal_ = control::journal_path(staging_, kApp),
              second_ = control::journal_path(staging_, kApp, 2);
  std::string record_ = control::record_path(staging_, kApp);
  JournalFollower follower_{{&fs_, staging_}, kApp};
};

TEST_F(JournalFollow, NothingThere) {
  EXPECT_FALSE(poll(1));
  EXPECT_FALSE(follower_.state().known());
  EXPECT_FALSE(follower_.complete());
}

TEST_F(JournalFollow, GrowsLineByLine) {
  const auto line = control::encode(starting(0, 2));
  write(journal_, {master(1)}, line.substr(0, 10));
  EXPECT_TRUE(poll(1));
  EXPECT_THAT(states(follower_.state()), ElementsAre("pending", "pending"));
  EXPECT_FALSE(poll(1));
  write(journal_, {master(1), starting(0, 2)});
  EXPECT_TRUE(poll(1));
  EXPECT_THAT(states(follower_.state()), ElementsAre("starting", "pending"));
}

TEST_F(JournalFollow, BecomesTheRecord) {
  write(journal_, {master(1), starting(0, 2)});
  EXPECT_TRUE(poll(1));
  write(journal_, {master(1), starting(0, 2), ended(0, 2, 0, true)});
  ASSERT_TRUE(loop_.run(fs_.make_directories(staging_ + "/runs", 0700)));
  ASSERT_TRUE(loop_.run(fs_.rename(journal_, record_, false)));
  EXPECT_TRUE(poll(1));
  EXPECT_TRUE(follower_.complete());
  EXPECT_THAT(states(follower_.state()), ElementsAre("succeeded", "pending"));
  EXPECT_FALSE(poll(1));
}

TEST_F(JournalFollow, TakesASecondAttemptsFileOnceItHasCaughtUp) {
  write(journal_, {master(1), starting(0, 2), ended(0, 2, 0, true)});
  EXPECT_TRUE(poll(1));
  write(second_, {master(1), starting(0, 2)});  // still copying
  EXPECT_FALSE(poll(2));
  EXPECT_THAT(states(follower_.state()), ElementsAre("succeeded", "pending"));
  write(second_, {master(1), starting(0, 2), ended(0, 2, 0, true), master(2), starting(1, 2, 0, 2)});
  EXPECT_TRUE(poll(2));
  EXPECT_THAT(states(follower_.state()), ElementsAre("succeeded", "starting"));
  // What the first attempt still writes counts no more.
  write(journal_, {master(1), starting(0, 2), ended(0, 2, 0, true), starting(1, 3), ended(1, 3, 9, true)});
  EXPECT_FALSE(poll(2));
}

TEST_F(JournalFollow, PrefersTheRecordToAnEarlierAttemptsFile) {
  write(journal_, {master(1)});
  write(record_, {master(1), master(2), starting(0, 2, 0, 2)});
  EXPECT_TRUE(poll(2));
  EXPECT_TRUE(follower_.complete());
  EXPECT_EQ(follower_.state().master().attempt.attempt, 2);
}

TEST_F(JournalFollow, TheRecordAlone) {
  write(record_, {master(1), starting(0, 2)});
  EXPECT_TRUE(poll(0));
  EXPECT_TRUE(follower_.complete());
}

TEST_F(JournalFollow, KeepsWhatItKnowsWhenTheFileIsRemoved) {
  write(journal_, {master(1), starting(0, 2)});
  EXPECT_TRUE(poll(1));
  ASSERT_TRUE(loop_.run(fs_.remove(journal_, false)));
  EXPECT_FALSE(poll(1));
  EXPECT_THAT(states(follower_.state()), ElementsAre("starting", "pending"));
}

TEST_F(JournalFollow, MalformedLines) {
  write(journal_, {master(1)}, "{nonsense\n");
  const auto news = loop_.run(follower_.poll(1));
  ASSERT_FALSE(news);
  EXPECT_EQ(news.error().code(), ErrorCode::kDataLoss);
  EXPECT_THAT(news.error().message(), ::testing::StartsWith(journal_));
}

std::string lines(std::initializer_list<control::JournalEntry> entries) {
  std::string out;
  for (const auto& entry : entries) out += control::encode(entry) + "\n";
  return out;
}

TEST(HeardJournal, GoesOnWhereverTheFileOrTheMasterStopped) {
  io::Loop loop;
  fs::MemoryFileSystem fs;
  JournalFollower journal({&fs, "/s"}, kApp);
  const auto whole = lines({master(1), starting(0, 2), ended(0, 2, 0, true)});
  EXPECT_EQ(journal.position(1), 0U);
  const std::string_view text = whole;
  const auto part = whole.size() - 100;
  EXPECT_TRUE(*journal.hear(1, 0, text.substr(0, part)));
  EXPECT_EQ(journal.position(1), part);
  EXPECT_FALSE(*journal.hear(1, 0, text.substr(0, part - 50))) << "known already";
  EXPECT_FALSE(*journal.hear(1, part + 1, text.substr(part + 1))) << "a gap";
  EXPECT_TRUE(*journal.hear(1, part - 50, text.substr(part - 50))) << "overlapping";
  EXPECT_EQ(journal.position(1), whole.size());
  EXPECT_THAT(states(journal.state()), ElementsAre("succeeded", "pending"));

  const auto more = whole + lines({starting(1, 3)});
  ASSERT_TRUE(loop.run(fs::write_file(fs, control::journal_path("/s", kApp), more)));
  EXPECT_TRUE(*loop.run(journal.poll(1)));
  EXPECT_THAT(states(journal.state()), ElementsAre("succeeded", "starting"));
  EXPECT_EQ(journal.position(1), more.size());
}

TEST(HeardJournal, ALaterAttemptCountsOnceItHasCaughtUp) {
  JournalFollower journal({nullptr, "/s"}, kApp);
  const auto first = lines({master(1), starting(0, 2)});
  ASSERT_TRUE(*journal.hear(1, 0, first));
  const auto second = first + lines({ended(0, 2, 0, true), master(2)});
  EXPECT_FALSE(*journal.hear(2, 0, std::string_view(second).substr(0, first.size() + 10)));
  EXPECT_EQ(journal.position(2), first.size() + 10);
  EXPECT_THAT(states(journal.state()), ElementsAre("starting", "pending"));
  EXPECT_TRUE(*journal.hear(2, first.size() + 10, std::string_view(second).substr(first.size() + 10)));
  EXPECT_THAT(states(journal.state()), ElementsAre("succeeded", "pending"));
  EXPECT_FALSE(*journal.hear(1, first.size(), "x")) << "of a master that is over";
  EXPECT_EQ(journal.hear(2, second.size(), "nonsense\n").error().code(), ErrorCode::kDataLoss);
}

}  // namespace
}  // namespace knit::client
