#include "yarn/resource_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "io/loop.h"
#include "yarn/convert_reports.h"
#include "yarn/iso8601.h"
#include "yarn/transcript_testing.h"

namespace knit::yarn {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

WallTime at_ms(std::int64_t ms) {
  return WallTime(std::chrono::milliseconds(ms));
}

class ResourceManagerTest : public ::testing::Test {
 protected:
  template <class T>
  T run(io::Task<T> task) {
    return loop_.run(std::move(task));
  }

  io::Loop loop_{io::Loop::Time::kManual};
  ScriptedCaller caller_;
  ResourceManager rm_{caller_};
  const ApplicationId app_{1795397000582, 8};
};

// What the program behind rm-client-submit gave to Java's client.
SubmissionContext golden_submission() {
  SubmissionContext context;
  context.id = {1795397000582, 8};
  context.name = "golden";
  context.queue = "default";
  context.type = "GOLDEN";
  context.tags = {"Tag-B", "tag-a"};
  context.max_attempts = 1;
  context.resource = {ByteSize::mib(512), 1, {}};
  context.master.resources["hello.txt"] = {"hdfs",
                                           "localhost",
                                           26186,
                                           "/tmp/hello.txt",
                                           ByteSize::bytes(13),
                                           at_ms(1795397221805),
                                           LocalResourceType::kFile,
                                           LocalResourceVisibility::kApplication};
  context.master.environment = {{"CLASSPATH", "/tmp/wf/cls:$HADOOP_CONF_DIR:/var/tmp/hadoop-lab/3.4.2/*"},
                                {"GREETING", "hi"}};
  context.master.commands = {
      "{{JAVA_HOME}}/bin/java -Xmx128m MiniAM 1 'echo hello-out; echo hello-err >&2; sleep 30' 1500 "
      "1><LOG_DIR>/stdout 2><LOG_DIR>/stderr"};
  context.master.access = {"alice ", "root "};
  return context;
}

TEST_F(ResourceManagerTest, SubmissionIsWhatJavaSends) {
  const Transcript golden("rm-client-submit");
  caller_.answer(golden.call("submitApplication").answer);
  ASSERT_TRUE(run(rm_.submit(golden_submission())));
  EXPECT_EQ(caller_.last().method, "submitApplication");
  EXPECT_EQ(caller_.last().options.repeat, rpc::Repeat::kSafe);
  EXPECT_EQ(caller_.last().request, golden.call("submitApplication").request);
}

TEST_F(ResourceManagerTest, EverythingASubmissionCanSay) {
  auto context = golden_submission();
  context.resource.others["yarn.io/gpu"] = 2;
  context.priority = 3;
  context.node_label = "gpu";
  context.master_node_label = "cpu";
  context.keep_containers = true;
  context.attempt_failures_validity = std::chrono::milliseconds(60'000);
  context.lifetime = std::chrono::seconds(3600);
  context.log_aggregation.emplace().policy_class = "org.example.Policy";
  context.cancel_tokens_when_complete = false;
  context.master.tokens = std::string("HDTS\0\0\0", 7);
  context.master.service_data["mapreduce_shuffle"] = std::string("\0\xff", 2);
  caller_.answer("");
  ASSERT_TRUE(run(rm_.submit(context)));
  const auto sent =
      caller_.last_request<pb::SubmitApplicationRequestProto>().application_submission_context();
  EXPECT_EQ(sent.priority().priority(), 3);
  EXPECT_EQ(sent.node_label_expression(), "gpu");
  ASSERT_EQ(sent.am_container_resource_request_size(), 1);
  EXPECT_EQ(sent.am_container_resource_request(0).node_label_expression(), "cpu");
  EXPECT_EQ(sent.am_container_resource_request(0).resource_name(), "*");
  EXPECT_EQ(sent.am_container_resource_request(0).num_containers(), 1);
  EXPECT_EQ(sent.am_container_resource_request(0).capability().memory(), 512);
  EXPECT_TRUE(sent.keep_containers_across_application_attempts());
  EXPECT_EQ(sent.attempt_failures_validity_interval(), 60'000);
  ASSERT_EQ(sent.application_timeouts_size(), 1);
  EXPECT_EQ(sent.application_timeouts(0).timeout(), 3600);
  EXPECT_EQ(sent.log_aggregation_context().include_pattern(), ".*");
  EXPECT_EQ(sent.log_aggregation_context().log_aggregation_policy_class_name(), "org.example.Policy");
  EXPECT_FALSE(sent.cancel_tokens_when_complete());
  EXPECT_EQ(sent.am_container_spec().tokens(), std::string("HDTS\0\0\0", 7));
  EXPECT_EQ(sent.am_container_spec().service_data(0).value(), std::string("\0\xff", 2));
  ASSERT_EQ(sent.resource().resource_value_map_size(), 3);
  EXPECT_EQ(sent.resource().resource_value_map(2).key(), "yarn.io/gpu");
  EXPECT_EQ(sent.resource().resource_value_map(2).value(), 2);
  EXPECT_FALSE(sent.resource().resource_value_map(2).has_units());
}

TEST_F(ResourceManagerTest, NewApplication) {
  const Transcript golden("rm-client-submit");
  caller_.answer(golden.call("getNewApplication").answer);
  const auto fresh = run(rm_.new_application());
  ASSERT_TRUE(fresh);
  EXPECT_EQ(caller_.last().method, "getNewApplication");
  EXPECT_EQ(caller_.last().request, golden.call("getNewApplication").request);
  EXPECT_EQ(fresh->id, app_);
  EXPECT_EQ(fresh->maximum, (Resource{ByteSize::mib(8192), 8, {}}));

  caller_.answer("");
  const auto empty = run(rm_.new_application());
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().code(), ErrorCode::kDataLoss);
}

TEST_F(ResourceManagerTest, ReportsOfAnApplicationFromBirthToDeath) {
  const Transcript golden("rm-client-submit");
  const auto report = [&](std::size_t nth) {
    caller_.answer(golden.call("getApplicationReport", nth).answer);
    auto answer = run(rm_.report(app_));
    EXPECT_EQ(caller_.last().request, golden.call("getApplicationReport", nth).request);
    EXPECT_TRUE(answer);
    return *answer;
  };
  const auto first = report(0);
  EXPECT_EQ(first.id, app_);
  EXPECT_EQ(first.name, "golden");
  EXPECT_EQ(first.user, "root");
  EXPECT_EQ(first.queue, "root.default");
  EXPECT_EQ(first.type, "GOLDEN");
  EXPECT_THAT(first.tags, ElementsAre("tag-a", "tag-b"));
  EXPECT_EQ(first.state, ApplicationState::kAccepted);
  EXPECT_EQ(first.final_status, FinalStatus::kUndefined);
  EXPECT_THAT(first.diagnostics, HasSubstr("Application is Activated, waiting for resources"));
  EXPECT_EQ(first.master_host, "");
  EXPECT_EQ(first.master_port, -1);
  EXPECT_EQ(first.original_tracking_url, "");
  EXPECT_EQ(first.tracking_url, "http://localhost:26195/proxy/application_1795397000582_0008/");
  EXPECT_EQ(first.started, at_ms(1795397618665));
  EXPECT_EQ(first.finished, std::nullopt);
  EXPECT_EQ(first.launched, std::nullopt);
  EXPECT_EQ(first.expires, std::nullopt);
  EXPECT_EQ(first.log_aggregation, LogAggregation::kNotStarted);
  EXPECT_EQ(first.node_label, "");
  EXPECT_EQ(first.master_node_label, "");
  EXPECT_EQ(to_string(first.current_attempt), "appattempt_1795397000582_0008_000001");

  const auto second = report(1);
  EXPECT_EQ(second.running_containers, 1);
  EXPECT_EQ(second.used, (Resource{ByteSize::mib(512), 1, {}}));
  EXPECT_EQ(second.needed, (Resource{ByteSize::mib(512), 1, {}}));
  EXPECT_EQ(report(2).launched, at_ms(1795397618997));

  const auto last = report(17);
  EXPECT_EQ(last.state, ApplicationState::kFinished);
  EXPECT_EQ(last.final_status, FinalStatus::kSucceeded);
  EXPECT_EQ(last.diagnostics, "done");
  EXPECT_GT(last.finished, last.started);
  EXPECT_GT(last.memory_mib_seconds, 0);
}

TEST_F(ResourceManagerTest, WhatAReportMayLack) {
  pb::GetApplicationReportResponseProto answer;
  auto& report = *answer.mutable_application_report();
  report.mutable_app_resource_usage()->set_num_used_containers(-1);  // without the right to see it
  report.mutable_app_resource_usage()->mutable_used_resources()->set_memory(-1);
  report.mutable_app_resource_usage()->mutable_used_resources()->set_virtual_cores(-1);
  report.set_progress(std::nanf(""));
  auto& timeout = *report.add_apptimeouts();
  timeout.set_application_timeout_type(pb::APP_TIMEOUT_LIFETIME);
  timeout.mutable_application_timeout()->set_application_timeout_type(pb::APP_TIMEOUT_LIFETIME);
  timeout.mutable_application_timeout()->set_expire_time("2026-11-23T03:31:08.123+0200");
  caller_.answer_with(answer);
  const auto seen = run(rm_.report(app_));
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->state, ApplicationState::kUnknown);
  EXPECT_EQ(seen->final_status, FinalStatus::kUnknown);
  EXPECT_EQ(seen->log_aggregation, LogAggregation::kUnknown);
  EXPECT_EQ(seen->running_containers, 0);
  EXPECT_EQ(seen->used, Resource{});
  EXPECT_EQ(seen->progress, 0);
  EXPECT_EQ(seen->diagnostics, "");
  ASSERT_TRUE(seen->expires);
  EXPECT_EQ(to_iso8601(*seen->expires), "2026-11-23T01:31:08.123+0000");
}

TEST_F(ResourceManagerTest, StatesThatAreNotKnownAreUnknown) {
  // yarn_application_state (8) = 99, final_application_status (13) = 77
  const std::string report = std::string("\x40\x63\x68\x4d", 4);
  caller_.answer(std::string("\x0a\x04", 2) + report);
  const auto seen = run(rm_.report(app_));
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->state, ApplicationState::kUnknown);
  EXPECT_EQ(seen->final_status, FinalStatus::kUnknown);
}

