#include "yarn/application_master.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/loop.h"
#include "security/identifiers.h"
#include "yarn/convert_master.h"
#include "yarn/transcript_testing.h"

namespace knit::yarn {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class MasterTest : public ::testing::Test {
 protected:
  template <class T>
  T run(io::Task<T> task) {
    return loop_.run(std::move(task));
  }

  io::Loop loop_{io::Loop::Time::kManual};
  ScriptedCaller caller_;
  MasterProtocol master_{caller_};
  const Transcript golden_{"am-rm-token"};
  const ApplicationAttemptId attempt_{{1795397000582, 8}, 1};
};

TEST_F(MasterTest, Register) {
  const auto& call = golden_.call("registerApplicationMaster");
  caller_.answer(call.answer);
  const auto answer = run(master_.register_master({.host = "localhost", .port = 0}));
  EXPECT_EQ(caller_.last().method, "registerApplicationMaster");
  EXPECT_EQ(caller_.last().request, call.request);
  EXPECT_EQ(caller_.last().options.repeat, rpc::Repeat::kNever);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->maximum, (Resource{ByteSize::mib(8192), 8, {}}));
  EXPECT_EQ(answer->queue, "root.default");
  EXPECT_EQ(answer->access, (AccessLists{"alice ", "root "}));
  ASSERT_EQ(answer->resource_types.size(), 2u);
  EXPECT_EQ(answer->resource_types[0].name, "memory-mb");
  EXPECT_EQ(answer->resource_types[0].unit, "Mi");
  EXPECT_THAT(answer->previous_containers, IsEmpty());
}

TEST_F(MasterTest, Allocate) {
  AllocateRequest request;
  request.progress = 0.5;
  request.asks.push_back({.priority = 1, .capability = {ByteSize::mib(256), 1, {}}, .count = 1});
  caller_.answer(golden_.call("allocate", 0).answer);
  const auto first = run(master_.allocate(request));
  EXPECT_EQ(caller_.last().request, golden_.call("allocate", 0).request);
  EXPECT_EQ(caller_.last().options.repeat, rpc::Repeat::kNever);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->response_id, 1);
  EXPECT_EQ(first->command, MasterCommand::kNone);
  EXPECT_EQ(first->available, (Resource{ByteSize::mib(4480), 3, {}}));
  EXPECT_EQ(first->nodes, 1);
  EXPECT_EQ(first->priority, 0);
  EXPECT_FALSE(first->amrm_token);
  EXPECT_THAT(first->allocated, IsEmpty());

  request.asks.clear();
  request.response_id = 1;
  caller_.answer(golden_.call("allocate", 1).answer);
  const auto second = run(master_.allocate(request));
  EXPECT_EQ(caller_.last().request, golden_.call("allocate", 1).request);
  ASSERT_TRUE(second);
  ASSERT_EQ(second->allocated.size(), 1u);
  const auto& container = second->allocated[0];
  EXPECT_EQ(container.id, (ContainerId{attempt_, 2}));
  EXPECT_EQ(container.node, (NodeId{"localhost", 26197}));
  EXPECT_EQ(container.node_http_address, "localhost:26199");
  EXPECT_EQ(container.resource, (Resource{ByteSize::mib(256), 1, {}}));
  EXPECT_EQ(container.priority, 1);
  EXPECT_EQ(container.allocation_request_id, 0);
  EXPECT_EQ(container.execution, ExecutionType::kGuaranteed);
  EXPECT_EQ(container.token.kind, security::kContainerTokenKind);
  EXPECT_EQ(container.token.service, "127.0.0.1:26197");
  EXPECT_EQ(container.token.password.size(), 20u);
  EXPECT_EQ(security::decode_container_token_identifier(container.token.identifier)->container, container.id);
  ASSERT_EQ(second->nm_tokens.size(), 1u);
  EXPECT_EQ(second->nm_tokens[0].node, container.node);
  EXPECT_EQ(second->nm_tokens[0].token.kind, security::kNmTokenKind);
  EXPECT_EQ(security::decode_nm_token_identifier(second->nm_tokens[0].token.identifier)->attempt, attempt_);

  caller_.answer(golden_.call("allocate", 2).answer);
  const auto third = run(master_.allocate(request));
  ASSERT_TRUE(third);
  ASSERT_EQ(third->completed.size(), 1u);
  EXPECT_EQ(third->completed[0].id, container.id);
  EXPECT_EQ(third->completed[0].exit_status, -105);
  EXPECT_EQ(third->completed[0].state, ContainerState::kComplete);
  EXPECT_THAT(third->completed[0].diagnostics, HasSubstr("Container killed by the ApplicationMaster."));
}

