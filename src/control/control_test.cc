#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/utf8.h"
#include "control/journal.h"
#include "control/launch_file.h"

namespace knit::control {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

const ApplicationAttemptId kAttempt{{1763862000000, 42}, 2};
const ContainerId kContainer{kAttempt, (17LL << 40) + 3};
const NodeId kNode{"node7.example.com", 45454};
constexpr WallTime kTime{1763862000123ms};

std::string every_byte() {
  std::string all;
  for (int i = 1; i < 256; ++i) all += static_cast<char>(i);
  return all;
}

LaunchFile full_launch_file() {
  LaunchFile file;
  file.application = kAttempt.application;
  file.user = "alice";
  file.spec.command = {"/bin/sh", "-c", every_byte(), "", "{{X}}"};
  file.spec.instances = 10;
  file.spec.resource = {ByteSize::mib(2048), 3, {{"yarn.io/gpu", 2}}};
  file.spec.environment = {{"B", every_byte()}, {"A", ""}, {"B", "again"}};
  file.spec.name = "n\xC3\xA4me";
  file.spec.queue = "root.small";
  file.spec.tags = {"a", "b"};
  file.spec.priority = -3;
  file.spec.node_label = "gpu";
  file.spec.lifetime = 1h;
  file.spec.start_timeout = 90s;
  file.spec.max_restarts = 2;
  file.spec.max_failures = 1;
  file.spec.fail_fast = true;
  file.spec.master_memory = ByteSize::mib(256);
  file.spec.master_attempts = 3;
  file.spec.master_bind = "10.0.0.7";
  file.spec.master_ports = {20000, 20100};
  file.files = {{"x.zip", "hdfs://nn:8020/a%20b/x.zip", 123, 1763862000001, true},
                {"\xFF", "hdfs:///f", 0, 0, false}};
  file.master_files = {{"knit-master-x86_64", "hdfs://ns1/m", 7, 1'000'000'000'000, false}};
  file.nodes = {{"node1", "/rack1", 3, 4}, {"node2:45454", "/default-rack", 0, 4}};
  file.staging_uri = "hdfs://ns1/user/alice/.knit";
  file.simple_authentication = false;
  file.default_path = "/usr/bin:/bin";
  file.default_lang = "C.UTF-8";
  file.settings = {{"fs.defaultFS", "hdfs://ns1"}, {"x", ""}};
  return file;
}

TEST(LaunchFile, ComesBackAsItWas) {
  const LaunchFile file = full_launch_file();
  auto read = decode_launch_file(encode(file));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->application, file.application);
  EXPECT_EQ(read->user, "alice");
  EXPECT_EQ(read->spec.command, file.spec.command);
  EXPECT_EQ(read->spec.instances, 10);
  EXPECT_EQ(read->spec.resource, file.spec.resource);
  EXPECT_EQ(read->spec.environment, file.spec.environment);
  EXPECT_EQ(read->spec.name, file.spec.name);
  EXPECT_EQ(read->spec.queue, file.spec.queue);
  EXPECT_EQ(read->spec.tags, file.spec.tags);
  EXPECT_EQ(read->spec.priority, -3);
  EXPECT_EQ(read->spec.node_label, "gpu");
  EXPECT_EQ(read->spec.lifetime, file.spec.lifetime);
  EXPECT_EQ(read->spec.start_timeout, file.spec.start_timeout);
  EXPECT_EQ(read->spec.max_restarts, 2);
  EXPECT_EQ(read->spec.max_failures, 1);
  EXPECT_TRUE(read->spec.fail_fast);
  EXPECT_EQ(read->spec.master_memory, ByteSize::mib(256));
  EXPECT_EQ(read->spec.master_attempts, 3);
  ASSERT_EQ(read->files.size(), 2U);
  EXPECT_EQ(read->files[0].uri, file.files[0].uri);
  EXPECT_EQ(read->files[0].size, 123);
  EXPECT_EQ(read->files[0].modified_ms, 1763862000001);
  EXPECT_TRUE(read->files[0].archive);
  EXPECT_EQ(read->files[1].name, "\xFF");
  ASSERT_EQ(read->master_files.size(), 1U);
  EXPECT_EQ(read->master_files[0].name, "knit-master-x86_64");
  EXPECT_EQ(read->master_files[0].size, 7);
  EXPECT_EQ(read->nodes, file.nodes);
  EXPECT_EQ(read->staging_uri, file.staging_uri);
  EXPECT_FALSE(read->simple_authentication);
  EXPECT_EQ(read->default_path, file.default_path);
  EXPECT_EQ(read->default_lang, file.default_lang);
  EXPECT_EQ(read->settings, file.settings);
  EXPECT_EQ(encode(*read), encode(file));
}