TEST_F(ResourceManagerTest, ErrorsPassThrough) {
  caller_.answer(Error(ErrorCode::kNotFound, "no such application",
                       "org.apache.hadoop.yarn.exceptions.ApplicationNotFoundException"));
  const auto report = run(rm_.report(app_));
  ASSERT_FALSE(report);
  EXPECT_TRUE(report.error().is_remote("ApplicationNotFoundException"));
  caller_.answer("\xff\xff");
  const auto garbage = run(rm_.report(app_));
  ASSERT_FALSE(garbage);
  EXPECT_EQ(garbage.error().code(), ErrorCode::kDataLoss);
}

TEST_F(ResourceManagerTest, ListIsWhatJavaAsks) {
  const Transcript golden("rm-application-list");
  caller_.answer(golden.call("getApplications").answer);
  ApplicationFilter filter;
  filter.states = {ApplicationState::kSubmitted, ApplicationState::kAccepted, ApplicationState::kRunning};
  const auto none = run(rm_.list(filter));
  ASSERT_TRUE(none);
  EXPECT_THAT(*none, IsEmpty());
  EXPECT_EQ(caller_.last().request, golden.call("getApplications").request);
}

TEST_F(ResourceManagerTest, FiltersOfAList) {
  pb::GetApplicationsResponseProto answer;
  for (const std::string name : {"a", "b", "a", "a"}) answer.add_applications()->set_name(name);
  ApplicationFilter filter;
  filter.states = {ApplicationState::kUnknown};
  filter.users = {"alice"};
  filter.queues = {"root.q"};
  filter.types = {"KNIT"};
  filter.tags = {"Nightly"};
  filter.started_after = at_ms(5);
  filter.limit = 3;
  caller_.answer_with(answer);
  EXPECT_EQ(run(rm_.list(filter))->size(), 3u);  // also where the ResourceManager does not keep to it
  auto sent = caller_.last_request<pb::GetApplicationsRequestProto>();
  EXPECT_EQ(sent.application_states_size(), 0);
  EXPECT_EQ(sent.users(0), "alice");
  EXPECT_EQ(sent.queues(0), "root.q");
  EXPECT_EQ(sent.application_types(0), "KNIT");
  EXPECT_EQ(sent.applicationtags(0), "nightly");
  EXPECT_EQ(sent.start_begin(), 5);
  EXPECT_EQ(sent.limit(), 3);

  // An older ResourceManager answers all names.
  filter.name = "a";
  filter.limit = 2;
  caller_.answer_with(answer);
  const auto named = run(rm_.list(filter));
  ASSERT_TRUE(named);
  ASSERT_EQ(named->size(), 2u);
  EXPECT_EQ((*named)[1].name, "a");
  sent = caller_.last_request<pb::GetApplicationsRequestProto>();
  EXPECT_EQ(sent.name(), "a");
  EXPECT_FALSE(sent.has_limit());
}

