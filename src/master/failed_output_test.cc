#include "master/failed_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/try.h"
#include "logs/fake_nodes_for_test.h"
#include "master/master_fixture_for_test.h"

namespace knit::master {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

const ApplicationAttemptId kAttempt{{1700000000000, 7}, 1};
constexpr const char* kStaging = "/user/alice/.knit";
using Logs = std::map<std::string, std::map<std::string, std::string>>;

ContainerId container(std::int64_t number) {
  return {kAttempt, number};
}

class FailedOutputTest : public testing::Test {
 protected:
  // The journal's entries after these failures, one on each address.
  std::vector<control::InstanceOutput> keep(std::vector<std::string> addresses,
                                            FailedOutput::Limits limits = {}, std::size_t recovered = 0) {
    const auto kept = run_manual(loop_, run(std::move(addresses), limits, recovered), 10min);
    EXPECT_TRUE(kept) << kept.error().message();
    const auto bytes = run_manual(
        loop_, fs::read_file(files_.memory, control::record_path(kStaging, kAttempt.application), 1 << 24),
        1s);
    std::vector<control::InstanceOutput> out;
    control::JournalReader reader;
    const auto entries = reader.feed(*bytes);
    for (const auto& entry : *entries) out.push_back(std::get<control::InstanceOutput>(entry));
    return out;
  }
  io::Task<Status> run(std::vector<std::string> addresses, FailedOutput::Limits limits,
                       std::size_t recovered) {
    logs::FakeNodes nodes;
    nodes.logs = logs_;
    nodes.unreachable = {"away:8042"};
    auto options = nodes.options();
    options.connect = [this, connect = options.connect](
                          io::HostPort server) -> io::Task<Result<std::unique_ptr<io::Stream>>> {
      ++asked_[server.host];
      if (server.host == "silent") KNIT_CO_TRY_VOID(co_await io::sleep_for(1h));
      co_return co_await connect(std::move(server));
    };
    Journal journal(files_, kStaging, kAttempt, notes_);
    KNIT_CO_TRY_VOID(co_await journal.recover());
    journal.start();
    FailedOutput output(pages_ ? Result<logs::NodePages>(*pages_) : logs::NodePages(options), journal, notes_,
                        limits);
    output.recovered(recovered);
    const auto begun = io::now();
    for (std::size_t i = 0; i < addresses.size(); ++i)
      output.keep(container(static_cast<std::int64_t>(i)), addresses[i]);
    co_await output.finish();
    took_ = io::now() - begun;
    co_return co_await journal.finish();
  }

