#include "yarn/node_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/loop.h"
#include "yarn/application_master.h"
#include "yarn/convert.h"
#include "yarn/proto/yarn_container.pb.h"
#include "yarn/transcript_testing.h"

namespace knit::yarn {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class NodeManagerTest : public ::testing::Test {
 protected:
  template <class T>
  T run(io::Task<T> task) {
    return loop_.run(std::move(task));
  }

  // The container that the ResourceManager gave in the same conversation.
  Container allocated() {
    caller_.answer(Transcript("am-rm-token").call("allocate", 1).answer);
    MasterProtocol master(caller_);
    return run(master.allocate({}))->allocated.at(0);
  }

  void fail(pb::ContainerExceptionMapProto& entry, const ContainerId& id, const std::string& java_class,
            const std::string& message) {
    write(id, *entry.mutable_container_id());
    entry.mutable_exception()->set_class_name(java_class);
    entry.mutable_exception()->set_message(message);
  }

  io::Loop loop_{io::Loop::Time::kManual};
  ScriptedCaller caller_;
  NodeManager node_{caller_};
  const ApplicationAttemptId attempt_{{1795397000582, 8}, 1};
  const ContainerId first_{attempt_, 2}, second_{attempt_, 3}, third_{attempt_, 4};
};

TEST_F(NodeManagerTest, StartIsWhatJavaSends) {
  const Transcript golden("am-nm-start");
  StartRequest request{first_, allocated().token, {}};
  request.context.environment = {{"GREETING", "hello"}};
  request.context.commands = {
      "{ echo hello-out; echo hello-err >&2; sleep 30; } 1><LOG_DIR>/stdout 2><LOG_DIR>/stderr"};
  caller_.answer(golden.call("startContainers").answer);
  const auto started = run(node_.start({request}));
  EXPECT_EQ(caller_.last().method, "startContainers");
  EXPECT_EQ(caller_.last().request, golden.call("startContainers").request);
  EXPECT_EQ(caller_.last().options.repeat, rpc::Repeat::kNever);
  ASSERT_TRUE(started);
  ASSERT_EQ(started->size(), 1u);
  EXPECT_TRUE(started->at(0));
}

TEST_F(NodeManagerTest, StartMayPartlySucceed) {
  pb::StartContainersResponseProto answer;
  write(second_, *answer.add_succeeded_requests());
  fail(*answer.add_failed_requests(), first_, "org.apache.hadoop.yarn.exceptions.YarnException",
       "Unauthorized request to start container. \nThis token is expired. current time is 2 found 1\nNote: "
       "System "
       "times on machines may be out of sync. Check system time and time zones.");
  caller_.answer_with(answer);
  const auto started = run(node_.start({{first_, {}, {}}, {second_, {}, {}}, {third_, {}, {}}}));
  ASSERT_TRUE(started);
  ASSERT_EQ(started->size(), 3u);
  ASSERT_FALSE(started->at(0));
  EXPECT_TRUE(started->at(0).error().is_remote("YarnException"));
  EXPECT_THAT(started->at(0).error().message(), HasSubstr("This token is expired"));
  EXPECT_TRUE(started->at(1));
  ASSERT_FALSE(started->at(2));
  EXPECT_EQ(started->at(2).error().code(), ErrorCode::kDataLoss);
  EXPECT_THAT(started->at(2).error().message(), HasSubstr(to_string(third_)));
}

TEST_F(NodeManagerTest, ARefusedCallIsOneError) {
  caller_.answer(Error(ErrorCode::kUnauthenticated, "Invalid container token",
                       "org.apache.hadoop.security.token.SecretManager$InvalidToken"));
  const auto started = run(node_.start({{first_, {}, {}}}));
  ASSERT_FALSE(started);
  EXPECT_TRUE(started.error().is_remote("InvalidToken"));
}

TEST_F(NodeManagerTest, Stop) {
  const Transcript golden("am-nm-stop");
  caller_.answer(golden.call("stopContainers").answer);
  const auto stopped = run(node_.stop({first_}));
  EXPECT_EQ(caller_.last().request, golden.call("stopContainers").request);
  EXPECT_EQ(caller_.last().options.repeat, rpc::Repeat::kSafe);
  ASSERT_TRUE(stopped);
  EXPECT_TRUE(stopped->at(0));

  pb::StopContainersResponseProto answer;
  fail(*answer.add_failed_requests(), first_, "org.apache.hadoop.yarn.exceptions.NMNotYetReadyException",
       "Container container_x is recovering, try later");
  caller_.answer_with(answer);
  const auto later = run(node_.stop({first_}));
  ASSERT_FALSE(later->at(0));
  EXPECT_EQ(later->at(0).error().code(), ErrorCode::kUnavailable);
}

TEST_F(NodeManagerTest, Statuses) {
  const Transcript golden("am-nm-status");
  caller_.answer(golden.call("getContainerStatuses").answer);
  const auto statuses = run(node_.statuses({first_}));
  EXPECT_EQ(caller_.last().request, golden.call("getContainerStatuses").request);
  ASSERT_TRUE(statuses);
  ASSERT_TRUE(statuses->at(0));
  EXPECT_EQ(statuses->at(0)->id, first_);
  EXPECT_EQ(statuses->at(0)->state, ContainerState::kRunning);
  EXPECT_EQ(statuses->at(0)->exit_status, -1000);
  EXPECT_EQ(statuses->at(0)->diagnostics, "");

  pb::GetContainerStatusesResponseProto answer;
  auto& status = *answer.add_status();
  write(second_, *status.mutable_container_id());
  status.set_exit_status(3);
  fail(*answer.add_failed_requests(), first_, "org.apache.hadoop.yarn.exceptions.YarnException",
       "Container container_x was recently stopped on node manager.\n\tat java.lang.Thread.run");
  caller_.answer_with(answer);
  const auto mixed = run(node_.statuses({first_, second_, third_}));
  ASSERT_TRUE(mixed);
  ASSERT_FALSE(mixed->at(0));
  EXPECT_THAT(mixed->at(0).error().message(), Not(HasSubstr("\n\tat ")));
  EXPECT_EQ(mixed->at(1)->exit_status, 3);
  EXPECT_FALSE(mixed->at(2));
}

TEST_F(NodeManagerTest, Signal) {
  caller_.answer("");
  ASSERT_TRUE(run(node_.signal(first_, ContainerSignal::kThreadDump)));
  EXPECT_EQ(caller_.last().method, "signalToContainer");
  const auto sent = caller_.last_request<pb::SignalContainerRequestProto>();
  EXPECT_EQ(read(sent.container_id()), first_);
  EXPECT_EQ(sent.command(), pb::OUTPUT_THREAD_DUMP);
}

}  // namespace
}  // namespace knit::yarn
