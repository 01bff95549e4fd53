#include "app/instances.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/node_faults.h"

namespace knit::app {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr WallTime kStart{1'700'000'000'000ms};

ContainerId container(int n) {
  return ContainerId{{{1700, 1}, 1}, n};
}
NodeId node(int n) {
  return NodeId{"node" + std::to_string(n), 45454};
}
RunSpec spec(int instances, int max_restarts = 0, int max_failures = 0, bool fail_fast = false) {
  RunSpec spec;
  spec.command = {"date"};
  spec.instances = instances;
  spec.max_restarts = max_restarts;
  spec.max_failures = max_failures;
  spec.fail_fast = fail_fast;
  return spec;
}
Exit exit_with(ExitClass exit_class, int status = 0) {
  return Exit{
      .exit_class = exit_class, .status = status, .reason = "exited with code " + std::to_string(status)};
}
const Exit kOk = exit_with(ExitClass::kSucceeded);
const Exit kBad = exit_with(ExitClass::kFailed, 3);
const Exit kLost = exit_with(ExitClass::kLost, -100);

// One run from container to end.
std::optional<Ended> run(Instances& instances, int n, Exit exit, WallTime::duration lasting = 1s) {
  EXPECT_TRUE(instances.begin(container(n), node(n), kStart));
  EXPECT_TRUE(instances.started(container(n)));
  return instances.ended(container(n), std::move(exit), kStart + lasting);
}

TEST(Instances, ContainersAreGivenInTheOrderOfNumbers) {
  Instances all(spec(3));
  EXPECT_EQ(all.wanted(), 3);
  for (int i = 0; i < 3; ++i) {
    auto begun = all.begin(container(i), node(i), kStart);
    ASSERT_TRUE(begun);
    EXPECT_EQ(begun->instance, i);
    EXPECT_EQ(begun->restart, 0);
  }
  EXPECT_EQ(all.wanted(), 0);
  EXPECT_FALSE(all.begin(container(9), node(9), kStart)) << "a surplus container";
  EXPECT_EQ(all.counts().starting, 3);
  EXPECT_TRUE(all.started(container(1)));
  EXPECT_FALSE(all.started(container(1))) << "told twice";
  EXPECT_FALSE(all.started(container(9)));
  EXPECT_EQ(all.counts().running, 1);
  EXPECT_EQ(all.live().size(), 3U);
  EXPECT_FALSE(all.conclusion());
}

TEST(Instances, AllSucceed) {
  Instances all(spec(2));
  EXPECT_TRUE(run(all, 1, kOk)->final);
  EXPECT_EQ(all.progress(), 0.5F);
  EXPECT_FALSE(all.conclusion());
  EXPECT_TRUE(run(all, 2, kOk)->final);
  EXPECT_FALSE(all.ended(container(2), kBad, kStart)) << "told twice";
  ASSERT_TRUE(all.conclusion());
  EXPECT_EQ(all.conclusion()->status, FinalStatus::kSucceeded);
  EXPECT_EQ(all.conclusion()->diagnostics, "2 instances succeeded");
  EXPECT_EQ(all.counts().succeeded, 2);
}

TEST(Instances, AnEndMayComeBeforeTheAnswerToTheStart) {
  Instances all(spec(1));
  ASSERT_TRUE(all.begin(container(1), node(1), kStart));
  EXPECT_TRUE(all.ended(container(1), kOk, kStart)->final);
  EXPECT_FALSE(all.started(container(1)));
  EXPECT_FALSE(all.not_started(container(1), "lost the answer"));
  EXPECT_TRUE(all.conclusion());
}

TEST(Instances, AFailureWithoutRestartsIsFinalAndTheOthersGoOn) {
  Instances all(spec(3));
  EXPECT_TRUE(run(all, 1, kBad)->final);
  EXPECT_FALSE(all.conclusion());
  EXPECT_EQ(all.wanted(), 2);
  run(all, 2, kOk);
  Exit second = kBad;
  second.last_output = "Traceback";
  run(all, 3, second);
  ASSERT_TRUE(all.conclusion());
  EXPECT_EQ(all.conclusion()->status, FinalStatus::kFailed);
  EXPECT_EQ(all.conclusion()->diagnostics,
            "2 of 3 instances failed; the first was instance 0 on node1, which exited with code 3.");
}

TEST(Instances, RestartsAreNewRunsOfTheSameNumber) {
  Instances all(spec(2, 2));
  for (int restart = 0; restart < 2; ++restart) {
    auto ended = run(all, restart, kBad);
    EXPECT_EQ(ended->run.instance, 0);
    EXPECT_EQ(ended->run.restart, restart);
    EXPECT_FALSE(ended->final);
  }
  EXPECT_EQ(all.wanted(), 2);
  Exit last = kBad;
  last.advice = "look";
  last.last_output = "boom\n";
  EXPECT_TRUE(run(all, 2, last)->final);
  run(all, 3, kOk);
  EXPECT_EQ(all.conclusion()->diagnostics,
            "1 of 2 instances failed: instance 0 (restart 2) on node2, which exited with code 3. "
            "What to do: look.\nIts last output on stderr:\nboom\n");
}

TEST(Instances, WhatIsNotTheUsersFaultNeverCounts) {
  Instances all(spec(1));
  int n = 0;
  for (int i = 0; i < 50; ++i) {
    EXPECT_FALSE(run(all, ++n, exit_with(ExitClass::kPreempted, -102))->final);
    EXPECT_FALSE(run(all, ++n, kLost, 2min)->final);
  }
  EXPECT_FALSE(run(all, ++n, exit_with(ExitClass::kKilled, -105))->final) << "a person killed it";
  EXPECT_TRUE(run(all, ++n, kOk)->final);
  EXPECT_EQ(all.conclusion()->status, FinalStatus::kSucceeded);
}

TEST(Instances, ARunThatKillsItsNodesFailsInTheEnd) {
  Instances all(spec(1, 5));
  for (int i = 1; i < kMaxShortLosses; ++i) EXPECT_FALSE(run(all, i, kLost)->final);
  auto ended = run(all, 99, kLost);
  EXPECT_TRUE(ended->final);
  EXPECT_EQ(ended->exit.exit_class, ExitClass::kLaunch);
  EXPECT_THAT(all.conclusion()->diagnostics, HasSubstr("lost 20 times in a row"));
}

TEST(Instances, WhatCannotBePreparedFailsAtOnce) {
  Instances all(spec(1, 5));
  EXPECT_TRUE(run(all, 1, exit_with(ExitClass::kLaunch, -1000))->final);
  EXPECT_EQ(all.conclusion()->status, FinalStatus::kFailed);
}

TEST(Instances, StartsThatFailAreTriedElsewhereWithinALimit) {
  Instances all(spec(1));
  for (int i = 1; i < kMaxLaunchFaults; ++i) {
    ASSERT_TRUE(all.begin(container(i), node(i), kStart));
    auto ended = all.not_started(container(i), "connection refused");
    ASSERT_TRUE(ended);
    EXPECT_FALSE(ended->final);
    EXPECT_EQ(all.wanted(), 1);
  }
  ASSERT_TRUE(all.begin(container(77), node(7), kStart));
  EXPECT_TRUE(all.not_started(container(77), "connection refused")->final);
  EXPECT_THAT(
      all.conclusion()->diagnostics,
      HasSubstr("on node7 could not be started 10 times in a row; the last time: connection refused"));
}

TEST(Instances, ASuccessfulStartForgetsFaults) {
  Instances all(spec(1, 3));
  for (int round = 0; round < 3; ++round) {
    for (int i = 1; i < kMaxLaunchFaults; ++i) {
      const auto id = container(100 * round + i);
      ASSERT_TRUE(all.begin(id, node(i), kStart));
      EXPECT_FALSE(all.not_started(id, "refused")->final);
    }
    EXPECT_FALSE(run(all, 1000 + round, kBad)->final);
  }
}

TEST(Instances, FailFastEndsWithTheFirstFailureTooMany) {
  Instances all(spec(4, 0, 1, true));
  ASSERT_TRUE(all.begin(container(1), node(1), kStart));
  ASSERT_TRUE(all.begin(container(2), node(2), kStart));
  ASSERT_TRUE(all.begin(container(3), node(3), kStart));
  all.ended(container(1), kBad, kStart);
  EXPECT_FALSE(all.conclusion());
  all.ended(container(2), kBad, kStart);
  ASSERT_TRUE(all.conclusion());
  const auto before = *all.conclusion();
  EXPECT_EQ(before.status, FinalStatus::kFailed);
  EXPECT_THAT(before.diagnostics, HasSubstr("2 of 4 instances failed (1 may); the first was instance 0"));
  all.stop();
  EXPECT_EQ(all.wanted(), 0);
  EXPECT_TRUE(all.ended(container(3), exit_with(ExitClass::kFailed, 143), kStart)->final);
  EXPECT_EQ(all.conclusion()->diagnostics, before.diagnostics);
  EXPECT_EQ(all.counts().stopped, 2);
  EXPECT_EQ(all.counts().total(), 4);
}

TEST(Instances, ToleratedFailuresDoNotFailTheApplication) {
  Instances all(spec(3, 0, 1));
  run(all, 1, kOk);
  run(all, 2, exit_with(ExitClass::kMemory, -104));
  run(all, 3, kOk);
  EXPECT_EQ(all.conclusion()->status, FinalStatus::kSucceeded);
  EXPECT_THAT(all.conclusion()->diagnostics,
              HasSubstr("1 of 3 instances failed (1 may): instance 1 on node2"));
}

TEST(Instances, AStoppedApplicationHasFailed) {
  Instances all(spec(2));
  ASSERT_TRUE(all.begin(container(1), node(1), kStart));
  all.stop();
  EXPECT_FALSE(all.conclusion());
  EXPECT_TRUE(all.ended(container(1), kLost, kStart)->final);
  EXPECT_EQ(all.conclusion()->status, FinalStatus::kFailed);
}

TEST(Instances, AStoppedApplicationHasFailedWhateverMayFail) {
  Instances all(spec(2, 0, 1));
  ASSERT_TRUE(all.begin(container(1), node(1), kStart));
  EXPECT_TRUE(all.ended(container(1), kBad, kStart)->final);
  EXPECT_FALSE(all.conclusion());
  all.stop();
  EXPECT_EQ(all.conclusion()->status, FinalStatus::kFailed);
}

Run run_of(std::int32_t instance, std::int32_t restart, int number) {
  return {instance, restart, container(number), node(number)};
}

TEST(Instances, AJournalBringsBackWhatIsDoneAndWhatRuns) {
  Instances all(spec(5, 1));
  all.restore_begun(run_of(0, 0, 1), kStart);
  all.restore_ended(0, 0, kOk, true, kStart);
  all.restore_begun(run_of(1, 0, 2), kStart);
  all.restore_ended(1, 0, kBad, false, kStart);
  all.restore_begun(run_of(1, 1, 3), kStart + 1s);  // runs
  EXPECT_TRUE(all.started(container(3)));
  all.restore_begun(run_of(2, 0, 4), kStart);
  all.restore_ended(2, 0, kBad, false, kStart);
  all.restore_begun(run_of(2, 1, 5), kStart);
  all.restore_ended(2, 1, kBad, true, kStart);
  all.restore_ended(2, 1, kBad, true, kStart);   // twice
  all.restore_ended(17, 0, kBad, true, kStart);  // nonsense
  all.restore_begun(run_of(17, 0, 9), kStart);
  all.restore_begun(run_of(3, 0, 6), kStart);  // is being started
  EXPECT_EQ(all.wanted(), 1);
  EXPECT_EQ(all.counts().failed, 1);
  EXPECT_EQ(all.counts().succeeded, 1);
  EXPECT_EQ(all.counts().running, 1);
  EXPECT_EQ(all.counts().starting, 1);
  EXPECT_EQ(all.find(container(3))->restart, 1);
  EXPECT_EQ(all.all()[1].begun, kStart + 1s);
  EXPECT_TRUE(all.ended(container(3), kBad, kStart)->final) << "its one restart was used before";
  all.ended(container(6), kOk, kStart);
  EXPECT_EQ(all.begin(container(11), node(1), kStart)->instance, 4);
  all.ended(container(11), kOk, kStart);
  EXPECT_THAT(all.conclusion()->diagnostics,
              HasSubstr("2 of 5 instances failed; the first was instance 2 (restart 1) on node5"));
}

TEST(Instances, FaultsInARowAreCountedOnAcrossAttemptsOfTheMaster) {
  Instances all(spec(1));
  for (int i = 0; i < kMaxLaunchFaults - 1; ++i) {
    all.restore_begun(run_of(0, i, i + 1), kStart);
    all.restore_ended(0, i, exit_with(ExitClass::kLost, -1000), false, kStart);
  }
  ASSERT_TRUE(all.begin(container(50), node(1), kStart));
  EXPECT_TRUE(all.not_started(container(50), "refused")->final);
}

TEST(Instances, ARestoredRequestToRestartIsNoFailure) {
  Instances all(spec(1));
  all.restore_begun(run_of(0, 0, 1), kStart);
  all.started(container(1));
  ASSERT_TRUE(all.restart(0));
  const auto ended = all.ended(container(1), exit_with(ExitClass::kFailed, 143), kStart);
  EXPECT_FALSE(ended->final);
  EXPECT_EQ(ended->exit.exit_class, ExitClass::kKilled);
}

TEST(Exit, NamesComeBack) {
  for (const auto value : {ExitClass::kSucceeded, ExitClass::kFailed, ExitClass::kMemory, ExitClass::kLost,
                           ExitClass::kPreempted, ExitClass::kKilled, ExitClass::kLaunch}) {
    EXPECT_EQ(*parse_exit_class(to_string(value)), value);
  }
  EXPECT_FALSE(parse_exit_class("gone"));
}

TEST(NodeFaults, ANodeThatStartsNothingIsAvoidedForAWhile) {
  NodeFaults faults;
  faults.failed("a");
  faults.failed("b");
  faults.started("b");
  faults.failed("b");
  EXPECT_THAT(faults.update(kStart, 9).additions, IsEmpty());
  faults.failed("a");
  EXPECT_THAT(faults.update(kStart, 9).additions, ElementsAre("a"));
  EXPECT_THAT(faults.update(kStart + 1min, 9).additions, IsEmpty());
  EXPECT_THAT(faults.update(kStart + kAvoidNodeFor, 9).removals, ElementsAre("a"));
}

TEST(NodeFaults, AtMostAThirdOfTheNodes) {
  NodeFaults faults;
  for (const char* host : {"a", "b", "c"}) {
    faults.failed(host);
    faults.failed(host);
  }
  EXPECT_THAT(faults.update(kStart, 2).additions, IsEmpty());
  EXPECT_THAT(faults.update(kStart, 6).additions, ElementsAre("a", "b"));
}

// Three that run, in containers 1 to 3 for instances 0 to 2.
Instances three_running() {
  Instances all(spec(3));
  for (int n = 1; n <= 3; ++n) {
    EXPECT_TRUE(all.begin(container(n), node(n), kStart));
    EXPECT_TRUE(all.started(container(n)));
  }
  return all;
}
std::vector<std::int32_t> numbers(const std::vector<Run>& runs) {
  std::vector<std::int32_t> out;
  for (const auto& run : runs) out.push_back(run.instance);
  return out;
}

TEST(Scaling, NewInstancesGetTheNextNumbers) {
  auto all = three_running();
  const auto change = all.scale(5);
  ASSERT_TRUE(change);
  EXPECT_THAT(change->added, ElementsAre(3, 4));
  EXPECT_EQ(all.wanted(), 2);
  EXPECT_EQ(all.active(), 5);
}

TEST(Scaling, UnmetAsksAreWithdrawnFirstThenTheHighestNumbersAreStopped) {
  auto all = three_running();
  ASSERT_TRUE(all.scale(5));
  const auto change = all.scale(2);
  ASSERT_TRUE(change);
  EXPECT_THAT(change->removed, ElementsAre(4, 3, 2));
  EXPECT_THAT(numbers(change->to_stop), ElementsAre(2));
  EXPECT_EQ(all.wanted(), 0);
  EXPECT_EQ(all.active(), 2);
  EXPECT_EQ(all.counts().removed, 2) << "the third still runs";
}

TEST(Scaling, NumbersAreNeverUsedTwice) {
  auto all = three_running();
  ASSERT_TRUE(all.scale(1));
  EXPECT_TRUE(all.ended(container(2), kBad, kStart)->final);
  EXPECT_TRUE(all.ended(container(3), kOk, kStart)->final);
  EXPECT_THAT(all.scale(2)->added, ElementsAre(3));
}

TEST(Scaling, RemovedInstancesAreNoFailures) {
  auto all = three_running();
  ASSERT_TRUE(all.remove({0, 2}));
  EXPECT_EQ(all.ended(container(1), kBad, kStart)->exit.exit_class, ExitClass::kKilled);
  EXPECT_THAT(all.ended(container(3), kBad, kStart)->exit.reason, HasSubstr("removed on request"));
  EXPECT_FALSE(all.conclusion());
  EXPECT_TRUE(all.ended(container(2), kOk, kStart));
  ASSERT_TRUE(all.conclusion());
  EXPECT_EQ(all.conclusion()->status, FinalStatus::kSucceeded);
  EXPECT_EQ(all.conclusion()->diagnostics, "the instance succeeded");
}

TEST(Scaling, ARemovedInstanceThatIsBeingStartedIsNotStartedAgain) {
  Instances all(spec(2));
  all.begin(container(1), node(1), kStart);
  ASSERT_TRUE(all.remove({0}));
  EXPECT_TRUE(all.not_started(container(1), "refused")->final);
  EXPECT_EQ(all.wanted(), 1);
}

TEST(Scaling, WithoutInstancesItLivesUntilItIsScaledUpOrStopped) {
  auto all = three_running();
  ASSERT_TRUE(all.scale(0));
  for (int n = 1; n <= 3; ++n) all.ended(container(n), kBad, kStart);
  EXPECT_TRUE(all.held());
  EXPECT_FALSE(all.conclusion());
  EXPECT_THAT(all.scale(1)->added, ElementsAre(3));
  EXPECT_FALSE(all.held());
  ASSERT_TRUE(all.scale(0));
  EXPECT_FALSE(all.conclusion());
  ASSERT_TRUE(all.request_stop());
  ASSERT_TRUE(all.conclusion());
  EXPECT_EQ(all.conclusion()->status, FinalStatus::kSucceeded);
  EXPECT_EQ(all.conclusion()->diagnostics, "stopped on request: no instances were left");
}

TEST(Scaling, WhatIsWrongChangesNothing) {
  auto all = three_running();
  EXPECT_EQ(all.scale(-1).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(all.scale(100'001).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(all.remove({1, 3}).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(all.remove({-1, 1}).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(all.active(), 3);
  for (int n = 1; n <= 3; ++n) all.ended(container(n), kOk, kStart);
  EXPECT_EQ(all.scale(7).error().code(), ErrorCode::kFailedPrecondition) << "it is over";
}

TEST(Scaling, ComesBackFromTheJournal) {
  Instances all(spec(2));
  all.restore_scaled(5, {0, 4}, false);
  all.restore_scaled(5, {0}, false);  // told twice
  EXPECT_EQ(all.wanted(), 3);
  EXPECT_EQ(all.counts().removed, 2);
  all.restore_scaled(5, {1, 2, 3}, true);
  EXPECT_FALSE(all.conclusion());
  EXPECT_THAT(all.scale(1)->added, ElementsAre(5));
}

TEST(Restarting, IsNoFailureAndUsesNoRestartUp) {
  auto all = three_running();
  const auto run = all.restart(1);
  ASSERT_TRUE(run);
  EXPECT_EQ(run->container, container(2));
  const auto ended = all.ended(container(2), kBad, kStart);
  EXPECT_FALSE(ended->final);
  EXPECT_EQ(ended->exit.exit_class, ExitClass::kKilled);
  const auto again = all.begin(container(9), node(9), kStart);
  EXPECT_EQ(again->instance, 1);
  EXPECT_EQ(again->restart, 1);
  EXPECT_TRUE(all.ended(container(9), kBad, kStart)->final) << "this one was its own fault";
  EXPECT_EQ(all.restart(1).error().code(), ErrorCode::kFailedPrecondition);
  EXPECT_EQ(all.restart(7).error().code(), ErrorCode::kNotFound);
}

TEST(Stopping, WhatEndsWellNowHasSucceeded) {
  auto all = three_running();
  const auto live = all.request_stop();
  ASSERT_TRUE(live);
  EXPECT_THAT(numbers(*live), ElementsAre(0, 1, 2));
  for (int n = 1; n <= 3; ++n) EXPECT_TRUE(all.ended(container(n), kOk, kStart)->final);
  EXPECT_EQ(all.conclusion()->status, FinalStatus::kSucceeded);
  EXPECT_EQ(all.conclusion()->diagnostics, "stopped on request: 3 instances succeeded");
}

TEST(Stopping, WhatWasToBeRestartedMaySucceed) {
  auto all = three_running();
  ASSERT_TRUE(all.restart(0));
  ASSERT_TRUE(all.request_stop());
  EXPECT_EQ(all.ended(container(1), kOk, kStart)->exit.exit_class, ExitClass::kSucceeded);
  EXPECT_EQ(all.counts().succeeded, 1);
}

TEST(Stopping, ComesBackFromTheJournal) {
  Instances all(spec(2));
  all.restore_ended(0, 0, kBad, true, kStart);
  all.restore_stop_request();
  all.restore_ended(1, 0, exit_with(ExitClass::kFailed, 143), true, kStart);
  all.stop();
  EXPECT_EQ(all.counts().failed, 1) << "the one before";
  EXPECT_EQ(all.counts().stopped, 1);
}

TEST(Stopping, OthersWereStoppedAndNothingFailed) {
  Instances all(spec(3));
  all.begin(container(1), node(1), kStart);
  ASSERT_TRUE(all.request_stop());
  EXPECT_EQ(all.wanted(), 0);
  EXPECT_EQ(all.scale(5).error().code(), ErrorCode::kFailedPrecondition);
  const auto ended = all.ended(container(1), exit_with(ExitClass::kFailed, 143), kStart);
  EXPECT_EQ(ended->exit.exit_class, ExitClass::kKilled);
  EXPECT_EQ(ended->exit.reason, "was stopped on request");
  EXPECT_EQ(all.counts().failed, 0);
  EXPECT_EQ(all.conclusion()->status, FinalStatus::kKilled);
  EXPECT_EQ(all.conclusion()->diagnostics,
            "stopped on request: 3 of 3 instances were stopped before they ended");
}

}  // namespace
}  // namespace knit::app
