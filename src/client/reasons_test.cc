#include "client/reasons.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/start_timeout.h"
#include "client/diagnostics.h"

namespace knit::client {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Texts of a ResourceManager 3.4.2.
constexpr const char* kMasterShare =
    "[Mon Nov 23 02:58:44 +0000 2026] Application is added to the scheduler and is not yet activated. "
    "Queue's AM "
    "resource limit exceeded.  Details : AM Partition = <DEFAULT_PARTITION>; AM Resource Request = "
    "<memory:256, "
    "vCores:1>; Queue Resource Limit for AM = <memory:128, vCores:1>; User AM Resource Limit of the queue = "
    "<memory:128, vCores:1>; Queue AM Resource Usage = <memory:256, vCores:1>; ";
constexpr const char* kActivated =
    "[Mon Nov 23 02:58:44 +0000 2026] Application is Activated, waiting for resources to be assigned for AM. "
    " "
    "Details : AM Partition = <DEFAULT_PARTITION> ; Partition Resource = <memory:12288, vCores:24> ; Queue's "
    "Absolute capacity = 85.0 % ; Queue's Absolute used capacity = 99.0 % ; Queue's Absolute max capacity = "
    "100.0 % "
    "; Queue's capacity (absolute resource) = <memory:10444, vCores:20> ; ";
constexpr const char* kAdvice =
    "For more detailed output, check the application tracking page: "
    "http://rm:8088/cluster/app/application_1_0003 "
    "Then click on links to logs of each attempt.\n. Failing the application.";

ApplicationReport report_of(ApplicationState state, std::string diagnostics) {
  ApplicationReport report;
  report.id = {1, 3};
  report.queue = "small";
  report.state = state;
  report.diagnostics = std::move(diagnostics);
  if (state == ApplicationState::kFailed) report.final_status = FinalStatus::kFailed;
  if (state == ApplicationState::kKilled) report.final_status = FinalStatus::kKilled;
  return report;
}

NodeReport node(std::string host, std::int64_t capacity_mib, std::int64_t used_mib) {
  NodeReport report;
  report.id = {std::move(host), 45454};
  report.state = NodeState::kRunning;
  report.capacity = {ByteSize::mib(capacity_mib), 8, {}};
  report.used = {ByteSize::mib(used_mib), 1, {}};
  return report;
}

Reason waits(std::string diagnostics, std::optional<std::vector<NodeReport>> nodes = std::nullopt,
             std::optional<QueueInfo> queue = std::nullopt) {
  return why_waiting({report_of(ApplicationState::kAccepted, std::move(diagnostics)), std::move(queue),
                      std::move(nodes), std::nullopt});
}

Reason failed(const std::string& middle) {
  return why_ended(
      report_of(ApplicationState::kFailed,
                "Application application_1_0003 failed 1 times (global limit =2; local limit is =1) "
                "due to " +
                    middle + kAdvice));
}

std::string container_end(int status, const std::string& diagnostics) {
  return "AM Container for appattempt_1_0003_000001 exited with  exitCode: " + std::to_string(status) +
         "\nFailing this attempt.Diagnostics: " + diagnostics;
}

TEST(WhyWaiting, BeforeItIsScheduled) {
  EXPECT_EQ(why_waiting({report_of(ApplicationState::kNewSaving, ""), {}, {}, {}}).why,
            "the ResourceManager is storing the application");
  EXPECT_EQ(why_waiting({report_of(ApplicationState::kSubmitted, ""), {}, {}, {}}).why,
            "the scheduler has not taken it in yet");
  EXPECT_EQ(waits("AM container is launched, waiting for AM container to Register with RM").why,
            "the master was started and has not registered yet");
  EXPECT_EQ(waits("Scheduler has assigned a container for AM, waiting for AM container to be launched").why,
            "a container was found for the master; its node is preparing it");
}

TEST(WhyWaiting, MastersShareOfTheQueue) {
  QueueInfo queue;
  queue.name = "small";
  queue.path = "root.small";
  queue.maximum_master_share = 0.1f;
  const auto reason = waits(kMasterShare, {}, queue);
  EXPECT_EQ(
      reason.why,
      "queue 'root.small' lets masters use at most 128 MiB, 256 MiB are in use, and this one needs 256 MiB");
  EXPECT_THAT(reason.hints,
              Contains(HasSubstr("yarn.scheduler.capacity.root.small.maximum-am-resource-percent "
                                 "(now 10%)")));

  std::string of_user = kMasterShare;
  of_user.replace(of_user.find("Queue's AM"), 10, "User's AM");
  EXPECT_EQ(waits(of_user).why,
            "queue 'small' lets masters of one user use at most 128 MiB, and this one needs 256 MiB");
}

TEST(WhyWaiting, Nodes) {
  EXPECT_EQ(waits(kActivated, std::vector<NodeReport>{}).why, "no NodeManager is running");

  auto sick = node("a", 4096, 0);
  sick.state = NodeState::kUnhealthy;
  EXPECT_EQ(waits(kActivated, std::vector{sick}).why, "no NodeManager is usable: 1 unhealthy");

  std::string wanted = std::string(kActivated) + "AM Resource Request = <memory:2048, vCores:1>; ";
  EXPECT_EQ(
      waits(wanted, std::vector{node("a", 1024, 0), node("b", 1536, 0)}).why,
      "the master needs 2 GiB and 1 vcore and no node is that large: the largest, b:45454, has 1.5 GiB and 8 "
      "vcores");
  EXPECT_EQ(waits(wanted, std::vector{node("a", 4096, 4000), node("b", 4096, 3072)}).why,
            "all 2 nodes are busy: the master needs 2 GiB and 1 vcore, at most 1 GiB and 7 vcores are free "
            "on one node");
  EXPECT_EQ(waits(wanted, std::vector{node("a", 4096, 0)}).why,
            "the scheduler looks for room for the master");
}

TEST(WhyWaiting, TheMasterAsItWasAskedFor) {
  WaitFacts facts;
  facts.report = report_of(ApplicationState::kAccepted, kActivated);
  facts.nodes = std::vector{node("a", 1024, 1000)};
  facts.master = Resource{ByteSize::mib(128), 1, {}};
  EXPECT_EQ(
      why_waiting(facts).why,
      "the only node is busy: the master needs 128 MiB and 1 vcore, at most 24 MiB and 7 vcores are free "
      "on one node");
}

TEST(WhyWaiting, LabelWithoutNodes) {
  WaitFacts facts;
  facts.report =
      report_of(ApplicationState::kAccepted,
                "Application is added to the scheduler and is not yet activated. Skipping AM assignment as "
                "cluster resource is empty.  Details : AM Partition = gpu; ");
  facts.report.node_label = "gpu";
  facts.nodes = std::vector{node("a", 4096, 0)};
  EXPECT_EQ(why_waiting(facts).why, "no running node has the label 'gpu'");
  facts.nodes.reset();
  EXPECT_EQ(why_waiting(facts).why, "no running node has the label 'gpu'");
}

// Such a node has the room; the queue's figures are of the nodes without a label.
TEST(WhyWaiting, QueueWithoutCapacityOnALabel) {
  WaitFacts facts;
  facts.report = report_of(
      ApplicationState::kAccepted,
      "[Thu Nov 26 06:01:58 +0000 2026] Application is Activated, waiting for resources to be assigned for "
      "AM.  "
      "Details : AM Partition = fast ; Partition Resource = <memory:4096, vCores:8> ; Queue's Absolute "
      "capacity "
      "= 0.0 % ; Queue's Absolute used capacity = 0.0 % ; Queue's Absolute max capacity = 0.0 % ; Queue's "
      "capacity (absolute resource) = <memory:0, vCores:0> ; Queue's used capacity (absolute resource) = "
      "<memory:0, vCores:0> ; Queue's max capacity (absolute resource) = <memory:0, vCores:0> ; ");
  facts.report.node_label = "fast";
  facts.nodes = std::vector{node("a", 4096, 0)};
  facts.nodes->front().labels = {"fast"};
  facts.queue = QueueInfo{"small", "small"};  // 3.3 tells no more
  auto reason = why_waiting(facts);
  EXPECT_EQ(reason.why, "queue 'small' has no capacity on nodes with the label 'fast'");
  EXPECT_THAT(reason.hints,
              Contains(HasSubstr("capacity.<queue-path>.accessible-node-labels.fast.capacity")));
  facts.queue->path = "root.small";
  reason = why_waiting(facts);
  EXPECT_EQ(reason.why, "queue 'root.small' has no capacity on nodes with the label 'fast'");
  EXPECT_THAT(reason.hints,
              Contains(HasSubstr("yarn.scheduler.capacity.root.small.accessible-node-labels.fast.capacity")));
}

TEST(WhyWaiting, Queue) {
  QueueInfo queue;
  queue.path = "root.small";
  queue.state = QueueState::kStopped;
  EXPECT_EQ(waits(kActivated, {}, queue).why, "queue 'root.small' is STOPPED");
  queue.state = QueueState::kRunning;
  queue.available_memory = ByteSize();
  EXPECT_EQ(waits(kActivated, {}, queue).why,
            "queue 'root.small' has 0 B left and even the smallest master needs 1 MiB");
}

TEST(WhyWaiting, InstancesOfARunningMaster) {
  WaitFacts facts;
  facts.report = report_of(ApplicationState::kRunning, "");
  facts.report.running_containers = 1;
  facts.instance = Resource{ByteSize::mib(512), 1, {}};
  EXPECT_EQ(why_waiting(facts).why, "the master waits for containers");
  facts.nodes = std::vector{node("a", 1024, 900)};
  EXPECT_EQ(why_waiting(facts).why,
            "the only node is busy: each instance needs 512 MiB and 1 vcore, at most 124 MiB and 7 vcores "
            "are free on "
            "one node");
  facts.report.running_containers = 2;
  EXPECT_EQ(why_waiting(facts).why, "");
}

TEST(WhyWaiting, PassesUnknownTextsOn) {
  EXPECT_EQ(waits("[Mon Nov 23 02:58:44 +0000 2026] The fair scheduler thinks.").why,
            "The fair scheduler thinks.");
  EXPECT_EQ(waits("").why, "the scheduler has not found room for the master yet");
}

TEST(WhyEnded, MasterContainer) {
  EXPECT_EQ(
      failed(container_end(3, "[2026-11-23 02:58:02.902]Exception from container-launch.\nExit code: 3\n")),
      (Reason{"the master ended with exit status 3",
              {"'knit logs application_1_0003 --instance master' shows what it wrote"}}));
  EXPECT_EQ(failed(container_end(0, "")).why,
            "the master ended without telling the ResourceManager how the application went");
  const auto memory = failed(container_end(
      -104,
      "[2026-11-23 02:58:04.081]Container [pid=1,containerID=c] is running 1B beyond the 'PHYSICAL' memory "
      "limit. Current usage: 129.1 MB of 128 MB physical memory used; 1 GB of 2.1 GB virtual memory used. "
      "Killing container.\n"));
  EXPECT_EQ(memory.why,
            "the master was killed for using more memory than it asked for (129.1 MB of 128 MB physical "
            "memory used)");
  EXPECT_THAT(memory.hints, Contains("give the master more memory with --master-memory"));
  EXPECT_EQ(failed(container_end(-100, "Container released on a *lost* node\n")).why,
            "the master was lost with its node, or released");
}

TEST(WhyEnded, Localization) {
  const auto reason = failed(container_end(
      -1000,
      "[2026-11-23 02:58:03.813]File does not exist: hdfs:/nosuch/file\njava.io.FileNotFoundException: File "
      "does not exist: hdfs:/nosuch/file\n\tat org.apache.hadoop.hdfs.X.doCall(X.java:1842)\n"));
  EXPECT_EQ(reason.why, "the master's node could not prepare it: File does not exist: hdfs:/nosuch/file");
  EXPECT_THAT(reason.hints,
              ElementsAre("a file it needs is missing, unreadable or was changed after the submission"));

  const auto token = failed(container_end(
      -1000,
      "[2026-11-23 02:58:03.813]token (HDFS_DELEGATION_TOKEN token 7 for alice) can't be found in cache\n"));
  EXPECT_THAT(token.hints, ElementsAre(HasSubstr("tokens")));
}

TEST(WhyEnded, AllAttempts) {
  const auto reason =
      why_ended(report_of(ApplicationState::kFailed, "Application application_1_0003 failed 2 times due to " +
                                                         container_end(4, "") + kAdvice));
  EXPECT_EQ(reason.why,
            "all 2 attempts of the master failed; the last one: the master ended with exit status 4");
}

TEST(WhyEnded, WithTheMastersLastWords) {
  const auto reason = failed(container_end(
      1,
      "[2026-11-23 02:58:03.813]Exception from container-launch.\nExit code: 1\n\n[2026-11-23 "
      "02:58:03.814]Container exited with a non-zero exit code 1. Error file: prelaunch.err.\nLast 4096 "
      "bytes of "
      "prelaunch.err :\nLast 4096 bytes of stderr :\nknit: this node is of the architecture riscv64\n\n\n"));
  EXPECT_EQ(reason.why,
            "the master ended with exit status 1\nIts last output on stderr:\nknit: this node is of the "
            "architecture riscv64");
}

TEST(WhyEnded, MasterSilentOrNotLaunched) {
  EXPECT_EQ(
      failed("ApplicationMaster for attempt appattempt_1_0003_000001 timed out. Failing the application.")
          .why,
      "the master was not heard of for too long");
  EXPECT_EQ(failed("Error launching appattempt_1_0003_000001. Got exception: java.net.ConnectException: Call "
                   "From rm to "
                   "nm failed on connection exception\n\tat a.b.C(D.java:1)\n")
                .why,
            "the master could not be launched: Call From rm to nm failed on connection exception");
}

TEST(WhyEnded, Killed) {
  const auto reason = [](const char* text) {
    return why_ended(report_of(ApplicationState::kKilled, text)).why;
  };
  EXPECT_EQ(reason("Application application_1_0003 was killed by user root"), "it was killed by root");
  EXPECT_EQ(
      reason(
          "Application application_1_0003 was killed by user alice at 10.0.0.7 with diagnostic message: too "
          "slow\n"),
      "it was killed by alice from 10.0.0.7: too slow");
  EXPECT_EQ(reason("Application application_1_0003 was killed by user alice at 10.0.0.7 with diagnostic "
                   "message: killed "
                   "by alice with knit kill"),
            "it was killed by alice from 10.0.0.7");
  EXPECT_EQ(reason("Application is killed by ResourceManager as it has exceeded the lifetime period."),
            "it was ended because its lifetime was over");
  const auto late =
      "Application application_1_0003 was killed by user alice at 10.0.0.7 with diagnostic message: " +
      app::start_timeout_text(std::chrono::seconds(30), "no NodeManager is running");
  EXPECT_EQ(reason(late.c_str()), "nothing ran within 30.0 s (start timeout): no NodeManager is running");
}

TEST(WhyEnded, Refused) {
  const auto reason = [](const char* text) {
    return why_ended(report_of(ApplicationState::kFailed, text)).why;
  };
  EXPECT_EQ(
      reason("org.apache.hadoop.security.AccessControlException: Queue root.small is STOPPED. Cannot accept "
             "submission of application: application_1_0003"),
      "queue 'small' is stopped");
  EXPECT_EQ(reason("Application application_1_0003 submitted by user root to unknown queue: small"),
            "there is no queue 'small'");
  EXPECT_EQ(reason("org.apache.hadoop.yarn.exceptions.YarnException: Something else\n\tat a.b.C(D.java:1)"),
            "Something else");
  EXPECT_EQ(reason(""), "the ResourceManager does not say why");
}

TEST(WhyEnded, TheMastersOwnWords) {
  auto report = report_of(ApplicationState::kFinished, "instance 3 failed");
  report.final_status = FinalStatus::kFailed;
  EXPECT_EQ(why_ended(report), (Reason{"instance 3 failed", {}}));
  report.final_status = FinalStatus::kSucceeded;
  EXPECT_EQ(why_ended(report), Reason());
}

TEST(OutcomeOf, Table) {
  const auto outcome = [](ApplicationState state, FinalStatus status, std::string text) {
    auto report = report_of(state, std::move(text));
    report.final_status = status;
    return outcome_of(report);
  };
  using S = ApplicationState;
  using F = FinalStatus;
  EXPECT_EQ(outcome(S::kFinished, F::kSucceeded, ""), Outcome::kSucceeded);
  EXPECT_EQ(outcome(S::kFinished, F::kFailed, ""), Outcome::kFailed);
  EXPECT_EQ(outcome(S::kFinished, F::kEnded, ""), Outcome::kFailed);
  EXPECT_EQ(outcome(S::kFinished, F::kKilled, ""), Outcome::kKilled);
  EXPECT_EQ(outcome(S::kFinished, F::kFailed, app::start_timeout_text(std::chrono::seconds(1), "")),
            Outcome::kNeverStarted);
  EXPECT_EQ(outcome(S::kFailed, F::kFailed, ""), Outcome::kFailed);
  EXPECT_EQ(outcome(S::kKilled, F::kKilled, "Application application_1_0003 was killed by user x"),
            Outcome::kKilled);
  EXPECT_EQ(outcome(S::kKilled, F::kKilled,
                    "Application is killed by ResourceManager as it has exceeded the lifetime period."),
            Outcome::kLifetimeOver);
}

TEST(Diagnostics, Pieces) {
  EXPECT_EQ(without_time("[2026-11-23 02:58:02.902]Exception"), "Exception");
  EXPECT_EQ(without_time("[x] y"), "[x] y");
  EXPECT_EQ(first_line("\n\tat a.b.C(D.java:1)\njava.io.FileNotFoundException: gone\n"), "gone");
  EXPECT_EQ(first_line(""), "");
  EXPECT_FALSE(parse_master_failure("Application x failed"));
  EXPECT_FALSE(resource_after("AM = <memory:x>", "AM = "));
  EXPECT_FALSE(parse_killed("nobody did"));
}

}  // namespace
}  // namespace knit::client
