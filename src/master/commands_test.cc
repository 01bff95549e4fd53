#include "master/commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "master/master_fixture_for_test.h"

namespace knit::master {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class CommandsTest : public MasterTest {
 protected:
  CommandsTest() {
    file_.spec.instances = 3;
    cluster_.program = [](const FakeCluster::Start&) { return FakeCluster::Program{.lasts = 1h}; };
  }
  // Programs that end with this status when they are sent SIGTERM.
  void obey(std::int32_t status) {
    cluster_.on_signal = [this, status](ContainerId container, yarn::ContainerSignal signal) {
      EXPECT_EQ(signal, yarn::ContainerSignal::kTerminate);
      cluster_.end(container, status, "");
    };
  }
  static io::Task<void> all_running(control::Service& service, std::int32_t count) {
    while (!service.application() || service.application()->counts.running != count) {
      if (!co_await io::sleep_for(100ms)) co_return;
    }
  }
  static std::vector<std::string> states(const control::Service& service) {
    std::vector<std::string> out;
    const auto all = service.instances();
    for (const auto& one : *all) out.push_back(one.state);
    return out;
  }
};

TEST_F(CommandsTest, StopAsksAndTellsHowItEnded) {
  obey(0);
  owner_ = [](control::Service& service) -> io::Task<void> {
    co_await all_running(service, 3);
    EXPECT_EQ(service.application()->state, control::RunningState::kRunning);
    EXPECT_TRUE(co_await service.stop(10s));
    EXPECT_EQ(service.application()->state, control::RunningState::kStopping);
  };
  const auto ended = run();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->status, FinalStatus::kSucceeded);
  EXPECT_THAT(cluster_.signalled, SizeIs(3));
  EXPECT_THAT(cluster_.stopped, IsEmpty());
  EXPECT_THAT(entries<control::StopRequested>(), SizeIs(1));
  expect_clean_end();
}

TEST_F(CommandsTest, WhoDoesNotObeyIsStoppedAfterTheGrace) {
  io::TimePoint asked{}, over{};
  owner_ = [&](control::Service& service) -> io::Task<void> {
    co_await all_running(service, 3);
    asked = io::now();
    EXPECT_TRUE(co_await service.stop(30s));
    EXPECT_TRUE(co_await service.stop(20s)) << "less patience now";
    while (service.application()->state == control::RunningState::kStopping) {
      if (!co_await io::sleep_for(100ms)) break;
    }
    over = io::now();
    EXPECT_TRUE(co_await service.stop(1s)) << "that is what is happening";
    EXPECT_EQ((co_await service.scale({.to = 5})).error().code(), ErrorCode::kFailedPrecondition);
  };
  const auto ended = run();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->status, FinalStatus::kKilled);
  EXPECT_THAT(ended->diagnostics, HasSubstr("stopped on request: 3 of 3"));
  EXPECT_THAT(cluster_.signalled, SizeIs(3)) << "once each";
  EXPECT_THAT(cluster_.stopped, SizeIs(3));
  EXPECT_GE(over - asked, 20s);
  EXPECT_LE(over - asked, 25s);
}

TEST_F(CommandsTest, ANodeManagerThatStopsNothingLosesTheContainerToTheResourceManager) {
  cluster_.deaf = true;
  owner_ = [](control::Service& service) -> io::Task<void> {
    co_await all_running(service, 3);
    EXPECT_TRUE(co_await service.stop(1s));
  };
  ASSERT_TRUE(run());
  EXPECT_THAT(cluster_.released, SizeIs(3));
}

TEST_F(CommandsTest, AGraceDoesNotWaitForTheResourceManager) {
  io::Duration took{};
  owner_ = [&](control::Service& service) -> io::Task<void> {
    co_await all_running(service, 3);
    cluster_.beat_takes = 50s;
    const auto beats = cluster_.requests.size();
    while (cluster_.requests.size() == beats) {
      if (!co_await io::sleep_for(100ms)) co_return;
    }
    const auto asked = io::now();
    EXPECT_TRUE(co_await service.stop(5s));
    while (cluster_.stopped.size() < 3) {
      if (!co_await io::sleep_for(100ms)) co_return;
    }
    took = io::now() - asked;
    EXPECT_EQ(cluster_.requests.size(), beats + 1) << "the same call is still under way";
    cluster_.beat_takes = {};
  };
  ASSERT_TRUE(run());
  EXPECT_GE(took, 5s);
  EXPECT_LE(took, 6s);
}

TEST_F(CommandsTest, WhatIsStoppedBeforeItIsThereIsStoppedWhenItIs) {
  io::Event begin;
  cluster_.on_start = [&](NodeId, ContainerId) -> io::Task<Status> { co_return co_await begin.wait(); };
  owner_ = [&](control::Service& service) -> io::Task<void> {
    while (!service.application() || service.application()->counts.starting != 3) {
      if (!co_await io::sleep_for(100ms)) co_return;
    }
    EXPECT_TRUE(co_await service.stop(1h));
    begin.set();
  };
  const auto started = loop_.now();
  const auto ended = run();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->status, FinalStatus::kKilled);
  EXPECT_THAT(cluster_.stopped, SizeIs(3));
  EXPECT_LT(loop_.now() - started, 1min) << "without the grace: nothing had begun";
}

TEST_F(CommandsTest, NothingIsAnsweredBeforeTheMasterKnowsWhatWas) {
  owner_ = [](control::Service& service) -> io::Task<void> {
    EXPECT_EQ(service.application().error().code(), ErrorCode::kUnavailable);
    EXPECT_EQ(service.instances().error().code(), ErrorCode::kUnavailable);
    EXPECT_EQ((co_await service.scale({.to = 5})).error().code(), ErrorCode::kUnavailable);
    EXPECT_EQ((co_await service.stop(1s)).error().code(), ErrorCode::kUnavailable);
    co_await all_running(service, 3);
    EXPECT_TRUE(co_await service.stop(0s));
  };
  ASSERT_TRUE(run());
}

