#include "master/stopper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace knit::master {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr io::TimePoint kStart{1000s};

app::Run run(int n) {
  return {n, 0, ContainerId{{{1700, 1}, 1}, n}, {"n1", 1}};
}
std::vector<std::int32_t> numbers(const std::vector<app::Run>& runs) {
  std::vector<std::int32_t> out;
  for (const auto& one : runs) out.push_back(one.instance);
  return out;
}

TEST(Stopper, AsksThenStopsThenReleases) {
  Stopper stopper;
  EXPECT_TRUE(stopper.begin(run(1), 10s, kStart));
  EXPECT_EQ(stopper.next(), kStart + 10s);
  EXPECT_THAT(stopper.due(kStart + 9s).stop, IsEmpty());
  EXPECT_THAT(numbers(stopper.due(kStart + 10s).stop), ElementsAre(1));
  EXPECT_THAT(stopper.due(kStart + 29s).release, IsEmpty());
  EXPECT_THAT(stopper.due(kStart + 30s).release, ElementsAre(run(1).container));
  const auto later = stopper.due(kStart + 1h);
  EXPECT_THAT(later.stop, IsEmpty());
  EXPECT_THAT(later.release, IsEmpty());
  EXPECT_EQ(stopper.next(), io::kNoDeadline);
}

TEST(Stopper, WithoutGraceIsStoppedAtOnce) {
  Stopper stopper;
  EXPECT_FALSE(stopper.begin(run(1), 0s, kStart));
  EXPECT_THAT(numbers(stopper.due(kStart).stop), ElementsAre(1));
}

TEST(Stopper, AskedAgainTheShorterGraceCounts) {
  Stopper stopper;
  EXPECT_TRUE(stopper.begin(run(1), 10s, kStart));
  EXPECT_FALSE(stopper.begin(run(1), 20s, kStart)) << "SIGTERM was sent already";
  EXPECT_EQ(stopper.next(), kStart + 10s);
  EXPECT_FALSE(stopper.begin(run(1), 2s, kStart + 1s));
  EXPECT_EQ(stopper.next(), kStart + 3s);
}

TEST(Stopper, WhatHasEndedIsLeftAlone) {
  Stopper stopper;
  stopper.begin(run(1), 10s, kStart);
  stopper.begin(run(2), 10s, kStart);
  stopper.ended(run(1).container);
  EXPECT_THAT(numbers(stopper.due(kStart + 10s).stop), ElementsAre(2));
  stopper.ended(run(2).container);
  EXPECT_EQ(stopper.next(), io::kNoDeadline);
}

}  // namespace
}  // namespace knit::master
