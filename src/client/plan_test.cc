#include "client/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace knit::client {
namespace {

using testing::HasSubstr;

RunSpec date() {
  RunSpec spec;
  spec.command = {"/bin/date"};
  return spec;
}

ClusterFacts facts() {
  ClusterFacts facts;
  facts.id = {1763862000000, 7};
  facts.limits.maximum = {ByteSize::mib(4096), 8, {{"yarn.io/gpu", 2}}};
  facts.limits.types = {{"memory-mb", "Mi"}, {"vcores", ""}, {"yarn.io/gpu", ""}};
  facts.active_nodes = 3;
  return facts;
}

QueueFacts queue(std::string name, QueueState state = QueueState::kRunning) {
  QueueFacts facts;
  facts.info = QueueInfo{name, "root." + name, state};
  facts.open = {"default", "small"};
  return facts;
}

Error refusal(const ClusterFacts& facts, const RunSpec& spec) {
  const auto checked = check_against(facts, spec, "alice");
  EXPECT_FALSE(checked);
  return checked ? Error(ErrorCode::kInternal, "taken") : checked.error();
}

TEST(Plan, AllIsWell) {
  const auto checked = check_against(facts(), date(), "alice");
  ASSERT_TRUE(checked) << checked.error().message();
  EXPECT_TRUE(checked->empty());
}

TEST(Plan, WhatIsSubmitted) {
  auto spec = date();
  spec.queue = "small";
  spec.tags = {"A"};
  spec.priority = 3;
  spec.master_memory = ByteSize::mib(256);
  spec.master_attempts = 4;
  spec.lifetime = std::chrono::milliseconds(1001);
  const auto context = submission_of(spec, {1, 2});
  EXPECT_EQ(context.name, "date");
  EXPECT_EQ(context.queue, "small");
  EXPECT_EQ(context.type, "KNIT");
  EXPECT_EQ(context.priority, 3);
  EXPECT_EQ(context.resource, (Resource{ByteSize::mib(256), 1, {}}));
  EXPECT_EQ(context.max_attempts, 4);
  EXPECT_EQ(context.lifetime, std::chrono::seconds(2));
}

TEST(Plan, MoreThanTheClusterGives) {
  auto spec = date();
  spec.resource.memory = ByteSize::mib(5000);
  EXPECT_THAT(refusal(facts(), spec).message(), HasSubstr("at most 4 GiB"));
  spec = date();
  spec.resource.others["yarn.io/fpga"] = 1;
  EXPECT_EQ(refusal(facts(), spec).code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(refusal(facts(), spec).message(), HasSubstr("yarn.io/fpga"));
  spec = date();
  spec.master_memory = ByteSize::mib(5000);
  EXPECT_THAT(refusal(facts(), spec).message(), HasSubstr("the master asks for"));
  spec = date();
  spec.tags.assign(11, "tag");
  EXPECT_THAT(refusal(facts(), spec).message(), HasSubstr("allows 10"));
  spec = date();
  spec.type = std::string(21, 't');
  EXPECT_THAT(refusal(facts(), spec).message(), HasSubstr("at most 20"));
}

TEST(Plan, Queues) {
  auto spec = date();
  spec.queue = "x";
  auto cluster = facts();
  cluster.queue = queue("x");
  EXPECT_TRUE(check_against(cluster, spec, "alice"));
  cluster.queue->may_submit = true;
  EXPECT_TRUE(check_against(cluster, spec, "alice"));

  cluster.queue->may_submit = false;
  auto error = refusal(cluster, spec);
  EXPECT_EQ(error.code(), ErrorCode::kPermissionDenied);
  EXPECT_EQ(error.message(),
            "--queue x: 'alice' may not submit to this queue; you may submit to default, small");

  for (const auto state : {QueueState::kStopped, QueueState::kDraining}) {
    cluster.queue = queue("x", state);
    error = refusal(cluster, spec);
    EXPECT_EQ(error.code(), ErrorCode::kPermissionDenied);
    EXPECT_THAT(error.message(), HasSubstr(std::string(to_string(state))));
  }

  cluster.queue = queue("x");
  cluster.queue->info->children = {QueueInfo{"a"}, QueueInfo{"b"}};
  EXPECT_THAT(refusal(cluster, spec).message(), HasSubstr("in its parts alone: a, b"));

  cluster.queue->info.reset();
  error = refusal(cluster, spec);
  EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  EXPECT_EQ(error.message(), "--queue x: there is no such queue; you may submit to default, small");
  cluster.queue->has_parent = true;
  const auto checked = check_against(cluster, spec, "alice");
  ASSERT_TRUE(checked);
  EXPECT_EQ(checked->size(), 1u);
}

TEST(Plan, Labels) {
  auto spec = date();
  spec.node_label = "gpu";
  auto cluster = facts();
  cluster.label = LabelFacts{{"gpu", "big"}, 2};
  EXPECT_TRUE(check_against(cluster, spec, "alice"));
  cluster.label->nodes = 0;
  EXPECT_EQ(refusal(cluster, spec).message(), "--node-label gpu: no running node has this label");
  cluster.label->labels = {"big"};
  EXPECT_THAT(refusal(cluster, spec).message(), HasSubstr("it has big"));
  cluster.label->labels = {};
  EXPECT_THAT(refusal(cluster, spec).message(), HasSubstr("has no node labels"));

  cluster.label = LabelFacts{{"gpu"}, 2};
  spec.queue = "x";
  cluster.queue = queue("x");
  EXPECT_EQ(refusal(cluster, spec).code(), ErrorCode::kPermissionDenied);
  cluster.queue->info->accessible_labels = {"*"};
  EXPECT_TRUE(check_against(cluster, spec, "alice"));
}

TEST(Plan, AnEmptyClusterIsWorthAWarning) {
  auto cluster = facts();
  cluster.active_nodes = 0;
  EXPECT_EQ(check_against(cluster, date(), "alice").value().size(), 1u);
}

TEST(Plan, WhatTheLaunchScriptCannotPassOn) {
  auto spec = date();
  EXPECT_TRUE(check_launch(spec));
  spec.environment = {{"A", "1"}, {"CONTAINER_ID", "x"}};
  EXPECT_THAT(check_launch(spec).error().message(), HasSubstr("--env CONTAINER_ID: YARN sets"));
  spec.environment = {{"A", std::string(200 * 1024, 'x')}};
  EXPECT_FALSE(check_launch(spec));
  spec = date();
  spec.command.push_back(std::string(200 * 1024, 'x'));
  EXPECT_FALSE(check_launch(spec));
}

}  // namespace
}  // namespace knit::client