TEST_F(ResourceManagerTest, Kill) {
  const Transcript golden("rm-client-submit");
  caller_.answer(golden.call("forceKillApplication").answer);
  const auto killed = run(rm_.kill(app_, ""));
  ASSERT_TRUE(killed);
  EXPECT_TRUE(*killed);  // it had ended
  EXPECT_EQ(caller_.last().request, golden.call("forceKillApplication").request);
  caller_.answer("");
  EXPECT_FALSE(*run(rm_.kill(app_, "too slow")));
  EXPECT_EQ(caller_.last_request<pb::KillApplicationRequestProto>().diagnostics(), "too slow");
}

TEST_F(ResourceManagerTest, Move) {
  caller_.answer("");
  ASSERT_TRUE(run(rm_.move(app_, "root.small")));
  EXPECT_EQ(caller_.last().method, "moveApplicationAcrossQueues");
  const auto sent = caller_.last_request<pb::MoveApplicationAcrossQueuesRequestProto>();
  EXPECT_EQ(sent.application_id().id(), app_.id);
  EXPECT_EQ(sent.application_id().cluster_timestamp(), app_.cluster_timestamp);
  EXPECT_EQ(sent.target_queue(), "root.small");
}

TEST_F(ResourceManagerTest, SetExpiry) {
  caller_.answer("");
  ASSERT_TRUE(run(rm_.set_expiry(app_, at_ms(1795397618665))));
  EXPECT_EQ(caller_.last().method, "updateApplicationTimeouts");
  const auto sent = caller_.last_request<pb::UpdateApplicationTimeoutsRequestProto>();
  EXPECT_EQ(sent.application_timeouts(0).expire_time(), "2026-11-23T01:33:38.665+0000");
}

