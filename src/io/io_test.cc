#include <gtest/gtest.h>

#include <array>
#include <thread>

#include "base/try.h"
#include "io/bridge.h"
#include "io/loop.h"
#include "io/net.h"
#include "io/pool.h"
#include "io/stream.h"
#include "io/task_group.h"
#include "io/wait.h"

namespace knit::io {
namespace {

using namespace std::chrono_literals;

Task<Result<int>> value_after(Duration d, int value) {
  KNIT_CO_TRY_VOID(co_await sleep_for(d));
  co_return value;
}

// Runs a task on manual time: starts it, lets `d` pass in steps, and gives its result.
template <class T>
T run_manual(Loop& loop, Task<T> task, Duration d) {
  std::optional<T> out;
  loop.run([](Task<T> task, std::optional<T>& out, Loop& loop, Duration d) -> Task<void> {
    TaskGroup group;
    group.spawn([](Task<T> task, std::optional<T>& out) -> Task<void> {
      out.emplace(co_await std::move(task));
    }(std::move(task), out));
    loop.post([&loop, d] { loop.advance(d); });
    co_await group.join();
  }(std::move(task), out, loop, d));
  return std::move(*out);
}

TEST(Wait, SleepTakesManualTimeOnly) {
  Loop loop(Loop::Time::kManual);
  const auto start = loop.now();
  auto result = run_manual(loop, value_after(5h, 7), 6h);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(*result, 7);
  EXPECT_EQ(loop.now() - start, 6h);
}

TEST(Wait, ADeadlineThatPassesSaysSo) {
  Loop loop(Loop::Time::kManual);
  auto result = run_manual(
      loop, []() -> Task<Result<int>> { co_return co_await run_until(after(1s), value_after(1h, 1)); }(), 2s);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code(), ErrorCode::kDeadlineExceeded);
}

TEST(Wait, ADeadlineThatDoesNotPassChangesNothing) {
  Loop loop(Loop::Time::kManual);
  auto result = run_manual(
      loop, []() -> Task<Result<int>> { co_return co_await run_until(after(2h), value_after(1h, 1)); }(), 3h);
  ASSERT_TRUE(result.has_value());
}

TEST(Wait, AValueThatComesThoughTheDeadlinePassedIsKept) {
  Loop loop(Loop::Time::kManual);
  auto stubborn = []() -> Task<Result<int>> {
    (void)co_await sleep_for(1h);  // cancelled at the deadline, but what was done was done
    co_return 42;
  };
  auto result = run_manual(
      loop, [&]() -> Task<Result<int>> { co_return co_await run_until(after(1s), stubborn()); }(), 2s);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(*result, 42);
}

TEST(Wait, CancellationIsAStateThatNoOperationForgets) {
  Loop loop(Loop::Time::kManual);
  auto loops_on = []() -> Task<Result<int>> {
    int refused = 0;
    for (int i = 0; i < 5; ++i) {
      if (auto slept = co_await sleep_for(1h); !slept) ++refused;
    }
    if (auto checked = co_await check_cancelled(); !checked) ++refused;
    co_return refused;
  };
  auto result = run_manual(
      loop, [&]() -> Task<Result<int>> { co_return co_await run_until(after(1s), loops_on()); }(), 2s);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(*result, 6);
}

TEST(Wait, CleanupMayWaitAgainAfterACancellation) {
  Loop loop(Loop::Time::kManual);
  auto cleans = []() -> Task<Result<int>> {
    KNIT_CO_TRY_VOID(co_await sleep_for(0s));
    if (auto slept = co_await sleep_for(1h); slept) co_return 0;
    co_await begin_cleanup();
    auto clean = co_await sleep_for(10ms);
    co_return clean ? 1 : 2;
  };
  auto result = run_manual(
      loop, [&]() -> Task<Result<int>> { co_return co_await run_until(after(1s), cleans()); }(), 2s);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(*result, 1);
}

TEST(Wait, ACleanupOfItsOwnWorksInACancelledTaskThatStaysCancelled) {
  Loop loop(Loop::Time::kManual);
  auto cleanup = []() -> Task<Status> {
    co_await begin_cleanup();
    co_return co_await sleep_for(10ms);
  };
  auto work = [&]() -> Task<Result<bool>> {
    (void)co_await sleep_for(1h);
    const Status clean = co_await run_until(kNoDeadline, cleanup());
    EXPECT_FALSE(co_await check_cancelled());
    co_return clean.has_value();
  };
  auto result = run_manual(
      loop, [&]() -> Task<Result<bool>> { co_return co_await run_until(after(1s), work()); }(), 2s);
  ASSERT_TRUE(result.has_value());
  EXPECT_TRUE(*result);
}

TEST(Wait, NestedDeadlinesEndAtTheEarlier) {
  Loop loop(Loop::Time::kManual);
  const auto start = loop.now();
  TimePoint ended{};
  auto nested = [&]() -> Task<Result<int>> {
    auto inner = co_await run_until(after(1h), value_after(2h, 1));
    ended = now();
    co_return inner;
  };
  auto result = run_manual(
      loop, [&]() -> Task<Result<int>> { co_return co_await run_until(after(1s), nested()); }(), 3h);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code(), ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(ended - start, 1s);
}

TEST(Wait, AnExceptionOfTheWorkArrivesAtOnce) {
  Loop loop(Loop::Time::kManual);
  auto throws = []() -> Task<Result<int>> {
    (void)co_await yield();
    throw Bug("broken");
  };
  EXPECT_THROW(
      (void)run_manual(
          loop, [&]() -> Task<Result<int>> { co_return co_await run_until(after(1h), throws()); }(), 1s),
      Bug);
}

TEST(Wait, AnEventWakesEveryWaiterOnce) {
  Loop loop;
  const int woken = loop.run([]() -> Task<int> {
    Event event;
    int woken = 0;
    TaskGroup group;
    for (int i = 0; i < 3; ++i) {
      group.spawn([](Event& event, int& woken) -> Task<void> {
        if (co_await event.wait()) ++woken;
      }(event, woken));
    }
    (void)co_await yield();
    event.set();
    co_await group.join();
    co_return woken;
  }());
  EXPECT_EQ(woken, 3);
}

TEST(TaskGroup, StopCancelsAndWaits) {
  Loop loop;
  const int ended = loop.run([]() -> Task<int> {
    int ended = 0;
    TaskGroup group;
    for (int i = 0; i < 4; ++i) {
      group.spawn([](int& ended) -> Task<void> {
        auto slept = co_await sleep_for(1h);
        if (!slept && slept.error().code() == ErrorCode::kCancelled) ++ended;
      }(ended));
    }
    (void)co_await yield();
    co_await group.stop();
    EXPECT_EQ(group.running(), 0u);
    co_return ended;
  }());
  EXPECT_EQ(ended, 4);
}

TEST(TaskGroup, AnOwnerCancelledWhileJoiningWaitsAndIsStillCancelled) {
  Loop loop(Loop::Time::kManual);
  auto owner = []() -> Task<Result<bool>> {
    bool cleaned = false;
    TaskGroup group;
    group.spawn([](bool& cleaned) -> Task<void> {
      (void)co_await sleep_for(1h);
      co_await begin_cleanup();
      cleaned = (co_await sleep_for(10ms)).has_value();
    }(cleaned));
    co_await group.join();
    EXPECT_TRUE(cleaned);
    co_return (co_await sleep_for(1h)).has_value();
  };
  auto slept_on = run_manual(
      loop, [&]() -> Task<Result<bool>> { co_return co_await run_until(after(1s), owner()); }(), 2h);
  ASSERT_TRUE(slept_on.has_value());
  EXPECT_FALSE(*slept_on);
}

TEST(TaskGroup, ABugInATaskIsThrownAtTheOwner) {
  Loop loop;
  EXPECT_THROW(loop.run([]() -> Task<void> {
    TaskGroup group;
    group.spawn([]() -> Task<void> {
      (void)co_await yield();
      throw Bug("inside");
    }());
    co_await group.join();
  }()),
               Bug);
}

TEST(Loop, SaysSoWhenManualTimeStandsStill) {
  Loop loop(Loop::Time::kManual);
  EXPECT_THROW((void)loop.run(value_after(1s, 1)), Bug);
}

TEST(Loop, ALoopMayGoWhileTasksWait) {
  auto event = std::make_unique<Event>();
  {
    Loop loop;
    TaskGroup group;
    loop.run([](TaskGroup& group, Event& event) -> Task<void> {
      group.spawn([](Event& event) -> Task<void> { (void)co_await event.wait(); }(event));
      (void)co_await yield();
    }(group, *event));
  }
}

TEST(Pool, RunsABlockingCallElsewhere) {
  Loop loop;
  auto id = loop.run(
      run_blocking<std::thread::id>([]() -> Result<std::thread::id> { return std::this_thread::get_id(); }));
  ASSERT_TRUE(id.has_value());
  EXPECT_TRUE(*id != std::this_thread::get_id());
}

TEST(Pool, ABugInABlockingCallIsThrownAtTheCaller) {
  Loop loop;
  EXPECT_THROW((void)loop.run(run_blocking<int>([]() -> Result<int> { throw Bug("there"); })), Bug);
}

TEST(Bridge, AnotherThreadCallsAndStops) {
  Loop loop;
  std::thread thread([&] { loop.run_forever(); });
  auto seven = call_on<int>(loop, [] { return value_after(1ms, 7); });
  EXPECT_EQ(*seven, 7);
  std::stop_source stop;
  std::thread stopper([&] { stop.request_stop(); });
  auto stopped = call_on<int>(
      loop, [] { return value_after(1h, 7); }, stop.get_token());
  EXPECT_EQ(stopped.error().code(), ErrorCode::kCancelled);
  stopper.join();
  loop.stop();
  thread.join();
}

TEST(Net, BytesGoThereAndBack) {
  Loop loop;
  loop.run([]() -> Task<void> {
    auto listener = Listener::open("127.0.0.1");
    EXPECT_TRUE(listener.has_value());
    TaskGroup group;
    group.spawn([](Listener& listener) -> Task<void> {
      auto stream = co_await listener.accept();
      EXPECT_TRUE(stream.has_value());
      std::array<std::byte, 4> got{};
      EXPECT_TRUE(co_await read_exactly(**stream, got));
      EXPECT_TRUE(co_await (*stream)->write(got));
    }(**listener));
    auto stream = co_await connect({"localhost", (*listener)->port()});
    EXPECT_TRUE(stream.has_value());
    EXPECT_TRUE(co_await (*stream)->write(as_bytes("ping")));
    std::array<std::byte, 5> got{};
    auto read = co_await read_exactly(**stream, got);
    EXPECT_EQ(as_text(std::span(got).first(4)), "ping");
    EXPECT_EQ(read.error().code(), ErrorCode::kUnavailable);
    EXPECT_NE(read.error().message().find("after 4 of 5 bytes"), std::string::npos);
    co_await group.join();
  }());
}

TEST(Net, ARefusedConnectionNamesTheAddress) {
  Loop loop;
  std::uint16_t port = 0;
  auto result = loop.run([&]() -> Task<Result<std::unique_ptr<Stream>>> {
    {
      auto listener = Listener::open("127.0.0.1");
      port = (*listener)->port();
    }
    co_return co_await connect({"127.0.0.1", port});
  }());
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code(), ErrorCode::kUnavailable);
  EXPECT_NE(result.error().message().find("127.0.0.1:" + std::to_string(port)), std::string::npos);
}

