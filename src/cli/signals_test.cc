#include "cli/signals.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <future>
#include <vector>

namespace knit::cli {
namespace {

using namespace std::chrono_literals;

template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 1000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(5ms);
  }
  return false;
}

TEST(Signals, WithoutAHandlerTheFirstOneStops) {
  Signals signals;
  EXPECT_EQ(signals.first(), 0);
  EXPECT_FALSE(signals.stop().stop_requested());
  kill(getpid(), SIGTERM);
  EXPECT_TRUE(eventually([&] { return signals.stop().stop_requested(); }));
  EXPECT_EQ(signals.first(), SIGTERM);
}

TEST(Signals, AHandlerTakesEachInTurn) {
  Signals signals;
  std::promise<std::pair<int, int>> first, second;
  signals.handle([&](int signal, int count) { (count == 1 ? first : second).set_value({signal, count}); });
  kill(getpid(), SIGINT);
  EXPECT_EQ(first.get_future().get(), std::pair(SIGINT, 1));
  kill(getpid(), SIGHUP);
  EXPECT_EQ(second.get_future().get(), std::pair(SIGHUP, 2));
  EXPECT_FALSE(signals.stop().stop_requested());
  EXPECT_EQ(signals.first(), SIGINT);
}

TEST(Signals, OneThatCameBeforeIsHandedOver) {
  Signals signals;
  kill(getpid(), SIGINT);
  ASSERT_TRUE(eventually([&] { return signals.first() == SIGINT; }));
  std::promise<int> got;
  signals.handle([&](int signal, int) { got.set_value(signal); });
  EXPECT_EQ(got.get_future().get(), SIGINT);
  signals.handle({});
  signals.settle();
}

TEST(Signals, AWriteToAClosedPipeIsAnError) {
  Signals signals;
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  EXPECT_EQ(write(ends[1], "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
  close(ends[1]);
}

}  // namespace
}  // namespace knit::cli
