#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>

#include "master/master_fixture_for_test.h"

namespace knit::master {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::SizeIs;

// Lets a master do so many steps that the world sees (calls to YARN's daemons, operations on files), and none
// after that: it has been killed.
class Killer {
 public:
  // `happens`: the last step has its effect, and only its answer does not come.
  Killer(FakeCluster& cluster, Trouble& files, int steps, bool happens) {
    cluster.trouble = [this, steps, happens, &files](std::string_view, int, bool* lost) {
      return step(steps, happens, files, lost);
    };
    files.lost = happens;
    files.fails = [this, steps, happens, &files](int) {
      bool lost = false;
      return step(steps, happens, files, &lost).has_value();
    };
  }
  bool dead() const { return dead_; }

  static void revive(FakeCluster& cluster, Trouble& files) {
    cluster.trouble = nullptr;
    files = Trouble();
  }

 private:
  std::optional<Error> step(int steps, bool happens, Trouble& files, bool* lost) {
    if (!dead_ && ++done_ < steps) return std::nullopt;
    *lost = happens && !dead_;
    dead_ = files.cut = true;
    return FakeCluster::remote("ApplicationAttemptNotFoundException", "gone");
  }

  int done_ = 0;
  bool dead_ = false;
};

// The instance of each container that was started.
std::multiset<std::string> started(const FakeCluster& cluster) {
  std::multiset<std::string> out;
  for (const auto& start : cluster.starts) out.insert(start.instance());
  return out;
}

class TakeOverTest : public MasterTest {
 protected:
  static Error gone() { return FakeCluster::remote("ApplicationAttemptNotFoundException", "gone"); }
  // No heartbeat of the first attempt is answered from then on.
  void lose_heartbeats_after(io::Duration time) {
    cluster_.trouble = [this, until = loop_.now() + time](std::string_view called, int,
                                                          bool*) -> std::optional<Error> {
      if (called != "allocate" || loop_.now() < until) return std::nullopt;
      return gone();
    };
  }
  // A world of its own for each death.
  struct World {
    FakeCluster cluster;
    FlakyFileSystem files;
  };
  io::Task<Result<app::Conclusion>> attempt(World& world, int number) {
    const ContainerId container{{file_.application, number}, 1};
    Journal journal(world.files, "/user/alice/.knit", container.attempt, notes_);
    Master master(file_, Identity{container, {"node1", 45454}, "", submitted_}, {}, world.cluster,
                  world.cluster, journal, notes_, Master::Limits());
    co_return co_await master.run();
  }
  // True if there was such a step.
  bool kill_at(int step, bool happens) {
    World world;
    // One that ends at once, one that outlives its master, and one whose first run fails.
    world.cluster.program = [&world](const FakeCluster::Start& start) -> FakeCluster::Program {
      if (start.instance() == "0") return {.lasts = 10ms, .status = 0, .diagnostics = {}};
      if (start.instance() == "1") return {.lasts = 1s, .status = 0, .diagnostics = {}};
      return {.lasts = 300ms, .status = started(world.cluster).count("2") == 1 ? 3 : 0, .diagnostics = {}};
    };
    Killer killer(world.cluster, world.files.trouble, step, happens);
    auto whole = [](TakeOverTest* self, World& world, const Killer& killer) -> io::Task<bool> {
      auto ended = co_await self->attempt(world, 1);
      const bool killed = killer.dead();
      if (!world.cluster.finished) {
        Killer::revive(world.cluster, world.files.trouble);
        world.cluster.begin_attempt();
        ended = co_await self->attempt(world, 2);
      }
      EXPECT_TRUE(ended) << ended.error().message();
      EXPECT_EQ(ended->status, FinalStatus::kSucceeded) << ended->diagnostics;
      co_await world.cluster.close();
      co_return killed;
    };
    const bool killed = run_manual(loop_, whole(this, world, killer), 30min);
    EXPECT_THAT(started(world.cluster), ElementsAre("0", "1", "2", "2"));
    EXPECT_TRUE(world.cluster.finished);
    EXPECT_EQ(world.cluster.live(), 0U);
    return killed;
  }
};

TEST_F(TakeOverTest, KilledAtEachStepNothingRunsTwiceAndAllGoesOn) {
  file_.spec.instances = 3;
  file_.spec.max_restarts = 1;
  for (const bool happens : {false, true}) {
    int step = 1;
    while (kill_at(step, happens)) {
      ASSERT_FALSE(HasFailure()) << "killed at step " << step << (happens ? ", after it" : ", before it")
                                 << "\n"
                                 << notes_.text_;
      notes_.text_.clear();
      ++step;
    }
    EXPECT_GT(step, 50) << "every call and every write is one";
  }
}

TEST_F(TakeOverTest, WhatRunsIsTakenOverAndItsEndIsHeard) {
  file_.spec.instances = 2;
  cluster_.program = [](const FakeCluster::Start&) { return FakeCluster::Program{1min, 0, {}}; };
  lose_heartbeats_after(10s);
  const auto ended = run_two();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->status, FinalStatus::kSucceeded);
  EXPECT_THAT(cluster_.starts, SizeIs(2));
  EXPECT_THAT(cluster_.released, testing::IsEmpty());
  EXPECT_THAT(notes_.text_, testing::HasSubstr("instance 1 runs on in container_1700_0001_01_00000"));
  EXPECT_THAT(entries<control::MasterStarted>(), SizeIs(2));
  EXPECT_THAT(entries<control::InstanceStarted>(), SizeIs(2));
  EXPECT_THAT(entries<control::InstanceEnded>(), SizeIs(2));
  expect_clean_end();
}

