#include "client/output.h"

#include <gmock/gmock.h>

#include "base/try.h"
#include "client/output_for_test.h"

namespace knit::client {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Output : public OutputFixture {};

TEST_F(Output, FollowsWhatGrows) {
  const auto one = run(0, 2), two = run(1, 3, "other");
  logs(one) = {{"stdout", "a\nb"}, {"stderr", ""}, {"launch_container.sh", "x\n"}};
  update({one, two});
  EXPECT_THAT(take(), ElementsAre("0 | a"));
  logs(one)["stdout"] += "c\n";
  logs(two) = {{"stdout", "hello\n"}, {"stderr", "oh\n"}};
  loop_.advance(500ms);
  EXPECT_THAT(take(), ::testing::UnorderedElementsAre("0 | bc", "1 | hello", "1 ! oh"));
  EXPECT_TRUE(output_->pending());
  logs(one)["stdout"] += "last";
  update({ended(one), ended(two)});
  EXPECT_THAT(take(), ElementsAre("0 | last$"));
  EXPECT_FALSE(output_->pending());
  EXPECT_THAT(observer_.notices, IsEmpty());
}

TEST_F(Output, TellsMuchAtOnce) {
  const auto one = run(0, 2);
  logs(one) = {{"stdout", numbers(1, 50000)}, {"stderr", ""}};
  update({one});
  EXPECT_EQ(take().size(), 50000u);
  logs(one)["stdout"] += numbers(50001, 90000);
  update({ended(one)});
  const auto rest = take();
  ASSERT_EQ(rest.size(), 40000u);
  EXPECT_EQ(rest.front(), "0 | 50001");
  EXPECT_FALSE(output_->pending());
}

TEST_F(Output, TheRecordHasWhatAFailedRunWroteAfterItWasLastRead) {
  const auto one = run(0, 2), two = run(1, 3), three = run(2, 4);
  logs(one) = {{"stdout", "a\nb"}, {"stderr", ""}};
  update({one, two, three});
  EXPECT_THAT(take(), ElementsAre("0 | a"));
  RunState state;
  state.apply(
      control::InstanceOutput{one.id, WallTime{}, {{"stdout", 6, "a\nbcd\n"}, {"stderr", 3, "x\ny"}}, ""});
  state.apply(control::InstanceOutput{two.id, WallTime{}, {{"stdout", 99, "end\n"}}, ""});
  output_->finish_from_record(state);
  EXPECT_THAT(take(), ElementsAre("0 | bcd", "0 ! x", "0 ! y$", "1 | end"));
  EXPECT_THAT(observer_.notices, ElementsAre(HasSubstr("95 bytes are lost")));
  EXPECT_TRUE(output_->pending()) << "of the third the record has nothing";
}

TEST_F(Output, CaughtUpWhenNothingMoreWillComeOfWhatHasEnded) {
  const auto one = run(0, 2), two = run(1, 3, "gone"), three = run(2, 4, "empty");
  nodes_->unreachable = {"gone:8042"};
  logs(one) = {{"stdout", "a\n"}, {"stderr", ""}};
  EXPECT_TRUE(caught_up());
  update({one, two, three});
  EXPECT_TRUE(caught_up()) << "nothing has ended";
  int told = 0;
  output_->on_caught_up([&] { ++told; });
  logs(one)["stdout"] += "b\n";
  nodes_->unreachable.insert("localhost:8042");
  update({ended(one), ended(two), ended(three)});
  EXPECT_FALSE(caught_up()) << "one failure may be a NodeManager that restarts";
  nodes_->unreachable.erase("localhost:8042");
  loop_.advance(10s);
  EXPECT_TRUE(caught_up());
  EXPECT_GE(told, 3);
  EXPECT_THAT(take(), ElementsAre("0 | a", "0 | b"));
  EXPECT_TRUE(output_->pending()) << "the others may still be uploaded";
}

TEST_F(Output, ANodeThatNeverAnswersIsSoonNotWaitedFor) {
  http::Options silent;
  silent.connect = [](io::HostPort) -> io::Task<Result<std::unique_ptr<io::Stream>>> {
    KNIT_CO_TRY_VOID(co_await io::sleep_for(1h));
    co_return Error(ErrorCode::kInternal, "somebody waited for an hour");
  };
  *pages_ = logs::NodePages(silent, 10s);
  update({run(0, 2)});
  update({ended(run(0, 2))});
  EXPECT_FALSE(caught_up());
  loop_.advance(3s);
  EXPECT_TRUE(caught_up());
}

TEST_F(Output, ALaterRunWaitsForTheEarlierOnesEnd) {
  const auto first = run(0, 2), second = run(0, 3, "other", 1);
  update({first});
  logs(second) = {{"stdout", "try 1\n"}, {"stderr", ""}};
  update({ended(first), second});
  loop_.advance(3s);
  EXPECT_THAT(take(), IsEmpty());
  logs(first) = {{"stdout", "try 0\n"}, {"stderr", ""}};
  loop_.advance(5s);
  EXPECT_THAT(take(), ElementsAre("0 | try 0", "0 | try 1"));
}

TEST_F(Output, ALaterRunDoesNotWaitForOneThatCouldNotBegin) {
  auto first = ended(run(0, 2));
  const auto second = run(0, 3, "other", 1);
  first.exit_class = control::ExitClass::kLaunch;
  logs(second) = {{"stdout", "try 1\n"}, {"stderr", ""}};
  update({first, ended(second)});
  EXPECT_THAT(take(), ElementsAre("0 | try 1"));
}

TEST_F(Output, ALaterRunDoesNotWaitForEver) {
  const auto first = run(0, 2), second = run(0, 3, "other", 1);
  logs(second) = {{"stdout", "try 1\n"}, {"stderr", ""}};
  update({ended(first), second});
  loop_.advance(15s);
  EXPECT_THAT(take(), ElementsAre("0 | try 1"));
}

TEST_F(Output, AnAnswerThatBreaksOffIsAskedForAgain) {
  const auto one = run(0, 2);
  logs(one) = {{"stdout", numbers(1, 1000)}, {"stderr", ""}};
  nodes_->breaks_off = true;
  update({one});
  nodes_->breaks_off = false;
  loop_.advance(10s);
  const auto all = take();
  ASSERT_EQ(all.size(), 1000u);
  EXPECT_EQ(all.back(), "0 | 1000");
  EXPECT_THAT(observer_.notices, IsEmpty());
}

TEST_F(Output, ALogThatBeginsAnew) {
  const auto one = run(0, 2);
  logs(one) = {{"stdout", "old line\nhalf"}, {"stderr", ""}};
  update({one});
  logs(one)["stdout"] = "new\n";
  loop_.advance(1s);
  EXPECT_THAT(take(), ElementsAre("0 | old line", "0 | half$", "0 | new"));
  EXPECT_THAT(observer_.notices, ElementsAre(HasSubstr("begins anew")));
}

TEST_F(Output, AnUnreachableNodeIsSaidOnceAndReadFromItsUpload) {
  nodes_->unreachable = {"localhost:8042"};
  update({run(0, 2), run(1, 3)});
  loop_.advance(60s);
  EXPECT_THAT(observer_.notices, ElementsAre(HasSubstr("localhost:8042")));
  update({ended(run(0, 2)), ended(run(1, 3))});
  finish(output_->finish_from_nodes(io::Deadline::max()));
  EXPECT_TRUE(output_->pending());
  put_upload();
  finish(output_->finish_from_uploads(uploads_, state({LogAggregation::kRunning}), io::Deadline::max()));
  EXPECT_FALSE(output_->pending());
  const auto all = take();
  EXPECT_EQ(all.size(), 202u);
  EXPECT_THAT(all, Contains("1 | 100"));
  EXPECT_THAT(all, Contains("0 ! err-without-newline$"));
  EXPECT_EQ(observer_.notices.size(), 1u);
}

TEST_F(Output, MovesToTheUploadWhereTheNodeForgot) {
  const auto one = run(0, 2);
  logs(one) = {{"stdout", numbers(1, 30) + "3"}, {"stderr", "err"}};
  update({one});
  EXPECT_EQ(take().size(), 30u);
  nodes_->logs.clear();
  update({ended(one)});
  finish(output_->finish_from_nodes(io::Deadline::max()));
  put_upload();
  finish(output_->finish_from_uploads(uploads_, state({std::nullopt}), io::Deadline::max()));
  const auto rest = take();
  ASSERT_EQ(rest.size(), 71u);
  EXPECT_EQ(rest.front(), "0 | 31");
  EXPECT_EQ(rest[69], "0 | 100");
  EXPECT_EQ(rest.back(), "0 ! err-without-newline$");
  EXPECT_FALSE(output_->pending());
}

TEST_F(Output, WaitsForTheUpload) {
  update({ended(run(0, 2))});
  finish(output_->finish_from_nodes(io::Deadline::max()));
  bool late = false;
  const auto uploading = [&]() -> io::Task<std::optional<LogAggregation>> {
    if (io::now() > io::TimePoint{} && !std::exchange(late, true)) co_return LogAggregation::kRunning;
    co_return LogAggregation::kRunning;
  };
  bool done = false;
  io::TaskGroup group;
  loop_.run(
      [](OutputFixture* test, io::TaskGroup* group, UploadState uploading, bool* done) -> io::Task<void> {
        group->spawn([](OutputFixture* test, UploadState uploading, bool* done) -> io::Task<void> {
          co_await test->output_->finish_from_uploads(test->uploads_, uploading, io::after(60s));
          *done = true;
        }(test, uploading, done));
        co_return;
      }(this, &group, uploading, &done));
  loop_.advance(3s);
  EXPECT_FALSE(done);
  put_upload();
  loop_.advance(3s);
  EXPECT_TRUE(done);
  EXPECT_EQ(take().size(), 101u);
  loop_.run([](io::TaskGroup* group) -> io::Task<void> { co_await group->stop(); }(&group));
}

TEST_F(Output, SaysWhatCouldNotBeRead) {
  update({ended(run(0, 2))});
  finish(output_->finish_from_nodes(io::Deadline::max()));
  finish(output_->finish_from_uploads(uploads_, state({LogAggregation::kFailed}), io::Deadline::max()));
  EXPECT_FALSE(output_->pending());
  EXPECT_THAT(
      observer_.notices,
      ElementsAre("stdout of container_1795397000582_0023_01_000002: nothing of it could be read: its node "
                  "uploaded nothing of it (log aggregation: FAILED)",
                  HasSubstr("stderr of container_1795397000582_0023_01_000002")));
}

TEST_F(Output, ALostNodeIsNotWaitedForLong) {
  auto lost = ended(run(0, 7, "gone"));
  lost.exit_status = -100;
  update({lost, ended(run(0, 2, "localhost", 1))});
  put_upload();
  finish(output_->finish_from_nodes(io::Deadline::max()));
  finish(output_->finish_from_uploads(uploads_, state({LogAggregation::kRunning}), io::Deadline::max()));
  EXPECT_THAT(observer_.notices, ElementsAre(HasSubstr("its node was lost"), HasSubstr("its node was lost")));
  EXPECT_EQ(take().size(), 101u) << "of the run that followed, on another node";
}

TEST_F(Output, NothingIsMissingOfWhatNeverStarted) {
  auto never = ended(run(0, 2));
  never.started.reset();
  update({never});
  finish(output_->finish_from_nodes(io::Deadline::max()));
  finish(output_->finish_from_uploads(uploads_, state({LogAggregation::kSucceeded}), io::Deadline::max()));
  EXPECT_THAT(observer_.notices, IsEmpty());
}

TEST_F(Output, ASinkThatFailsEndsReading) {
  class Full final : public OutputSink {
   public:
    Status on_bytes(const ContainerRun&, const std::string&, std::span<const std::byte>) override {
      return Error(ErrorCode::kResourceExhausted, "full");
    }
    Status on_end(const ContainerRun&, const std::string&) override { return {}; }
    void on_notice(const std::string&) override {}
  } full;
  const auto one = run(0, 2);
  logs(one) = {{"stdout", "a\n"}, {"stderr", ""}};
  loop_.run([](OutputFixture* test, Full* full) -> io::Task<void> {
    co_await test->output_->stop();
    test->output_ = std::make_unique<OutputFollower>(*test->pages_, *full, options());
  }(this, &full));
  update({one});
  ASSERT_TRUE(output_->failure());
  EXPECT_EQ(output_->failure()->message(), "full");
}

TEST(UploadFolders, BothLayouts) {
  conf::LogSettings settings;
  settings.older_directory = "/tmp/logs";
  settings.older_suffix = "logs";
  settings.formats = {{"TFile", conf::LogFormat::Kind::kTFile, "/tmp/logs", "logs-tfile"}};
  EXPECT_THAT(logs::log_folders(log_layout(settings), "alice", {1795397000582, 10023}),
              ElementsAre("/tmp/logs/alice/bucket-logs-tfile/0023/application_1795397000582_10023",
                          "/tmp/logs/alice/logs-tfile/application_1795397000582_10023",
                          "/tmp/logs/alice/logs/application_1795397000582_10023"));
}

}  // namespace
}  // namespace knit::client
