// A master that runs against a cluster and a file system in memory, in a test's time.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "io/task_group.h"
#include "logs/fake_nodes_for_test.h"
#include "master/fake_cluster_for_test.h"
#include "master/flaky_files_for_test.h"
#include "master/manual_time_for_test.h"
#include "master/master.h"

namespace knit::master {

class NotesInMemory final : public Notes {
 public:
  void say(std::string_view text) override { text_ += std::string(text) + "\n"; }
  std::string text_;
};

class MasterTest : public testing::Test {
 protected:
  MasterTest() {
    file_.application = {1700, 1};
    file_.user = "alice";
    file_.spec.command = {"date"};
    file_.spec.instances = 10;
    file_.spec.resource = {ByteSize::mib(512), 2, {}};
    file_.staging_uri = "hdfs://nn/user/alice/.knit";
  }

  // One attempt of the master; the application's end, or why the attempt ended without it.
  Result<app::Conclusion> run(io::Duration at_most = std::chrono::minutes(30), int attempt = 1) {
    return run_manual(loop_, run_attempt(attempt), at_most);
  }
  // An attempt that ends without the application's end, `between`, and the next, which the cluster keeps the
  // containers for.
  Result<app::Conclusion> run_two(std::function<void()> between = [] {}) {
    auto both = [](MasterTest* self, std::function<void()> between) -> io::Task<Result<app::Conclusion>> {
      EXPECT_FALSE(co_await self->run_master(1));
      self->cluster_.trouble = nullptr;
      self->files_.trouble = Trouble();
      self->cluster_.begin_attempt();
      between();
      co_return co_await self->run_attempt(2);
    };
    return run_manual(loop_, both(this, std::move(between)), std::chrono::minutes(30));
  }
  io::Task<Result<app::Conclusion>> run_attempt(int attempt) {
    auto result = co_await run_master(attempt);
    co_await cluster_.close();
    co_return result;
  }
  // What the cluster runs goes on after it.
  io::Task<Result<app::Conclusion>> run_master(int attempt) {
    const ContainerId container{{file_.application, attempt}, 1};
    Journal journal(files_, "/user/alice/.knit", container.attempt, notes_);
    Master master(file_, Identity{container, {"node1", 45454}, "node1:8042", submitted_}, {}, cluster_,
                  cluster_, journal, notes_, Master::Limits());
    // Whatever runs on a node writes the same.
    logs::FakeNodes nodes;
    for (std::int64_t i = 1; i < 20; ++i)
      nodes.logs[to_string(ContainerId{{file_.application, attempt}, i})] = {{"stdout", "says no more\n"}};
    FailedOutput output(logs::NodePages(nodes.options()), journal, notes_);
    if (keeps_output_) master.keep_output(output);
    io::TaskGroup beside;
    if (owner_) beside.spawn(owner_(master.service()));
    auto result = co_await master.run();
    co_await beside.join();
    co_return result;
  }

  std::vector<control::JournalEntry> record() {
    return read(control::record_path("/user/alice/.knit", file_.application));
  }
  std::vector<control::JournalEntry> read(const std::string& path) {
    auto bytes = run_manual(loop_, fs::read_file(files_.memory, path, 1 << 24), std::chrono::seconds(1));
    if (!bytes) return {};
    control::JournalReader reader;
    return *reader.feed(*bytes);
  }
  template <class T>
  std::vector<T> entries() {
    std::vector<T> out;
    for (const auto& entry : record()) {
      if (const T* one = std::get_if<T>(&entry)) out.push_back(*one);
    }
    return out;
  }
  void expect_clean_end() {
    EXPECT_TRUE(cluster_.finished);
    EXPECT_EQ(cluster_.live(), 0U);
    const auto all = record();
    ASSERT_FALSE(all.empty());
    EXPECT_TRUE(std::holds_alternative<control::MasterStarted>(all.front()));
    EXPECT_TRUE(std::holds_alternative<control::ApplicationEnded>(all.back()));
  }

  io::Loop loop_{io::Loop::Time::kManual};
  control::LaunchFile file_;
  std::optional<WallTime> submitted_;
  bool keeps_output_ = false;
  FakeCluster cluster_;
  FlakyFileSystem files_;
  NotesInMemory notes_;
  // What the owner asks for while the master runs.
  std::function<io::Task<void>(control::Service&)> owner_;
};

}  // namespace knit::master
