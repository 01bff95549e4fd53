#include "master/master.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/try.h"
#include "master/master_fixture_for_test.h"

namespace knit::master {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::SizeIs;

TEST_F(MasterTest, TenInstancesOnThreeNodes) {
  const auto ended = run();
  ASSERT_TRUE(ended) << ended.error().message();
  EXPECT_EQ(ended->status, FinalStatus::kSucceeded);
  expect_clean_end();
  EXPECT_THAT(cluster_.starts, SizeIs(10));
  std::set<std::string> instances;
  for (const auto& start : cluster_.starts) {
    instances.insert(start.instance());
    EXPECT_EQ(start.restart(), "0");
    EXPECT_EQ(start.environment.at("KNIT_APPLICATION_ID"), "application_1700_0001");
    EXPECT_EQ(start.environment.at("KNIT_ROLE"), "main");
    EXPECT_EQ(start.environment.at("KNIT_INSTANCES"), "10");
    EXPECT_EQ(start.environment.at("KNIT_MEMORY_MIB"), "1024") << "as granted";
    EXPECT_EQ(start.environment.at("KNIT_VCORES"), "2") << "as asked";
    EXPECT_EQ(start.environment.at("HADOOP_USER_NAME"), "alice");
    EXPECT_EQ(start.environment.at("LANG"), kDefaultLang);
    EXPECT_EQ(start.environment.at("PATH"), kDefaultPath);
    EXPECT_EQ(start.tokens, security::Credentials().serialize());
  }
  EXPECT_THAT(instances, SizeIs(10));
  EXPECT_EQ(cluster_.given, 10) << "nothing was asked for in vain";
  EXPECT_THAT(cluster_.finishes, SizeIs(3)) << "until the ResourceManager has stored it";
  EXPECT_THAT(entries<control::InstanceStarting>(), SizeIs(10));
  EXPECT_THAT(entries<control::InstanceStarted>(), SizeIs(10));
  EXPECT_THAT(entries<control::InstanceEnded>(), SizeIs(10));
  EXPECT_EQ(entries<control::MasterStarted>()[0].queue, "root.default");
}

TEST_F(MasterTest, EachStartIsInTheJournalBeforeItHappens) {
  cluster_.on_start = [&](NodeId, ContainerId container) -> io::Task<Status> {
    auto bytes = co_await fs::read_file(
        files_.memory, control::journal_path("/user/alice/.knit", file_.application), 1 << 20);
    EXPECT_TRUE(bytes);
    if (bytes) EXPECT_THAT(*bytes, HasSubstr(to_string(container)));
    co_return Status();
  };
  EXPECT_TRUE(run());
}

TEST_F(MasterTest, UsersVariablesWin) {
  file_.spec.instances = 1;
  file_.spec.environment = {
      {"PATH", "/opt/bin"}, {"KNIT_INSTANCE", "mine"}, {"A", "a$b"}, {"HADOOP_USER_NAME", "bob"}};
  ASSERT_TRUE(run());
  const auto& environment = cluster_.starts.at(0).environment;
  EXPECT_EQ(environment.at("PATH"), "/opt/bin");
  EXPECT_EQ(environment.at("KNIT_INSTANCE"), "mine");
  EXPECT_EQ(environment.at("HADOOP_USER_NAME"), "bob");
  EXPECT_EQ(environment.at("A"), "a\\$b");
}

TEST_F(MasterTest, InstancesAreSpreadOverTheNodesThatTheClientNamed) {
  file_.spec.instances = 30;
  for (int i = 0; i < cluster_.nodes; ++i)
    file_.nodes.push_back({FakeCluster::node_id(i).host, "/rack", 10, 10});
  ASSERT_TRUE(run());
  std::map<std::string, int> count;
  for (const auto& start : cluster_.starts) ++count[start.node.host];
  EXPECT_THAT(count, ElementsAre(Pair("node0", 10), Pair("node1", 10), Pair("node2", 10)));
  EXPECT_EQ(cluster_.given, 30);
}

TEST_F(MasterTest, ANodeThatGivesNothingIsNamedForTwoOfItsHeartbeats) {
  file_.spec.instances = 30;
  file_.nodes = {{"full0", "/rack", 10, 10}, {"full1", "/rack", 10, 10}, {"full2", "/rack", 10, 10}};
  cluster_.only_named = true;
  ASSERT_TRUE(run());
  EXPECT_THAT(cluster_.starts, SizeIs(30));
}

TEST_F(MasterTest, MoreInstancesThanTheClusterHoldsAtOnce) {
  file_.spec.instances = 25;
  cluster_.capacity = 4;
  cluster_.per_heartbeat = 2;
  ASSERT_TRUE(run());
  EXPECT_THAT(cluster_.starts, SizeIs(25));
  EXPECT_EQ(cluster_.given, 25);
}

TEST_F(MasterTest, AFailureIsNamedWithItsLastOutput) {
  cluster_.program = [](const FakeCluster::Start& start) {
    if (start.instance() != "3") return FakeCluster::Program{};
    return FakeCluster::Program{1s, 3, "Last 4096 bytes of stderr :\nTraceback: boom\n"};
  };
  const auto ended = run();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->status, FinalStatus::kFailed);
  EXPECT_THAT(ended->diagnostics, HasSubstr("1 of 10 instances failed: instance 3 on node"));
  EXPECT_THAT(ended->diagnostics, HasSubstr("exit status 3"));
  EXPECT_THAT(ended->diagnostics, HasSubstr("Traceback: boom"));
  EXPECT_EQ(cluster_.finishes.back().diagnostics, ended->diagnostics);
  expect_clean_end();
}