TEST_F(CommandsTest, AMasterThatDiesWhileItStopsLeavesAStoppedApplication) {
  int attempt = 1;
  owner_ = [&](control::Service& service) -> io::Task<void> {
    if (attempt == 2) co_return;
    co_await all_running(service, 3);
    const auto first = cluster_.starts[0].container;
    EXPECT_TRUE(co_await service.stop(20s));
    cluster_.end(first, 143, "");
    while (service.application() && service.application()->counts.stopped == 0) {
      if (!co_await io::sleep_for(100ms)) co_return;
    }
    cluster_.trouble = [](std::string_view method, int, bool*) -> std::optional<Error> {
      if (method != "allocate") return std::nullopt;
      return FakeCluster::remote("ApplicationAttemptNotFoundException", "gone");
    };
  };
  const auto ended = run_two([&] { attempt = 2; });
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->status, FinalStatus::kKilled);
  EXPECT_THAT(ended->diagnostics, HasSubstr("stopped on request: 3 of 3"));
  EXPECT_THAT(cluster_.starts, SizeIs(3)) << "nothing is started again";
}

TEST_F(CommandsTest, ScaleUpAndDown) {
  owner_ = [this](control::Service& service) -> io::Task<void> {
    co_await all_running(service, 3);
    auto reply = co_await service.scale({.to = 5});
    EXPECT_TRUE(reply);
    EXPECT_THAT(reply->added, ElementsAre(3, 4));
    co_await all_running(service, 5);
    obey(143);
    reply = co_await service.scale({.by = -3});
    EXPECT_THAT(reply->removed, ElementsAre(4, 3, 2));
    EXPECT_EQ(reply->active, 2);
    co_await all_running(service, 2);
    EXPECT_THAT(states(service), ElementsAre("running", "running", "removed", "removed", "removed"));
    reply = co_await service.scale({.remove = {0}});
    EXPECT_THAT(reply->removed, ElementsAre(0));
    EXPECT_EQ((co_await service.scale({.remove = {9}})).error().code(), ErrorCode::kNotFound);
    reply = co_await service.scale({.to = 0});
    co_await all_running(service, 0);
    EXPECT_EQ(service.application()->state, control::RunningState::kHeld);
    EXPECT_TRUE(co_await io::sleep_for(1h)) << "it lives on";
    EXPECT_TRUE(co_await service.stop(1s));
  };
  const auto ended = run(3h);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->status, FinalStatus::kSucceeded);
  EXPECT_THAT(entries<control::Scaled>(), SizeIs(4));
  EXPECT_THAT(cluster_.starts, SizeIs(5));
  expect_clean_end();
}

TEST_F(CommandsTest, AsksThatAreNotMetYetAreWithdrawn) {
  cluster_.capacity = 3;
  owner_ = [this](control::Service& service) -> io::Task<void> {
    co_await all_running(service, 3);
    EXPECT_TRUE(co_await service.scale({.to = 8}));
    (void)co_await io::sleep_for(10s);
    EXPECT_EQ(service.application()->counts.pending, 5);
    EXPECT_TRUE(co_await service.scale({.to = 3}));
    (void)co_await io::sleep_for(10s);
    cluster_.capacity = 1000;
    (void)co_await io::sleep_for(10s);
    EXPECT_TRUE(co_await service.stop(0s));
  };
  ASSERT_TRUE(run());
  EXPECT_EQ(cluster_.given, 3);
}

TEST_F(CommandsTest, RestartIsARunMoreAndNoFailure) {
  obey(143);
  owner_ = [](control::Service& service) -> io::Task<void> {
    co_await all_running(service, 3);
    EXPECT_TRUE(co_await service.restart(1, 5s));
    (void)co_await io::sleep_for(5s);
    co_await all_running(service, 3);
    EXPECT_EQ(service.instances()->at(1).restarts, 1);
    EXPECT_EQ((co_await service.restart(3, 5s)).error().code(), ErrorCode::kNotFound);
    EXPECT_TRUE(co_await service.stop(1s));
  };
  ASSERT_TRUE(run());
  ASSERT_THAT(cluster_.starts, SizeIs(4));
  EXPECT_EQ(cluster_.starts[3].instance(), "1");
  EXPECT_EQ(cluster_.starts[3].restart(), "1");
}

TEST_F(CommandsTest, TheNextAttemptOfTheMasterKnowsWhatWasAsked) {
  int attempt = 1;
  owner_ = [&](control::Service& service) -> io::Task<void> {
    if (attempt == 1) {
      co_await all_running(service, 3);
      EXPECT_TRUE(co_await service.scale({.remove = {1}, .grace = 0s}));
      EXPECT_TRUE(co_await service.scale({.by = 1}));
      co_await all_running(service, 3);
      cluster_.trouble = [](std::string_view method, int, bool*) -> std::optional<Error> {
        if (method != "allocate") return std::nullopt;
        return FakeCluster::remote("ApplicationAttemptNotFoundException", "gone");
      };
      co_return;
    }
    co_await all_running(service, 3);
    EXPECT_THAT(states(service), ElementsAre("running", "removed", "running", "running"));
    EXPECT_TRUE(co_await service.stop(0s));
  };
  ASSERT_TRUE(run_two([&] { attempt = 2; }));
  EXPECT_THAT(cluster_.starts, SizeIs(4)) << "all that ran was taken over";
  expect_clean_end();
}

}  // namespace
}  // namespace knit::master
