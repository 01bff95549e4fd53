#include "client/log_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/try.h"
#include "client/golden_upload_for_test.h"
#include "client/log_choice.h"
#include "fs/memory_file_system.h"
#include "io/loop.h"
#include "io/wait.h"
#include "logs/fake_nodes_for_test.h"

namespace knit::client {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The application of tests/golden/logs/ifile-none.3.4.2.bin.
constexpr ApplicationId kApp{1795397000582, 23};

ContainerId container(std::int64_t number) {
  return {{kApp, 1}, number};
}

class FakeApplication final : public ApplicationView {
 public:
  explicit FakeApplication(fs::FileSystem& fs) : fs_(fs) {}
  io::Task<Result<ApplicationReport>> report() override { co_return now; }
  io::Task<Status> kill(std::string) override { co_return Status(); }
  io::Task<WaitFacts> facts(ApplicationReport) override { co_return WaitFacts(); }
  io::Task<Result<std::vector<ContainerReport>>> containers(ApplicationAttemptId) override {
    co_return running;
  }
  io::Task<Result<control::FollowAnswer>> news(ApplicationReport, control::FollowRequest) override {
    co_return Error(ErrorCode::kUnavailable, "nobody asks here");
  }
  Result<UploadFolders> uploads(const std::string&) override { return UploadFolders{{&fs_, "/logs"}}; }

  ApplicationReport now;
  std::vector<ContainerReport> running;

 private:
  fs::FileSystem& fs_;
};

class Logs : public ::testing::Test {
 protected:
  Logs() {
    loop_.run([](Logs* test) -> io::Task<void> {
      test->nodes_ = std::make_unique<logs::FakeNodes>();
      test->pages_ = std::make_unique<logs::NodePages>(test->nodes_->options());
      test->group_ = std::make_unique<io::TaskGroup>();
      co_return;
    }(this));
    application_.now.id = kApp;
    application_.now.state = ApplicationState::kRunning;
    application_.now.current_attempt = {kApp, 1};
  }
  ~Logs() override {
    loop_.run([](Logs* test) -> io::Task<void> {
      co_await test->group_->stop();
      test->group_.reset();
      test->nodes_.reset();
    }(this));
  }

  // A master and two instances, all on one node.
  void make_knits() {
    control::MasterStarted master;
    master.attempt = {kApp, 1};
    master.container = container(1);
    master.node = {"localhost", 26197};
    master.node_http_address = "localhost:8042";
    master.instances = 3;
    state_.apply(master);
    for (const std::int32_t instance : {0, 1}) {
      state_.apply(control::InstanceStarting{
          instance, 0, container(3 - instance), {"localhost", 26197}, "localhost:8042", WallTime{}});
      state_.apply(control::InstanceStarted{container(3 - instance), WallTime{}});
    }
  }
  void add_instance(std::int32_t number, const std::string& host) {
    const auto id = container(number + 2);
    state_.apply(control::InstanceStarting{number, 0, id, {host, 1}, host + ":8042", WallTime{}});
    state_.apply(control::InstanceStarted{id, WallTime{}});
  }
  void end(LogAggregation aggregation) {
    application_.now.state = ApplicationState::kFinished;
    application_.now.log_aggregation = aggregation;
  }
  void put(const std::string& name, std::string bytes) {
    fs::CreateOptions options;
    options.overwrite = true;
    ASSERT_TRUE(loop_.run(fs::write_file(fs_, "/logs/" + name, std::move(bytes), options)));
  }
  void put_upload() { put("localhost_26197", golden_upload()); }

  void start(LogsOptions options) {
    result_.reset();
    const LogOutput output{
        [this](const LogPiece& piece) {
          if (piece.begins) {
            texts_.push_back({piece.instance ? std::to_string(*piece.instance) : "-", piece.file, ""});
          }
          texts_.back()[2] += io::as_text(piece.bytes);
          return Status();
        },
        [this](const std::string& text) { notices_.push_back(text); }};
    loop_.run([](Logs* test, LogsOptions options, LogOutput output) -> io::Task<void> {
      test->group_->spawn([](Logs* test, LogsOptions options, LogOutput output) -> io::Task<void> {
        test->result_ = co_await read_logs(test->application_, *test->pages_, test->application_.now,
                                           test->state_.known() ? &test->state_ : nullptr, options, output);
      }(test, options, output));
      co_return;
    }(this, std::move(options), output));
    loop_.run_ready();
  }
  Status read(LogsOptions options) {
    start(std::move(options));
    for (int i = 0; i < 1000 && !result_; ++i) loop_.advance(100ms);
    return result_ ? *result_ : Status(Error(ErrorCode::kInternal, "has not ended"));
  }