TEST_F(MasterTest, RestartsAreNewContainersOfTheSameInstance) {
  file_.spec.max_restarts = 2;
  cluster_.program = [](const FakeCluster::Start& start) {
    return FakeCluster::Program{1s, start.instance() == "4" && start.restart() != "2" ? 1 : 0, {}};
  };
  EXPECT_EQ(run()->status, FinalStatus::kSucceeded);
  EXPECT_THAT(cluster_.starts, SizeIs(12));
  EXPECT_EQ(cluster_.given, 12);
  expect_clean_end();
}

TEST_F(MasterTest, ALostNodeCostsNothing) {
  cluster_.program = [](const FakeCluster::Start&) { return FakeCluster::Program{10s, 0, {}}; };
  auto both = [&]() -> io::Task<Result<app::Conclusion>> {
    io::TaskGroup group;
    group.spawn([](FakeCluster& cluster) -> io::Task<void> {
      (void)co_await io::sleep_for(5s);
      cluster.lose_node(1);
    }(cluster_));
    auto ended = co_await run_attempt(1);
    co_await group.stop();
    co_return ended;
  };
  EXPECT_EQ(run_manual(loop_, both(), 10min)->status, FinalStatus::kSucceeded);
  EXPECT_GT(cluster_.starts.size(), 10U);
  expect_clean_end();
}

TEST_F(MasterTest, FailFastStopsTheRest) {
  file_.spec.fail_fast = true;
  cluster_.program = [](const FakeCluster::Start& start) {
    return FakeCluster::Program{start.instance() == "0" ? io::Duration(1s) : io::Duration(1h), 1, {}};
  };
  const auto before = loop_.now();
  const auto ended = run();
  EXPECT_EQ(ended->status, FinalStatus::kFailed);
  EXPECT_LT(loop_.now() - before, 1min);
  EXPECT_THAT(cluster_.stopped, SizeIs(9));
  EXPECT_THAT(entries<control::InstanceEnded>(), SizeIs(10));
  for (const auto& entry : entries<control::InstanceEnded>()) EXPECT_TRUE(entry.final);
  expect_clean_end();
}

TEST_F(MasterTest, SurplusContainersAreReleased) {
  cluster_.program = [](const FakeCluster::Start& start) {
    return FakeCluster::Program{1s, start.restart() == "0" ? -100 : 0, {}};
  };
  cluster_.per_heartbeat = 3;
  EXPECT_EQ(run()->status, FinalStatus::kSucceeded);
  EXPECT_EQ(cluster_.given, static_cast<int>(cluster_.starts.size() + cluster_.released.size()));
  expect_clean_end();
}

TEST_F(MasterTest, ARefusedStartIsTriedInAnotherContainer) {
  cluster_.on_start = [](NodeId node, ContainerId container) -> io::Task<Status> {
    if (container.id % 4 != 0) co_return Status();
    co_return FakeCluster::remote("YarnException",
                                  "Unauthorized request to start container. This token is expired.")
        .with_context(to_string(node));
  };
  EXPECT_EQ(run()->status, FinalStatus::kSucceeded);
  EXPECT_THAT(cluster_.released, Not(IsEmpty()));
  EXPECT_THAT(notes_.text_, HasSubstr("clocks"));
  expect_clean_end();
}

TEST_F(MasterTest, ANodeThatRefusesEverythingIsAvoided) {
  cluster_.nodes = 4;
  file_.spec.instances = 40;
  cluster_.capacity = 8;
  cluster_.on_start = [](NodeId node, ContainerId) -> io::Task<Status> {
    if (node != FakeCluster::node_id(2)) co_return Status();
    co_return FakeCluster::remote("YarnException", "disk full");
  };
  EXPECT_EQ(run()->status, FinalStatus::kSucceeded);
  std::vector<std::string> avoided;
  for (const auto& request : cluster_.requests) {
    avoided.insert(avoided.end(), request.blacklist_additions.begin(), request.blacklist_additions.end());
  }
  EXPECT_THAT(avoided, ElementsAre("node2"));
}