TEST_F(MasterTest, Finish) {
  FinishRequest request;
  request.diagnostics = "done";
  for (const std::size_t nth : {0u, 1u}) {
    const auto& call = golden_.call("finishApplicationMaster", nth);
    caller_.answer(call.answer);
    const auto done = run(master_.finish(request));
    EXPECT_EQ(caller_.last().request, call.request);
    ASSERT_TRUE(done);
    EXPECT_EQ(*done, nth == 1);
  }
}

TEST_F(MasterTest, EverythingARequestCanSay) {
  AllocateRequest request;
  request.response_id = 7;
  request.asks.push_back({.priority = 2,
                          .allocation_request_id = 40,
                          .place = "node1",
                          .capability = {ByteSize::bytes(1), 2, {{"yarn.io/gpu", 1}}},
                          .count = 3,
                          .relax_locality = false,
                          .execution = ExecutionType::kOpportunistic});
  request.asks.push_back({.node_label = "gpu"});
  request.releases = {{attempt_, 5}};
  request.blacklist_additions = {"bad1"};
  request.blacklist_removals = {"good"};
  request.tracking_url = "http://m:1";
  caller_.answer("");
  ASSERT_TRUE(run(master_.allocate(request)));
  const auto sent = caller_.last_request<pb::AllocateRequestProto>();
  ASSERT_EQ(sent.ask_size(), 2);
  EXPECT_EQ(sent.ask(0).resource_name(), "node1");
  EXPECT_FALSE(sent.ask(0).relax_locality());
  EXPECT_EQ(sent.ask(0).allocation_request_id(), 40);
  EXPECT_EQ(sent.ask(0).capability().memory(), 1);  // rounded up to a whole MiB
  EXPECT_EQ(sent.ask(0).capability().resource_value_map(2).key(), "yarn.io/gpu");
  EXPECT_EQ(sent.ask(0).execution_type_request().execution_type(), pb::OPPORTUNISTIC);
  EXPECT_FALSE(sent.ask(0).has_node_label_expression());
  EXPECT_EQ(sent.ask(1).node_label_expression(), "gpu");
  EXPECT_EQ(sent.ask(1).resource_name(), "*");
  EXPECT_EQ(read(sent.release(0)), (ContainerId{attempt_, 5}));
  EXPECT_EQ(sent.blacklist_request().blacklist_additions(0), "bad1");
  EXPECT_EQ(sent.blacklist_request().blacklist_removals(0), "good");
  EXPECT_EQ(sent.response_id(), 7);
  EXPECT_EQ(sent.tracking_url(), "http://m:1");
  // What was written reads the same.
  EXPECT_EQ(read(sent.ask(1), {}), request.asks[1]);
}