  io::Loop loop_{io::Loop::Time::kManual};
  fs::MemoryFileSystem fs_;
  FakeApplication application_{fs_};
  RunState state_;
  std::unique_ptr<logs::FakeNodes> nodes_;
  std::unique_ptr<logs::NodePages> pages_;
  std::unique_ptr<io::TaskGroup> group_;
  std::optional<Status> result_;
  std::vector<std::array<std::string, 3>> texts_;  // instance, file, bytes
  std::vector<std::string> notices_;
};

LogsOptions only(std::string log) {
  LogsOptions options;
  options.log = std::move(log);
  return options;
}

TEST_F(Logs, OfARunningApplicationFromItsNodes) {
  make_knits();
  nodes_->logs[to_string(container(1))] = {{"stderr", "master\n"}};
  nodes_->logs[to_string(container(2))] = {{"stdout", "one\n"}, {"stderr", ""}};
  nodes_->logs[to_string(container(3))] = {{"stdout", "zero\n"}, {"stderr", "err\n"}};
  ASSERT_TRUE(read({}));
  using A = std::array<std::string, 3>;
  EXPECT_THAT(texts_, ElementsAre(A{"0", "stderr", "err\n"}, A{"0", "stdout", "zero\n"},
                                  A{"1", "stdout", "one\n"}, A{"-", "stderr", "master\n"}));
}

TEST_F(Logs, TheLastLinesOfALongLog) {
  make_knits();
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "line " + std::to_string(i) + "\n";
  nodes_->logs[to_string(container(3))] = {{"stdout", text}, {"stderr", ""}};
  auto options = only("stdout");
  options.instance = 0;
  options.tail_lines = 2;
  ASSERT_TRUE(read(options));
  EXPECT_EQ(texts_.at(0)[2], "line 99998\nline 99999\n");
  texts_.clear();
  options.tail_lines = 20000;
  ASSERT_TRUE(read(options));
  EXPECT_EQ(texts_.at(0)[2], text.substr(text.find("line 80000")));
  texts_.clear();
  options.tail_lines = 200000;
  ASSERT_TRUE(read(options));
  EXPECT_EQ(texts_.at(0)[2], text);
  texts_.clear();
  options.tail_lines = 0;
  ASSERT_TRUE(read(options));
  EXPECT_THAT(texts_, IsEmpty());
}

TEST_F(Logs, ALogThatIsNotThereYetIsWaitedFor) {
  make_knits();
  auto options = only("stdout");
  options.instance = 0;
  start(options);
  loop_.advance(3s);
  EXPECT_FALSE(result_);
  nodes_->logs[to_string(container(3))] = {{"stdout", "late\n"}};
  loop_.advance(1s);
  ASSERT_TRUE(result_ && *result_);
  EXPECT_EQ(texts_.at(0)[2], "late\n");
}

TEST_F(Logs, WhatIsMissingIsSaid) {
  make_knits();
  nodes_->logs[to_string(container(2))] = {{"stdout", "one\n"}};
  auto options = only("stdout");
  options.timeout = 5s;
  const auto result = read(options);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(result.error().message(), "2 logs are missing");
  EXPECT_THAT(notices_,
              ElementsAre("the logs of instance 0 (container_1795397000582_0023_01_000003) are missing: the "
                          "NodeManager at localhost:8042 has none",
                          HasSubstr("the master")));
  EXPECT_EQ(texts_.size(), 1u);
}

TEST_F(Logs, NodesOutOfReachAreToldOnce) {
  make_knits();
  add_instance(2, "other");
  nodes_->logs[to_string(container(4))] = {{"stdout", "two\n"}};
  nodes_->unreachable = {"localhost:8042"};
  const auto result = read(only("stdout"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::kUnavailable);
  EXPECT_THAT(result.error().message(), HasSubstr("localhost:8042: connection refused; the logs of 3 "
                                                  "containers on 1 node cannot be read from here"));
  EXPECT_THAT(notices_, IsEmpty());
  EXPECT_EQ(texts_.at(0)[2], "two\n");
}

TEST_F(Logs, NodesThatNeverAnswerCostTheTimeoutTogether) {
  make_knits();
  for (int i = 2; i < 30; ++i) add_instance(i, "node" + std::to_string(i));
  int asked = 0;
  http::Options silent;
  silent.connect = [&asked](io::HostPort) -> io::Task<Result<std::unique_ptr<io::Stream>>> {
    ++asked;
    KNIT_CO_TRY_VOID(co_await io::sleep_for(1h));
    co_return Error(ErrorCode::kInternal, "somebody waited for an hour");
  };
  pages_ = std::make_unique<logs::NodePages>(silent, 10s);
  auto options = only("stdout");
  options.timeout = 30s;
  const auto result = read(options);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::kUnavailable);
  EXPECT_THAT(result.error().message(), HasSubstr("no answer within 10"));
  EXPECT_THAT(result.error().message(), HasSubstr("31 containers on 29 nodes"));
  EXPECT_EQ(asked, 3);
}

TEST_F(Logs, OfAnEndedApplicationFromItsUploads) {
  make_knits();
  end(LogAggregation::kSucceeded);
  put_upload();
  ASSERT_TRUE(read(only("stdout")));
  ASSERT_EQ(texts_.size(), 2u);
  EXPECT_EQ(texts_[0][0], "0");
  EXPECT_EQ(texts_[0][2].size(), 292u);
  EXPECT_EQ(texts_[1][0], "1");
}

TEST_F(Logs, UploadsAreWaitedFor) {
  make_knits();
  end(LogAggregation::kRunning);
  start(only("stderr"));
  loop_.advance(5s);
  EXPECT_FALSE(result_);
  put_upload();
  loop_.advance(2s);
  ASSERT_TRUE(result_ && *result_);
  EXPECT_EQ(texts_.size(), 3u);
}

TEST_F(Logs, AnUploadThatNeverCame) {
  make_knits();
  end(LogAggregation::kFailed);
  const auto result = read(only("stdout"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(result.error().message(), "3 logs are missing");
  EXPECT_THAT(notices_, Contains(HasSubstr("node localhost:26197 uploaded nothing of it")));
}

TEST_F(Logs, WithoutAggregationNodesKeepThemForAWhile) {
  make_knits();
  end(LogAggregation::kDisabled);
  nodes_->logs[to_string(container(3))] = {{"stdout", "kept\n"}};
  auto options = only("stdout");
  options.instance = 0;
  ASSERT_TRUE(read(options));
  EXPECT_EQ(texts_.at(0)[2], "kept\n");
  options.instance = 1;
  const auto result = read(options);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(result.error().message(), HasSubstr("yarn.log-aggregation-enable"));
}

TEST_F(Logs, WithoutAggregationTheRecordHasTheLastOutputOfFailedRuns) {
  make_knits();
  end(LogAggregation::kDisabled);
  state_.apply(control::InstanceOutput{
      container(3), WallTime{}, {{"stdout", 12, "a\nb\n"}, {"stderr", 5, "boom\n"}}, ""});
  state_.apply(control::InstanceOutput{container(2), WallTime{}, {}, "its node was away"});
  LogsOptions options;
  options.instance = 0;
  ASSERT_TRUE(read(options));
  using A = std::array<std::string, 3>;
  EXPECT_THAT(texts_, ElementsAre(A{"0", "stdout", "a\nb\n"}, A{"0", "stderr", "boom\n"}));
  EXPECT_THAT(notices_,
              ElementsAre("stdout of instance 0 (container_1795397000582_0023_01_000003): 8 bytes are "
                          "lost; what follows are its last 4, kept by the application's record"));
  texts_.clear();
  options.tail_lines = 1;
  options.log = "stdout";
  ASSERT_TRUE(read(options));
  EXPECT_EQ(texts_.at(0)[2], "b\n");
  options.log = "syslog";
  EXPECT_THAT(read(options).error().message(), HasSubstr("there are: stderr, stdout"));
  options.log.clear();
  options.instance = 1;
  EXPECT_THAT(read(options).error().message(), HasSubstr("for the record: its node was away"));
}

TEST_F(Logs, ALogNobodyHas) {
  make_knits();
  end(LogAggregation::kSucceeded);
  put_upload();
  const auto result = read(only("syslog"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(result.error().message(), HasSubstr("there are: directory.info, empty.txt"));
}

// What came before is not told again, neither by the node nor by its upload.
TEST_F(Logs, ANodeThatForgetsBetweenTwoLogs) {
  make_knits();
  auto options = only("");
  options.instance = 0;
  const auto id = to_string(container(3));
  nodes_->logs[id] = {{"stderr", "err-"}, {"stdout", "1\n2\n"}};
  nodes_->before_answer = [&](const std::string& asked) {
    if (asked != id + "/stdout") return;
    nodes_->logs.clear();
    end(LogAggregation::kSucceeded);
  };
  put_upload();
  ASSERT_TRUE(read(options));
  std::string out, err;
  for (const auto& text : texts_) (text[1] == "stdout" ? out : err) += text[2];
  EXPECT_EQ(err, "err-without-newline");
  EXPECT_EQ(out.size(), 292u);

  texts_.clear();
  application_.now.state = ApplicationState::kRunning;
  int times = 0;
  nodes_->logs[id] = {{"stderr", "once\n"}, {"stdout", "1\n2\n"}};
  nodes_->before_answer = [&](const std::string& asked) {
    if (asked == id + "/stdout" && ++times < 3) nodes_->logs[id].erase("stdout");
    if (asked == id) nodes_->logs[id]["stdout"] = "1\n2\n";
  };
  ASSERT_TRUE(read(options));
  using A = std::array<std::string, 3>;
  EXPECT_THAT(texts_, ElementsAre(A{"0", "stderr", "once\n"}, A{"0", "stdout", "1\n2\n"}));
  EXPECT_EQ(times, 3);
}

TEST_F(Logs, AnUploadThatIsStillBeingWrittenIsWaitedFor) {
  make_knits();
  end(LogAggregation::kRunning);
  put("localhost_26197", golden_upload().substr(0, 5000));
  start(only("stdout"));
  loop_.advance(5s);
  EXPECT_FALSE(result_);
  put_upload();
  loop_.advance(5s);
  ASSERT_TRUE(result_ && *result_) << result_->error().message();
  EXPECT_EQ(texts_.size(), 2u);
  EXPECT_THAT(notices_, IsEmpty());
}

TEST_F(Logs, OneNodesTroubleIsNotAnothers) {
  make_knits();
  add_instance(2, "other");
  state_.apply(control::InstanceStarting{2, 1, container(5), {"third", 1}, "third:8042", WallTime{}});
  state_.apply(control::InstanceStarted{container(5), WallTime{}});
  end(LogAggregation::kSucceeded);
  put_upload();
  put("other_1", upload_in_unknown_codec());
  const auto result = read(only("stdout"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::kUnimplemented);
  EXPECT_EQ(texts_.size(), 2u);
  EXPECT_THAT(notices_, ElementsAre(HasSubstr("compressed with 'lzop'"),
                                    HasSubstr("node third:1 uploaded nothing of it")));
}

TEST_F(Logs, OneLogThatIsDamagedKeepsNothingFromTheOthers) {
  make_knits();
  end(LogAggregation::kSucceeded);
  auto bytes = golden_upload("ifile-gz.3.4.2.bin");
  // Compressed logs lie one after the other, and behind them the index.
  for (std::size_t i = 40; i < 2000; ++i) bytes[i] = static_cast<char>(~bytes[i]);
  put("localhost_26197", bytes);
  state_ = RunState();
  const auto result = read({});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::kDataLoss) << result.error().message();
  EXPECT_THAT(notices_, Contains(HasSubstr("be read: compressed bytes are corrupt")));
  EXPECT_GT(texts_.size(), 0u);
}

TEST_F(Logs, AnArchiveIsNamed) {
  end(LogAggregation::kSucceeded);
  put("application_1795397000582_0023.har", "");
  const auto result = read({});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::kUnimplemented);
  EXPECT_THAT(result.error().message(), HasSubstr("is a Hadoop archive"));
}

TEST_F(Logs, OfOthersApplications) {
  ContainerReport one;
  one.id = container(2);
  one.node = {"localhost", 26197};
  one.node_http_address = "http://localhost:8042";
  one.state = ContainerState::kRunning;
  application_.running = {one};
  nodes_->logs[to_string(container(2))] = {{"stdout", "running\n"}};
  ASSERT_TRUE(read({}));
  EXPECT_EQ(texts_.at(0)[2], "running\n");

  texts_.clear();
  end(LogAggregation::kSucceeded);
  put_upload();
  ASSERT_TRUE(read(only("stderr")));
  EXPECT_EQ(texts_.size(), 3u);
  texts_.clear();
  LogsOptions master = only("stderr");
  master.master = true;
  ASSERT_TRUE(read(master));
  EXPECT_EQ(texts_.size(), 1u);
  texts_.clear();
  LogsOptions one_container = only("stdout");
  one_container.container = container(3);
  ASSERT_TRUE(read(one_container));
  EXPECT_EQ(texts_.at(0)[2].size(), 292u);
  one_container.container = container(99);
  EXPECT_EQ(read(one_container).error().code(), ErrorCode::kNotFound);
}

TEST_F(Logs, WhatCannotBeChosen) {
  LogsOptions options;
  options.instance = 0;
  EXPECT_EQ(read(options).error().code(), ErrorCode::kFailedPrecondition);
  make_knits();
  options.instance = 3;
  EXPECT_EQ(read(options).error().message(),
            "application_1795397000582_0023 has the instances 0 to 2, not 3");
  options.instance = 2;
  EXPECT_THAT(read(options).error().message(), HasSubstr("has not been started yet"));
  options.instance.reset();
  options.container = container(7);
  EXPECT_THAT(read(options).error().message(),
              HasSubstr("has no container container_1795397000582_0023_01_000007; there are: "
                        "container_1795397000582_0023_01_000001, container_1795397000582_0023_01_000003, "));
  options.tail_lines = 10'000'001;
  EXPECT_EQ(read(options).error().code(), ErrorCode::kInvalidArgument);
  options.tail_lines.reset();
  options.container = ContainerId{{{1, 1}, 1}, 1};
  EXPECT_THAT(read(options).error().message(), HasSubstr("is no container of"));
}

}  // namespace
}  // namespace knit::client