TEST_F(MasterTest, ARestartingNodeManagerIsWaitedFor) {
  std::map<ContainerId, int> tries;
  cluster_.on_start = [&](NodeId, ContainerId container) -> io::Task<Status> {
    if (++tries[container] > 3) co_return Status();
    co_return Error(ErrorCode::kUnavailable, "connection refused");
  };
  EXPECT_EQ(run()->status, FinalStatus::kSucceeded);
  EXPECT_EQ(cluster_.given, 10) << "no container was given up";
}

TEST_F(MasterTest, WhereNothingCanBeStartedTheApplicationFailsInTheEnd) {
  file_.spec.instances = 2;
  cluster_.on_start = [&](NodeId, ContainerId) -> io::Task<Status> {
    co_return FakeCluster::remote("InvalidAuxServiceException", "the auxService is missing");
  };
  const auto ended = run();
  EXPECT_EQ(ended->status, FinalStatus::kFailed);
  EXPECT_THAT(ended->diagnostics, HasSubstr("could not be started 10 times in a row"));
  EXPECT_THAT(ended->diagnostics, HasSubstr("the auxService is missing"));
  expect_clean_end();
}

TEST_F(MasterTest, AFailureOrALostAnswerAtEachCallChangesNothing) {
  for (const bool lost_answer : {false, true}) {
    for (const std::string method : {"register", "allocate", "finish"}) {
      for (int step = 1; step <= (method == "allocate" ? 12 : 3); ++step) {
        FakeCluster cluster;
        cluster.per_heartbeat = 3;
        cluster.trouble = [&](std::string_view called, int number, bool* lost) -> std::optional<Error> {
          if (called != method || number != step) return std::nullopt;
          *lost = lost_answer;
          return Error(ErrorCode::kUnavailable, "reset by peer");
        };
        FlakyFileSystem files;
        auto attempt = [&]() -> io::Task<Result<app::Conclusion>> {
          const ContainerId container{{file_.application, 1}, 1};
          Journal journal(files, "/user/alice/.knit", container.attempt, notes_);
          Master master(file_, Identity{container, {"node1", 45454}, ""}, {}, cluster, cluster, journal,
                        notes_, Master::Limits());
          auto result = co_await master.run();
          co_await cluster.close();
          co_return result;
        };
        const auto ended = run_manual(loop_, attempt(), 10min);
        const std::string where = method + " " + std::to_string(step) + (lost_answer ? " lost" : " refused");
        ASSERT_TRUE(ended) << where << ": " << ended.error().message();
        EXPECT_EQ(ended->status, FinalStatus::kSucceeded) << where;
        EXPECT_EQ(cluster.starts.size(), 10U) << where;
        EXPECT_EQ(cluster.given, 10) << where;
        EXPECT_TRUE(cluster.finished) << where;
      }
    }
  }
}

TEST_F(MasterTest, ARestartOfTheResourceManagerIsSurvived) {
  file_.spec.instances = 6;
  cluster_.capacity = 2;
  cluster_.program = [](const FakeCluster::Start&) { return FakeCluster::Program{5s, 0, {}}; };
  auto both = [&]() -> io::Task<Result<app::Conclusion>> {
    io::TaskGroup group;
    group.spawn([](FakeCluster& cluster) -> io::Task<void> {
      for (int i = 0; i < 3; ++i) {
        (void)co_await io::sleep_for(4s);
        cluster.restart();
      }
    }(cluster_));
    auto ended = co_await run_attempt(1);
    co_await group.stop();
    co_return ended;
  };
  EXPECT_EQ(run_manual(loop_, both(), 10min)->status, FinalStatus::kSucceeded);
  EXPECT_EQ(cluster_.registrations, 4);
  EXPECT_THAT(cluster_.starts, SizeIs(6));
}

TEST_F(MasterTest, ARolledTokenIsUsedAtOnce) {
  cluster_.new_token = security::Token{"new", std::string("secret"), "YARN_AM_RM_TOKEN", ""};
  EXPECT_TRUE(run());
  EXPECT_EQ(cluster_.tokens_used, 1);
  EXPECT_THAT(notes_.text_, Not(HasSubstr("secret")));
}

TEST_F(MasterTest, AnAttemptThatIsOverEndsAtOnceAndLeavesItsJournal) {
  cluster_.trouble = [](std::string_view called, int number, bool*) -> std::optional<Error> {
    if (called != "allocate" || number < 3) return std::nullopt;
    return FakeCluster::remote("ApplicationAttemptNotFoundException",
                               "doesn't exist in ApplicationMasterService cache.");
  };
  const auto ended = run();
  ASSERT_FALSE(ended);
  EXPECT_THAT(ended.error().message(), HasSubstr("this attempt is over"));
  EXPECT_THAT(cluster_.finishes, IsEmpty());
  EXPECT_TRUE(run_manual(
      loop_, files_.memory.stat(control::journal_path("/user/alice/.knit", file_.application)), 1s));
}