  io::Loop loop_{io::Loop::Time::kManual};
  FlakyFileSystem files_;
  NotesInMemory notes_;
  Logs logs_;
  std::optional<Error> pages_;
  std::map<std::string, int> asked_;
  io::Duration took_{};
};

TEST_F(FailedOutputTest, TheEndOfBothStreams) {
  const std::string end(control::kMaxOutputBytes - 1, 'x');
  logs_[to_string(container(0))] = {
      {"stdout", "begin\n" + end + "\n"}, {"stderr", "boom \xFF\n"}, {"prelaunch.out", "no"}};
  const auto entries = keep({"n1:8042"});
  ASSERT_THAT(entries, SizeIs(1));
  EXPECT_EQ(entries[0].container, container(0));
  EXPECT_EQ(entries[0].unavailable, "");
  ASSERT_THAT(entries[0].streams, SizeIs(2));
  EXPECT_EQ(entries[0].streams[0].file, "stdout");
  EXPECT_EQ(entries[0].streams[0].bytes, end + "\n");
  EXPECT_EQ(entries[0].streams[0].length, end.size() + 7);
  EXPECT_EQ(entries[0].streams[1].bytes, "boom \xFF\n");
  EXPECT_THAT(notes_.text_, IsEmpty());
}

TEST_F(FailedOutputTest, WhyThereIsNothing) {
  const auto entries = keep({"n1:8042", "away:8042", "silent:8042", ""});
  ASSERT_THAT(entries, SizeIs(4));
  std::map<std::int64_t, std::string> why;
  for (const auto& entry : entries) why[entry.container.id] = entry.unavailable;
  EXPECT_EQ(why[0], "the NodeManager at n1:8042 has none of it any more");
  EXPECT_THAT(why[1], HasSubstr("connection refused"));
  EXPECT_EQ(why[2], "silent:8042 did not answer in time");
  EXPECT_THAT(why[3], HasSubstr("address of a NodeManager's web page"));

  pages_ = Error(ErrorCode::kUnimplemented, "they speak TLS");
  EXPECT_EQ(keep({"n1:8042"}).at(0).unavailable, "they speak TLS");
}

TEST_F(FailedOutputTest, ANodeThatDoesNotAnswerCostsOnePatience) {
  for (int i = 0; i < 50; ++i) logs_[to_string(container(i))] = {{"stdout", "x\n"}};
  std::vector<std::string> addresses(40, "silent:8042");
  addresses.resize(50, "n1:8042");
  const auto entries = keep(addresses);
  EXPECT_THAT(entries, SizeIs(50));
  EXPECT_LE(took_, 4s);
  EXPECT_LE(asked_["silent"], 4) << "those that were under way already";
  EXPECT_EQ(std::ranges::count(entries, "", &control::InstanceOutput::unavailable), 10);
}

TEST_F(FailedOutputTest, NobodyWaitsForManySilentNodes) {
  std::vector<std::string> addresses(200, "silent:8042");
  FailedOutput::Limits limits;
  limits.node_pause = 0ms;
  const auto entries = keep(addresses, limits);
  EXPECT_LE(took_, 6s);
  EXPECT_THAT(entries, SizeIs(4));
  EXPECT_THAT(notes_.text_, HasSubstr("the output of 196 failed runs is left out of the record"));
}

TEST_F(FailedOutputTest, TheFirstAndTheLastWithinTheirLimits) {
  constexpr int kCount = 300;
  for (int i = 0; i < kCount; ++i)
    logs_[to_string(container(i))] = {{"stdout", std::string(10'000, 'x')}, {"stderr", std::to_string(i)}};
  FailedOutput::Limits limits;
  limits.first = 100'000;
  limits.last = 50'000;
  limits.at_once = 1;
  const auto entries = keep(std::vector<std::string>(kCount, "n1:8042"), limits);
  std::vector<std::int64_t> kept;
  for (const auto& entry : entries) kept.push_back(entry.container.id);
  EXPECT_THAT(kept, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 296, 297, 298, 299));
  EXPECT_THAT(notes_.text_, HasSubstr("the output of 287 failed runs is left out"));

  EXPECT_THAT(keep(std::vector<std::string>(kCount, "n1:8042"), limits, 95'000), SizeIs(4))
      << "earlier attempts have used up the place for the first ones";

  limits.waiting = 2;
  const auto last = keep(std::vector<std::string>(kCount, "n1:8042"), limits);
  EXPECT_THAT(last, SizeIs(3));
  EXPECT_EQ(last.back().container, container(299));
}

TEST_F(MasterTest, WhatFailedRunsWroteIsInTheRecordAndDelaysNoRestart) {
  file_.spec.instances = 2;
  file_.spec.max_restarts = 1;
  cluster_.program = [](const FakeCluster::Start& start) {
    return FakeCluster::Program{1s, start.instance() == "0" && start.restart() == "0" ? 3 : 0, {}};
  };
  keeps_output_ = true;
  const auto before = loop_.now();
  EXPECT_EQ(run()->status, FinalStatus::kSucceeded);
  EXPECT_LT(loop_.now() - before, 10s);
  const auto kept = entries<control::InstanceOutput>();
  ASSERT_THAT(kept, SizeIs(1)) << "only of the run that failed";
  const auto ended = entries<control::InstanceEnded>();
  const auto failed = std::ranges::find(ended, 3, &control::InstanceEnded::exit_status);
  EXPECT_EQ(kept[0].container, failed->container);
  EXPECT_EQ(kept[0].streams.at(0).bytes, "says no more\n");
  expect_clean_end();
}

}  // namespace
}  // namespace knit::master