TEST_F(ResourceManagerTest, Nodes) {
  const Transcript golden("rm-client-submit");
  caller_.answer(golden.call("getClusterNodes").answer);
  const auto nodes = run(rm_.nodes({NodeState::kRunning, NodeState::kUnknown}));
  EXPECT_EQ(caller_.last().request, golden.call("getClusterNodes").request);
  ASSERT_TRUE(nodes);
  ASSERT_EQ(nodes->size(), 1u);
  const auto& node = nodes->front();
  EXPECT_EQ(node.id, (NodeId{"localhost", 26197}));
  EXPECT_EQ(node.http_address, "localhost:26199");
  EXPECT_EQ(node.rack, "/default-rack");
  EXPECT_EQ(node.state, NodeState::kRunning);
  EXPECT_EQ(node.capacity, (Resource{ByteSize::mib(8192), 8, {}}));
  EXPECT_EQ(node.used, Resource{});
}

TEST_F(ResourceManagerTest, Queue) {
  const Transcript golden("rm-client-submit");
  caller_.answer(golden.call("getQueueInfo").answer);
  const auto queue = run(rm_.queue("default", false, false));
  ASSERT_TRUE(queue);
  EXPECT_EQ(queue->name, "default");
  EXPECT_EQ(queue->path, "root.default");
  EXPECT_EQ(queue->state, QueueState::kRunning);
  EXPECT_FLOAT_EQ(queue->capacity, 0.6f);
  EXPECT_FLOAT_EQ(queue->maximum_capacity, 1);
  EXPECT_EQ(queue->available_memory, ByteSize::mib(4915));
  EXPECT_EQ(queue->available_vcores, 4);
  EXPECT_EQ(queue->running, 0);
  ASSERT_TRUE(queue->maximum_master_share);
  EXPECT_FLOAT_EQ(*queue->maximum_master_share, 0.9f);
  EXPECT_THAT(queue->accessible_labels, ElementsAre("*"));
  const auto sent = caller_.last_request<pb::GetQueueInfoRequestProto>();
  EXPECT_FALSE(sent.includeapplications());

  caller_.answer("");
  const auto missing = run(rm_.queue("nosuch", true, true));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(missing.error().message(), HasSubstr("'nosuch'"));
}

TEST_F(ResourceManagerTest, PathsOfQueuesThatDoNotTellThem) {
  pb::QueueInfoProto root;
  root.set_queuename("root");
  auto& a = *root.add_childqueues();
  a.set_queuename("a");
  a.set_state(pb::Q_DRAINING);
  a.add_childqueues()->set_queuename("b");
  root.add_childqueues()->set_queuename("root.fair");
  const auto tree = read(root);
  EXPECT_EQ(tree.children[0].path, "root.a");
  EXPECT_EQ(tree.children[0].state, QueueState::kDraining);
  EXPECT_EQ(tree.children[0].children[0].path, "root.a.b");
  EXPECT_EQ(tree.children[1].path, "root.fair");
  // Below a queue whose own place is not known no path is made up.
  EXPECT_EQ(read(root.childqueues(0)).children[0].path, "b");
}