TEST(LaunchFile, SaysWhatIsWrong) {
  const std::string good = encode(full_launch_file());
  const auto spoiled = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return decode_launch_file(text.replace(at, from.size(), to));
  };
  EXPECT_EQ(spoiled("\"version\":1", "\"version\":2").error().code(), ErrorCode::kUnimplemented);
  EXPECT_THAT(spoiled("\"user\":\"alice\"", "\"user\":7").error().message(),
              "launch file: user: is not a text");
  EXPECT_THAT(spoiled("\"instances\":10", "\"instances\":\"10\"").error().message(),
              "launch file: spec: instances: is not a whole number");
  EXPECT_THAT(spoiled("\"size\":123", "\"size\":-1").error().message(),
              HasSubstr("launch file: files[0]: size: -1"));
  EXPECT_THAT(spoiled("application_1763862000000_0042", "job_1").error().message(),
              HasSubstr("launch file: application: "));
  EXPECT_EQ(decode_launch_file("{").error().code(), ErrorCode::kDataLoss);
  EXPECT_EQ(decode_launch_file("").error().code(), ErrorCode::kDataLoss);
  EXPECT_EQ(decode_launch_file(std::string(kMaxLaunchFile + 1, ' ')).error().code(),
            ErrorCode::kResourceExhausted);
  EXPECT_TRUE(spoiled("\"version\":1", "\"version\":1,\"newer\":[1]"));
}

std::vector<JournalEntry> one_of_each() {
  return {MasterStarted{kAttempt,
                        kContainer,
                        kNode,
                        "node7.example.com:8042",
                        kTime,
                        "date",
                        "alice",
                        "root.default",
                        10,
                        {"date", every_byte()},
                        20001},
          InstanceStarting{3, 1, kContainer, kNode, "node7.example.com:8042", kTime},
          InstanceStarted{kContainer, kTime},
          InstanceEnded{3, 1, kContainer, kTime, -104, ExitClass::kMemory, "was killed", "lines\nof stderr\n",
                        true},
          InstanceOutput{kContainer, kTime, {{"stdout", 300, every_byte()}, {"stderr", 0, ""}}, "why not"},
          Scaled{kTime, 12, {3, 7}, true},
          StopRequested{kTime, 10s},
          RestartRequested{4, kTime},
          ApplicationEnded{kTime, FinalStatus::kFailed, "1 of 10"}};
}

TEST(Journal, EntriesComeBackAsTheyWere) {
  for (const JournalEntry& entry : one_of_each()) {
    const std::string line = encode(entry);
    EXPECT_EQ(line.find('\n'), std::string::npos);
    auto read = decode_journal_line(line);
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(read->index(), entry.index());
    EXPECT_EQ(encode(*read), line);
  }
  auto started = std::get<MasterStarted>(*decode_journal_line(encode(one_of_each()[0])));
  EXPECT_THAT(started.command, ElementsAre("date", every_byte()));
  EXPECT_EQ(started.container, kContainer);
  auto ended = std::get<InstanceEnded>(*decode_journal_line(encode(one_of_each()[3])));
  EXPECT_EQ(ended.exit_class, ExitClass::kMemory);
  EXPECT_EQ(ended.exit_status, -104);
  EXPECT_TRUE(ended.final);
  EXPECT_EQ(ended.time, kTime);
  auto output = std::get<InstanceOutput>(*decode_journal_line(encode(one_of_each()[4])));
  ASSERT_EQ(output.streams.size(), 2U);
  EXPECT_EQ(output.streams[0].bytes, every_byte());
  EXPECT_EQ(output.streams[0].length, 300U);
  EXPECT_EQ(output.unavailable, "why not");
  auto scaled = std::get<Scaled>(*decode_journal_line(encode(one_of_each()[5])));
  EXPECT_EQ(scaled.total, 12);
  EXPECT_THAT(scaled.removed, ElementsAre(3, 7));
  EXPECT_TRUE(scaled.held);
  EXPECT_EQ(std::get<StopRequested>(*decode_journal_line(encode(one_of_each()[6]))).grace, 10s);
}