TEST_F(TakeOverTest, WhatTheJournalDoesNotKnowIsGivenBack) {
  file_.spec.instances = 1;
  cluster_.program = [](const FakeCluster::Start&) { return FakeCluster::Program{1min, 0, {}}; };
  files_.trouble.cut = true;  // nothing is written down, and it is started all the same
  lose_heartbeats_after(20s);
  EXPECT_EQ(run_two()->status, FinalStatus::kSucceeded);
  ASSERT_THAT(cluster_.starts, SizeIs(2));
  EXPECT_THAT(cluster_.released, ElementsAre(cluster_.starts[0].container));
  expect_clean_end();
}

TEST_F(TakeOverTest, WhatNobodyKnowsAnyMoreIsStartedAgainAfterAWhile) {
  file_.spec.instances = 1;
  cluster_.program = [](const FakeCluster::Start& start) {
    return FakeCluster::Program{start.restart() == "0" ? io::Duration(1h) : io::Duration(1s), 0, {}};
  };
  lose_heartbeats_after(10s);
  const auto before = loop_.now();
  const auto ended = run_two([&] { cluster_.forget(cluster_.starts[0].container); });
  EXPECT_EQ(ended->status, FinalStatus::kSucceeded);
  ASSERT_THAT(cluster_.starts, SizeIs(2));
  EXPECT_EQ(cluster_.starts[1].restart(), "1");
  EXPECT_GT(loop_.now() - before, 70s);
  EXPECT_LT(loop_.now() - before, 80s);
  EXPECT_EQ(entries<control::InstanceEnded>().at(0).exit_class, app::ExitClass::kLost);
}

TEST_F(TakeOverTest, ContainersThatARestartedResourceManagerFindsLaterAreTakenOver) {
  file_.spec.instances = 1;
  cluster_.program = [](const FakeCluster::Start&) { return FakeCluster::Program{1min, 0, {}}; };
  lose_heartbeats_after(10s);
  cluster_.recovers_late = true;
  EXPECT_EQ(run_two()->status, FinalStatus::kSucceeded);
  EXPECT_THAT(cluster_.starts, SizeIs(1));
  EXPECT_THAT(notes_.text_, testing::HasSubstr("taken over"));
}

TEST_F(TakeOverTest, ALostAnswerToTheRegistrationCostsNoContainer) {
  file_.spec.instances = 2;
  file_.spec.start_timeout = 5s;  // long over when the second begins
  submitted_ = loop_.wall_now();
  cluster_.program = [](const FakeCluster::Start&) { return FakeCluster::Program{2min, 0, {}}; };
  lose_heartbeats_after(10s);
  const auto ended = run_two([&] {
    cluster_.trouble = [done = false](std::string_view called, int,
                                      bool* lost) mutable -> std::optional<Error> {
      if (called != "register" || std::exchange(done, true)) return std::nullopt;
      *lost = true;
      return gone();
    };
  });
  EXPECT_EQ(ended->status, FinalStatus::kSucceeded) << ended->diagnostics;
  EXPECT_THAT(cluster_.starts, SizeIs(2));
}

TEST_F(TakeOverTest, ARequestToRestartIsNoFailureForTheNextAttempt) {
  file_.spec.instances = 1;
  int attempt = 1;
  owner_ = [&](control::Service& service) -> io::Task<void> {
    if (attempt == 2) co_return;
    while (!service.instances() || service.instances()->at(0).state != "running") {
      if (!co_await io::sleep_for(100ms)) co_return;
    }
    EXPECT_TRUE(co_await service.restart(0, 1h));
    lose_heartbeats_after(0s);
    attempt = 2;
  };
  cluster_.program = [](const FakeCluster::Start& start) {
    return FakeCluster::Program{start.restart() == "0" ? io::Duration(1h) : io::Duration(1s), 0, {}};
  };
  cluster_.on_signal = [this](ContainerId container, yarn::ContainerSignal) {
    if (cluster_.registrations == 2) cluster_.end(container, 143);
  };
  EXPECT_EQ(run_two()->status, FinalStatus::kSucceeded);
  ASSERT_THAT(cluster_.starts, SizeIs(2));
  EXPECT_EQ(cluster_.starts[1].restart(), "1");
}

}  // namespace
}  // namespace knit::master
