#include "master/launcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "io/wait.h"
#include "master/manual_time_for_test.h"

namespace knit::master {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

ContainerId id(int n) {
  return ContainerId{{{1700, 1}, 1}, n};
}
Error remote(std::string java_class, std::string message) {
  return Error(ErrorCode::kInternal, std::move(message), "org.apache.hadoop.yarn.exceptions." + java_class);
}

// Each call takes a second and is answered from a script by container, its last line for ever.
class ScriptedNodes final : public Nodes {
 public:
  void use_token(const NodeId&, security::Token) override {}
  io::Task<Status> start(NodeId, yarn::StartRequest request) override {
    most_ = std::max(most_, ++now_);
    const auto slept = co_await io::sleep_for(1s);
    --now_;
    if (!slept) co_return slept;
    const int call = calls_[request.id]++;
    const auto found = script_.find(request.id);
    if (found == script_.end()) co_return Status();
    co_return found->second[std::min<std::size_t>(static_cast<std::size_t>(call), found->second.size() - 1)];
  }
  io::Task<Status> stop(NodeId, ContainerId) override { co_return Status(); }
  io::Task<Status> signal(NodeId, ContainerId, yarn::ContainerSignal) override { co_return Status(); }

  std::map<ContainerId, std::vector<Status>> script_;
  std::map<ContainerId, int> calls_;
  int now_ = 0, most_ = 0;
};

class LauncherTest : public testing::Test {
 protected:
  // Starts containers 1 to `count` and waits until all have been told of.
  io::Duration start_all(int count, std::optional<io::Duration> expires_in = std::nullopt) {
    const auto before = loop_.now();
    auto run = [&]() -> io::Task<int> {
      Launcher launcher(
          nodes_, [&](const ContainerId& id, const Status& started) { told_.emplace(id, started); }, limits_);
      for (int n = 1; n <= count; ++n) {
        std::optional<WallTime> expires;
        if (expires_in)
          expires = io::wall_now() + std::chrono::duration_cast<std::chrono::milliseconds>(*expires_in);
        launcher.start(
            {"n1", 1}, id(n),
            [n] {
              return yarn::StartRequest{id(n), {}, {}};
            },
            nothing(), expires);
      }
      while (launcher.busy() > 0) (void)co_await io::sleep_for(100ms);
      co_await launcher.end();
      co_return 0;
    };
    run_manual(loop_, run(), 30min);
    return loop_.now() - before;
  }
  static io::Task<void> nothing() { co_return; }

  io::Loop loop_{io::Loop::Time::kManual};
  ScriptedNodes nodes_;
  Launcher::Limits limits_;
  std::map<ContainerId, Status> told_;
};

TEST_F(LauncherTest, ManyAtOnceButNotAll) {
  limits_.at_once = 10;
  const auto took = start_all(35);
  EXPECT_EQ(nodes_.most_, 10);
  EXPECT_LE(took, 6s);
  EXPECT_EQ(told_.size(), 35U);
  for (const auto& [container, started] : told_) EXPECT_TRUE(started);
}

TEST_F(LauncherTest, ARestartingNodeManagerIsTriedAgain) {
  const Status refused = Error(ErrorCode::kUnavailable, "connection refused");
  nodes_.script_[id(1)] = {refused, refused, remote("NMNotYetReadyException", "recovering"), Status()};
  start_all(1);
  EXPECT_TRUE(told_.at(id(1)));
  EXPECT_EQ(nodes_.calls_.at(id(1)), 4);
}

TEST_F(LauncherTest, AfterALostAnswerRunningAlreadyIsSuccess) {
  nodes_.script_[id(1)] = {Error(ErrorCode::kDeadlineExceeded, "no answer"),
                           remote("YarnException", "Container x already is running on this node!!")};
  nodes_.script_[id(2)] = {Error(ErrorCode::kUnavailable, "reset"),
                           remote("YarnException",
                                  "Unauthorized request to start container.\nAttempt to relaunch the "
                                  "same container with id x")};
  start_all(2);
  EXPECT_TRUE(told_.at(id(1)));
  EXPECT_TRUE(told_.at(id(2)));
}

TEST_F(LauncherTest, ARefusalIsNotRepeated) {
  nodes_.script_[id(1)] = {
      remote("InvalidContainerException", "rejected as it is allocated by a previous RM")};
  start_all(1);
  EXPECT_FALSE(told_.at(id(1)));
  EXPECT_EQ(nodes_.calls_.at(id(1)), 1);
  EXPECT_THAT(describe_start_failure(remote("YarnException", "This token is expired. current time is X")),
              HasSubstr("clock"));
}

TEST_F(LauncherTest, ADeadNodeIsGivenUpBeforeTheTokenExpires) {
  nodes_.script_[id(1)] = {Error(ErrorCode::kUnavailable, "no route to host")};
  EXPECT_LE(start_all(1), 3min + 11s);
  EXPECT_FALSE(told_.at(id(1)));
  told_.clear();
  EXPECT_LE(start_all(1, 30s), 27s);
  EXPECT_FALSE(told_.at(id(1)));
}

}  // namespace
}  // namespace knit::master