TEST(Journal, LongTextsAreCutAndLinesStayWithinTheirLimit) {
  InstanceEnded ended = std::get<InstanceEnded>(one_of_each()[3]);
  ended.diagnostics = std::string(1 << 20, 'x') + "\xFFthe end";
  auto read = std::get<InstanceEnded>(*decode_journal_line(encode(ended)));
  EXPECT_LE(read.diagnostics.size(), kMaxJournalText + 4);
  EXPECT_THAT(read.diagnostics, HasSubstr("the end"));
  EXPECT_TRUE(base::is_utf8(read.diagnostics));

  MasterStarted started = std::get<MasterStarted>(one_of_each()[0]);
  started.command = {"first", std::string(2 << 20, 'y')};
  const std::string line = encode(started);
  EXPECT_LE(line.size(), kMaxJournalLine);
  EXPECT_THAT(std::get<MasterStarted>(*decode_journal_line(line)).command, ElementsAre("first"));
}

TEST(Journal, OutputThatIsWorstToWriteDownStillFits) {
  for (const char byte : {'\x01', '\xFF', 'x'}) {
    const std::string most = "begins" + std::string(kMaxOutputBytes, byte);
    const std::string line =
        encode(InstanceOutput{kContainer, kTime, {{"stdout", 1 << 20, most}, {"stderr", 1 << 20, most}}, ""});
    EXPECT_LE(line.size(), kMaxJournalLine);
    const auto read = decode_journal_line(line);
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(std::get<InstanceOutput>(*read).streams[1].bytes, std::string(kMaxOutputBytes, byte));
  }
  const auto lies = encode(InstanceOutput{kContainer, kTime, {{"stdout", 3, "four"}}, ""});
  EXPECT_THAT(decode_journal_line(lies).error().message(), HasSubstr("streams[0]: bytes"));
}

TEST(Journal, ReadsWhileItGrowsAtEveryPlaceItCanBeCut) {
  std::string text;
  for (const JournalEntry& entry : one_of_each()) text += encode(entry) + "\n";
  text += "\n{\"kind\":\"from_the_future\",\"x\":1}\n" + encode(one_of_each()[2]) + "\n{\"kind\":\"inst";
  for (std::size_t cut = 0; cut <= text.size(); cut += 7) {
    JournalReader reader;
    auto first = reader.feed(std::string_view(text).substr(0, cut));
    auto second = reader.feed(std::string_view(text).substr(cut));
    ASSERT_TRUE(first);
    ASSERT_TRUE(second);
    EXPECT_EQ(first->size() + second->size(), one_of_each().size() + 1);
    EXPECT_EQ(reader.bytes_read(), text.size());
  }
}

TEST(Journal, AMalformedLineIsNamed) {
  JournalReader reader;
  auto read = reader.feed(encode(one_of_each()[0]) + "\n{\"kind\":\"instance_started\"}\n");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), ErrorCode::kDataLoss);
  EXPECT_EQ(read.error().message(), "journal, line 2: journal entry: container: is missing");
  auto starting = std::get<InstanceStarting>(one_of_each()[1]);
  starting.restart = INT32_MAX;  // nobody could count on from there
  EXPECT_THAT(decode_journal_line(encode(starting)).error().message(), HasSubstr("restart"));
  JournalReader endless;
  EXPECT_TRUE(endless.feed(std::string(kMaxJournalLine, ' ')));
  EXPECT_THAT(endless.feed(" ").error().message(), HasSubstr("line 1: longer than"));
}

TEST(Journal, HasItsPlaces) {
  const ApplicationId id = kAttempt.application;
  EXPECT_EQ(journal_path("/user/a/.knit", id), "/user/a/.knit/apps/application_1763862000000_0042/journal");
  EXPECT_EQ(journal_path("/user/a/.knit", id, 2),
            "/user/a/.knit/apps/application_1763862000000_0042/journal.2");
  EXPECT_EQ(record_path("/user/a/.knit", id), "/user/a/.knit/runs/application_1763862000000_0042");
}

}  // namespace
}  // namespace knit::control
