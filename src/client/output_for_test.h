// For tests of this module: containers' output from nodes in memory to lines.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/golden_upload_for_test.h"
#include "client/line_output.h"
#include "client/output.h"
#include "fs/memory_file_system.h"
#include "io/loop.h"
#include "logs/fake_nodes_for_test.h"

namespace knit::client {

// The application of tests/golden/logs/ifile-none.3.4.2.bin.
inline constexpr ApplicationId kApp{1795397000582, 23};

inline ContainerRun run(std::int32_t instance, std::int64_t number, std::string node = "localhost",
                        std::int32_t restart = 0) {
  ContainerRun out;
  out.id = {{kApp, 1}, number};
  out.instance = instance;
  out.restart = restart;
  out.node = {node, 26197};
  out.node_http_address = node + ":8042";
  out.phase = ContainerRun::Phase::kRunning;
  out.started = WallTime{};
  return out;
}

inline ContainerRun ended(ContainerRun run) {
  run.phase = ContainerRun::Phase::kEnded;
  return run;
}

inline std::string numbers(int from, int to) {
  std::string out;
  for (int i = from; i <= to; ++i) out += std::to_string(i) + "\n";
  return out;
}

class OutputObserver : public RunObserver {
 public:
  // A part of a line ends with "+", the last line without newline with "$".
  void on_line(std::int32_t instance, OutputStream stream, std::string_view line, LineEnd end) override {
    lines.push_back(std::to_string(instance) + (stream == OutputStream::kStdout ? " | " : " ! ") +
                    std::string(line) +
                    (end == LineEnd::kPart   ? "+"
                     : end == LineEnd::kNone ? "$"
                                             : ""));
  }
  void on_notice(const std::string& text) override { notices.push_back(text); }
  std::vector<std::string> lines, notices;
};

class OutputFixture : public ::testing::Test {
 public:  // for coroutines that are no members
  OutputFixture() {
    loop_.run([](OutputFixture* test) -> io::Task<void> {
      test->nodes_ = std::make_unique<logs::FakeNodes>();
      test->pages_ = std::make_unique<logs::NodePages>(test->nodes_->options());
      test->output_ = std::make_unique<OutputFollower>(*test->pages_, test->lines_, options());
      co_return;
    }(this));
  }
  ~OutputFixture() override {
    loop_.run([](OutputFixture* test) -> io::Task<void> {
      co_await test->output_->stop();
      test->output_.reset();
      test->nodes_.reset();
    }(this));
  }
  static OutputOptions options() {
    return {[](const ContainerRun&) { return true; },
            [](std::string_view file) { return file == "stdout" || file == "stderr"; },
            {"stdout", "stderr"},
            std::nullopt};
  }
  std::map<std::string, std::string>& logs(const ContainerRun& run) {
    return nodes_->logs[to_string(run.id)];
  }
  void update(std::vector<ContainerRun> runs) {
    loop_.run([](OutputFixture* test, std::vector<ContainerRun> runs) -> io::Task<void> {
      test->output_->update(runs);
      co_return;
    }(this, std::move(runs)));
    loop_.run_ready();
  }
  bool caught_up() {
    bool out = false;
    loop_.run([](OutputFollower* output, bool* out) -> io::Task<void> {
      *out = output->caught_up();
      co_return;
    }(output_.get(), &out));
    return out;
  }
  std::vector<std::string> take() { return std::exchange(observer_.lines, {}); }

  // Runs beside advancing time until it has ended.
  void finish(io::Task<void> task) {
    bool done = false;
    auto group = std::make_unique<io::TaskGroup>();
    loop_.run([](io::TaskGroup* group, io::Task<void> task, bool* done) -> io::Task<void> {
      group->spawn([](io::Task<void> task, bool* done) -> io::Task<void> {
        co_await std::move(task);
        *done = true;
      }(std::move(task), done));
      co_return;
    }(group.get(), std::move(task), &done));
    for (int i = 0; i < 2000 && !done; ++i) loop_.advance(std::chrono::milliseconds(100));
    EXPECT_TRUE(done);
    loop_.run([](io::TaskGroup* group) -> io::Task<void> { co_await group->stop(); }(group.get()));
  }
  void put(const std::string& name, std::string bytes) {
    fs::CreateOptions options;
    options.overwrite = true;
    ASSERT_TRUE(loop_.run(fs::write_file(fs_, "/logs/" + name, std::move(bytes), options)));
  }
  void put_upload() { put("localhost_26197", golden_upload()); }
  UploadState state(std::vector<std::optional<LogAggregation>> states) {
    return [states, at = std::make_shared<std::size_t>(0)]() -> io::Task<std::optional<LogAggregation>> {
      co_return states[std::min((*at)++, states.size() - 1)];
    };
  }

  io::Loop loop_{io::Loop::Time::kManual};
  fs::MemoryFileSystem fs_;
  OutputObserver observer_;
  LineOutput lines_{observer_};
  std::unique_ptr<logs::FakeNodes> nodes_;
  std::unique_ptr<logs::NodePages> pages_;
  std::unique_ptr<OutputFollower> output_;
  UploadFolders uploads_{{&fs_, "/logs"}};
};

}  // namespace knit::client