TEST_F(MasterTest, AResourceManagerThatStaysAwayEndsTheAttempt) {
  cluster_.trouble = [](std::string_view called, int number, bool*) -> std::optional<Error> {
    if (called != "allocate" || number < 3) return std::nullopt;
    return Error(ErrorCode::kUnavailable, "connection refused");
  };
  const auto before = loop_.now();
  const auto ended = run(1h);
  ASSERT_FALSE(ended);
  EXPECT_THAT(ended.error().message(), HasSubstr("has not answered for 600 s"));
  EXPECT_LT(loop_.now() - before, 11min);
}

TEST_F(MasterTest, WhatYarnRefusesIsTheApplicationsEnd) {
  cluster_.trouble = [](std::string_view called, int, bool*) -> std::optional<Error> {
    if (called != "allocate") return std::nullopt;
    return FakeCluster::remote("InvalidResourceRequestException",
                               "Invalid resource request! requested memory > max");
  };
  const auto ended = run();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->status, FinalStatus::kFailed);
  EXPECT_THAT(ended->diagnostics, HasSubstr("requested memory > max"));
}

TEST_F(MasterTest, ACommandThatCannotBeQuotedIsTheApplicationsEnd) {
  file_.spec.command = {"echo", std::string(200'000, 'x')};
  const auto ended = run();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->status, FinalStatus::kFailed);
  EXPECT_THAT(ended->diagnostics, HasSubstr("the command is"));
}

TEST_F(MasterTest, WithoutAnyContainerTheStartTimeoutSaysWhy) {
  cluster_.capacity = 0;
  file_.spec.start_timeout = 30s;
  file_.spec.node_label = "gpu";
  const auto before = loop_.now();
  const auto ended = run();
  EXPECT_LT(loop_.now() - before, 40s);
  EXPECT_EQ(ended->status, FinalStatus::kFailed);
  EXPECT_EQ(
      ended->diagnostics,
      "nothing ran within 30.0 s (start timeout): asked for 10 containers of 512 MiB, 2 vcores on nodes "
      "with label 'gpu' in queue root.default; 1 GiB, 2 vcores are available to this application; the "
      "cluster has 3 nodes");
}

TEST_F(MasterTest, TheStartTimeoutCountsFromTheSubmission) {
  file_.spec.start_timeout = 30s;
  submitted_ = loop_.wall_now() - 31s;
  const auto ended = run();
  EXPECT_THAT(ended->diagnostics, HasSubstr("(start timeout)"));
  EXPECT_THAT(cluster_.starts, IsEmpty()) << "its turn came too late";
}

TEST_F(MasterTest, TroubleWithTheFileSystemDoesNotStopTheApplication) {
  files_.trouble.fails = [](int) { return true; };
  const auto ended = run();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->status, FinalStatus::kSucceeded);
  EXPECT_THAT(cluster_.starts, SizeIs(10));
}

TEST_F(MasterTest, AnAttemptAfterTheEndOnlySaysFarewell) {
  cluster_.trouble = [](std::string_view called, int, bool*) -> std::optional<Error> {
    if (called != "finish") return std::nullopt;
    return FakeCluster::remote("ApplicationAttemptNotFoundException", "gone");
  };
  ASSERT_FALSE(run()) << "nobody has heard the farewell";
  cluster_.trouble = nullptr;
  cluster_.restart();
  cluster_.starts.clear();
  const auto ended = run(30min, 2);
  EXPECT_EQ(ended->status, FinalStatus::kSucceeded);
  EXPECT_THAT(cluster_.starts, IsEmpty());
  EXPECT_TRUE(cluster_.finished);
}

TEST_F(MasterTest, AFileSystemThatHangsAtTheEndDoesNotCostTheAttempt) {
  file_.spec.instances = 1;
  bool broken = false;
  files_.trouble.fails = [&](int) { return broken; };
  cluster_.program = [&](const FakeCluster::Start&) {
    broken = true;
    return FakeCluster::Program{};
  };
  ASSERT_TRUE(run());
  EXPECT_GE(cluster_.requests.size(), 30U) << "heartbeats went on while the journal was tried";
}

TEST_F(MasterTest, HundredsOfInstances) {
  file_.spec.instances = 300;
  cluster_.nodes = 50;
  ASSERT_TRUE(run());
  EXPECT_THAT(cluster_.starts, SizeIs(300));
  EXPECT_LT(cluster_.requests.size(), 300U);
}

}  // namespace
}  // namespace knit::master