TEST(Net, AnAbandonedReadEndsAtItsDeadline) {
  Loop loop;
  auto code = loop.run([]() -> Task<ErrorCode> {
    auto listener = Listener::open("127.0.0.1");
    auto stream = co_await connect({"127.0.0.1", (*listener)->port()});
    std::array<std::byte, 1> got{};
    auto read = co_await run_until(after(20ms), (*stream)->read_some(got));
    co_return read.error().code();
  }());
  EXPECT_EQ(code, ErrorCode::kDeadlineExceeded);
}

TEST(Net, HostPortHasTwoForms) {
  EXPECT_EQ(parse_host_port("nn:8020")->host, "nn");
  EXPECT_EQ(parse_host_port("[::1]:80")->host, "::1");
  EXPECT_EQ(to_string(HostPort{"::1", 80}), "[::1]:80");
  for (const char* bad : {"nn", ":1", "nn:", "nn:70000", "nn:8o"}) EXPECT_FALSE(parse_host_port(bad)) << bad;
}

TEST(Pipe, ReadsWhatWasWrittenAndEndsWhenClosed) {
  Loop loop;
  loop.run([]() -> Task<void> {
    auto [a, b] = make_pipe();
    EXPECT_TRUE(co_await a->write(as_bytes("hello")));
    a->close();
    std::array<std::byte, 5> got{};
    EXPECT_TRUE(co_await read_exactly(*b, got));
    EXPECT_EQ(as_text(got), "hello");
    auto end = co_await b->read_some(got);
    EXPECT_EQ(*end, 0u);
    EXPECT_EQ((co_await b->write(got)).error().code(), ErrorCode::kUnavailable);
  }());
}

}  // namespace
}  // namespace knit::io