TEST_F(ResourceManagerTest, QueueAccessAndLabels) {
  pb::GetQueueUserAclsInfoResponseProto acls;
  auto& entry = *acls.add_queueuseracls();
  entry.set_queuename("root.a");
  entry.add_useracls(pb::QACL_SUBMIT_APPLICATIONS);
  acls.add_queueuseracls()->set_queuename("root.b");
  caller_.answer_with(acls);
  const auto queues = run(rm_.queue_access());
  ASSERT_TRUE(queues);
  EXPECT_TRUE((*queues)[0].may_submit);
  EXPECT_FALSE((*queues)[0].may_administer);
  EXPECT_FALSE((*queues)[1].may_submit);

  pb::GetClusterNodeLabelsResponseProto labels;
  labels.add_deprecatednodelabels("gpu");
  caller_.answer_with(labels);
  EXPECT_EQ(run(rm_.node_labels())->at(0).name, "gpu");
  auto& label = *labels.add_nodelabels();
  label.set_name("gpu");
  label.set_isexclusive(false);
  caller_.answer_with(labels);
  const auto seen = run(rm_.node_labels());
  ASSERT_EQ(seen->size(), 1u);
  EXPECT_FALSE(seen->at(0).exclusive);
}

TEST_F(ResourceManagerTest, ResourceTypesDecideTheUnit) {
  pb::GetAllResourceTypeInfoResponseProto types;
  auto& type = *types.add_resource_type_info();
  type.set_name("disk");
  type.set_units("Gi");
  caller_.answer_with(types);
  ASSERT_TRUE(run(rm_.resource_types()));
  EXPECT_EQ(caller_.last().method, "getResourceTypeInfo");

  pb::GetNewApplicationResponseProto fresh;
  fresh.mutable_application_id();
  auto& entry = *fresh.mutable_maximumcapability()->add_resource_value_map();
  entry.set_key("disk");
  entry.set_units("Mi");
  entry.set_value(4096);
  caller_.answer_with(fresh);
  EXPECT_EQ(run(rm_.new_application())->maximum.others.at("disk"), 4);

  caller_.answer(Error(ErrorCode::kUnimplemented, "no", "org.apache.hadoop.ipc.RpcNoSuchMethodException"));
  const auto old = run(rm_.resource_types());
  ASSERT_TRUE(old);
  ASSERT_EQ(old->size(), 2u);
  EXPECT_EQ(old->at(0).name, "memory-mb");
  caller_.answer(Error(ErrorCode::kUnavailable, "away"));
  EXPECT_FALSE(run(rm_.resource_types()));
}

TEST_F(ResourceManagerTest, AttemptsContainersMetrics) {
  pb::GetApplicationAttemptsResponseProto attempts;
  auto& attempt = *attempts.add_application_attempts();
  attempt.mutable_application_attempt_id()->set_attemptid(2);
  attempt.set_yarn_application_attempt_state(pb::APP_ATTEMPT_FINISHING);
  attempt.set_host("N/A");
  attempt.mutable_am_container_id()->set_id((17LL << 40) | 1);
  caller_.answer_with(attempts);
  const auto seen = run(rm_.attempts(app_));
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->at(0).state, "FINISHING");
  EXPECT_EQ(seen->at(0).host, "");
  EXPECT_EQ(seen->at(0).master_container.epoch(), 17);

  pb::GetApplicationAttemptReportResponseProto one;
  *one.mutable_application_attempt_report() = attempt;
  caller_.answer_with(one);
  EXPECT_EQ(run(rm_.attempt({app_, 2}))->id.attempt, 2);
  caller_.answer("");
  EXPECT_FALSE(run(rm_.attempt({app_, 2})));

  pb::GetContainersResponseProto containers;
  auto& container = *containers.add_containers();
  container.set_container_state(pb::C_RUNNING);
  container.mutable_node_id()->set_host("n1");
  container.set_creation_time(7);
  caller_.answer_with(containers);
  const auto running = run(rm_.containers({app_, 2}));
  ASSERT_TRUE(running);
  EXPECT_EQ(running->at(0).state, ContainerState::kRunning);
  EXPECT_EQ(running->at(0).node.host, "n1");
  EXPECT_EQ(running->at(0).created, at_ms(7));
  EXPECT_EQ(running->at(0).finished, std::nullopt);

  pb::GetClusterMetricsResponseProto metrics;
  metrics.mutable_cluster_metrics()->set_num_node_managers(5);
  metrics.mutable_cluster_metrics()->set_num_active_nms(4);
  metrics.mutable_cluster_metrics()->set_num_shutdown_nms(1);
  caller_.answer_with(metrics);
  const auto numbers = run(rm_.cluster_metrics());
  ASSERT_TRUE(numbers);
  EXPECT_EQ(numbers->nodes, 5);
  EXPECT_EQ(numbers->active, 4);
  EXPECT_EQ(numbers->shut_down, 1);
}

}  // namespace
}  // namespace knit::yarn