TEST_F(MasterTest, EverythingAnAnswerCanSay) {
  pb::AllocateResponseProto answer;
  answer.set_a_m_command(pb::AM_SHUTDOWN);
  auto& token = *answer.mutable_am_rm_token();
  token.set_identifier(std::string("\0id", 3));
  token.set_password("secret");
  token.set_kind("YARN_AM_RM_TOKEN");
  token.set_service("");
  write(ContainerId{attempt_, 3},
        *answer.mutable_preempt()->mutable_strictcontract()->add_container()->mutable_id());
  write(ContainerId{attempt_, 4},
        *answer.mutable_preempt()->mutable_contract()->add_container()->mutable_id());
  answer.mutable_preempt()->mutable_contract()->add_resource()->mutable_resource()->set_num_containers(2);
  auto& node = *answer.add_updated_nodes();
  node.mutable_nodeid()->set_host("n2");
  node.set_node_state(pb::NS_DECOMMISSIONING);
  auto& previous = *answer.add_containers_from_previous_attempts();
  write(ContainerId{attempt_, 9}, *previous.mutable_id());
  write(NodeId{"n1", 1}, *previous.mutable_nodeid());
  previous.set_execution_type(pb::OPPORTUNISTIC);
  caller_.answer_with(answer);
  const auto seen = run(master_.allocate({}));
  ASSERT_TRUE(seen) << seen.error().message();
  EXPECT_EQ(seen->command, MasterCommand::kShutdown);
  ASSERT_TRUE(seen->amrm_token);
  EXPECT_EQ(seen->amrm_token->identifier, std::string("\0id", 3));
  EXPECT_EQ(seen->amrm_token->password.bytes(), "secret");
  ASSERT_TRUE(seen->preemption);
  EXPECT_THAT(seen->preemption->strict, ElementsAre(ContainerId{attempt_, 3}));
  EXPECT_THAT(seen->preemption->negotiable, ElementsAre(ContainerId{attempt_, 4}));
  EXPECT_EQ(seen->preemption->amounts.at(0).count, 2);
  EXPECT_EQ(seen->updated_nodes.at(0).state, NodeState::kDecommissioning);
  // Recovered by a ResourceManager that restarted: without a token.
  ASSERT_EQ(seen->previous_containers.size(), 1u);
  EXPECT_EQ(seen->previous_containers[0].id.id, 9);
  EXPECT_EQ(seen->previous_containers[0].token.kind, "");
  EXPECT_EQ(seen->previous_containers[0].execution, ExecutionType::kOpportunistic);
  EXPECT_EQ(seen->available, std::nullopt);
  EXPECT_EQ(seen->priority, std::nullopt);
}

TEST_F(MasterTest, WhatCannotBeUsedIsAnError) {
  const auto refused = [&](const pb::AllocateResponseProto& answer) {
    caller_.answer_with(answer);
    const auto seen = run(master_.allocate({}));
    return !seen && seen.error().code() == ErrorCode::kDataLoss;
  };
  pb::AllocateResponseProto no_token;
  write(ContainerId{attempt_, 9}, *no_token.add_allocated_containers()->mutable_id());
  write(NodeId{"n1", 1}, *no_token.mutable_allocated_containers(0)->mutable_nodeid());
  EXPECT_TRUE(refused(no_token));
  pb::AllocateResponseProto no_id;
  no_id.add_completed_container_statuses();
  EXPECT_TRUE(refused(no_id));
  pb::AllocateResponseProto no_node;
  no_node.add_nm_tokens();
  EXPECT_TRUE(refused(no_node));
}

TEST_F(MasterTest, RegisterAfterAFailedAttempt) {
  pb::RegisterApplicationMasterResponseProto answer;
  auto& type = *answer.add_resource_types();
  type.set_name("disk");
  type.set_units("G");
  auto& entry = *answer.mutable_maximumcapability()->add_resource_value_map();
  entry.set_key("disk");
  entry.set_units("M");
  entry.set_value(5000);
  auto& container = *answer.add_containers_from_previous_attempts();
  write(ContainerId{attempt_, 2}, *container.mutable_id());
  write(NodeId{"n1", 1}, *container.mutable_nodeid());
  container.set_allocation_request_id(11);
  auto& token = *answer.add_nm_tokens_from_previous_attempts();
  write(NodeId{"n1", 1}, *token.mutable_nodeid());
  write(security::Token{"i", security::Secret("p"), "NMToken", "s"}, *token.mutable_token());
  caller_.answer_with(answer);
  const auto seen = run(master_.register_master({}));
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->maximum.others.at("disk"), 5);
  EXPECT_EQ(seen->previous_containers.at(0).allocation_request_id, 11);
  EXPECT_EQ(seen->nm_tokens.at(0).token.kind, "NMToken");
}

}  // namespace
}  // namespace knit::yarn
