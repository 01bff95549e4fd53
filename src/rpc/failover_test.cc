#include "rpc/failover.h"

#include <gtest/gtest.h>

namespace knit::rpc {
namespace {

using namespace std::chrono_literals;

const TimePoint kStart{1h};
const Error kRefused(ErrorCode::kUnavailable, "refused");
const Error kStandby(ErrorCode::kUnavailable, "standby", "org.apache.hadoop.ipc.StandbyException");
const Error kLater(ErrorCode::kUnavailable, "later", "org.apache.hadoop.ipc.RetriableException");
const Error kLate(ErrorCode::kDeadlineExceeded, "late");

// Repeats the same failure, each taking `cost`, until it is given up; how long that took, counting from the
// start.
std::chrono::nanoseconds given_up_after(Attempts attempts, Disposition disposition, const Error& error,
                                        bool sent, std::chrono::nanoseconds cost, int* tries = nullptr) {
  TimePoint now = kStart;
  for (int n = 1;; ++n) {
    now += cost;
    const auto again = attempts.after(disposition, error, sent, now, 0.5);
    if (tries) *tries = n;
    if (!again) return now - kStart;
    now = *again;
  }
}

TEST(Failover, ASingleAddressThatRefuses) {
  int tries = 0;
  const auto fresh =
      given_up_after({{}, 1, 0, false, kStart}, Disposition::kFailover, kRefused, false, 1ms, &tries);
  EXPECT_LE(fresh, kRefusedPatience);
  EXPECT_GT(fresh, kRefusedPatience / 3);
  EXPECT_GE(tries, 4);
  const auto known = given_up_after({{}, 1, 0, true, kStart}, Disposition::kFailover, kRefused, false, 1ms);
  EXPECT_LE(known, 10s);
  EXPECT_GT(known, 5s);
}

TEST(Failover, ASingleAddressThatDoesNotAnswerHasConnectTimeoutOnce) {
  for (const bool answered : {false, true}) {
    Attempts attempts({}, 1, 0, answered, kStart);
    EXPECT_EQ(attempts.connect_deadline(kStart), kStart + 10s);
    EXPECT_FALSE(attempts.after(Disposition::kFailover, kRefused, false, kStart + 10s, 0.5));
  }
}

TEST(Failover, UnreachableGroupIsGivenUpAfterConnectTimeout) {
  Attempts attempts({}, 2, 0, false, kStart);
  TimePoint now = kStart;
  int tries = 0;
  while (true) {
    ++tries;
    now = attempts.connect_deadline(now);
    const auto again = attempts.after(Disposition::kFailover, kRefused, false, now, 0.5);
    if (!again) break;
    now = *again;
  }
  EXPECT_LE(now - kStart, 10s);
  EXPECT_GE(now - kStart, 9s);
  EXPECT_GE(tries, 3);
}

TEST(Failover, GroupThatIsKnownToLiveIsTriedUntilFailoverDeadline) {
  const auto before = given_up_after({{}, 2, 1, true, kStart}, Disposition::kFailover, kRefused, false, 1ms);
  EXPECT_LE(before, 30s);
  EXPECT_GT(before, 25s);
  const auto standby = given_up_after({{}, 2, 1, false, kStart}, Disposition::kFailover, kStandby, true, 1ms);
  EXPECT_LE(standby, 30s);
  EXPECT_GT(standby, 25s);
  const auto alone = given_up_after({{}, 1, 0, false, kStart}, Disposition::kFailover, kStandby, true, 1ms);
  EXPECT_LE(alone, 10s);
}

TEST(Failover, GoesToTheNextAddressAtOnceAndPausesAfterARound) {
  Attempts attempts({}, 3, 1, true, kStart);
  EXPECT_EQ(attempts.address(), 1u);
  EXPECT_EQ(attempts.after(Disposition::kFailover, kRefused, false, kStart, 0), kStart);
  EXPECT_EQ(attempts.address(), 2u);
  EXPECT_EQ(attempts.after(Disposition::kFailover, kStandby, true, kStart, 0), kStart);
  EXPECT_EQ(attempts.address(), 0u);
  EXPECT_EQ(attempts.after(Disposition::kFailover, kRefused, false, kStart, 0), kStart + 50ms);
  EXPECT_EQ(attempts.address(), 1u);
  EXPECT_EQ(attempts.retry_count(), 1);  // one was sent
}

TEST(Failover, RetrySamePausesAndStays) {
  Attempts attempts({}, 2, 1, false, kStart);
  TimePoint now = kStart;
  for (const auto pause : {50ms, 100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}) {
    const auto again = attempts.after(Disposition::kRetrySame, kLater, true, now, 0);
    ASSERT_EQ(again, now + pause);
    EXPECT_EQ(attempts.address(), 1u);
    now = *again;
  }
  EXPECT_EQ(attempts.retry_count(), 7);
}

TEST(Failover, ALongCallThatWasLostBeginsItsPatienceThen) {
  Attempts attempts({}, 1, 0, true, kStart);
  EXPECT_TRUE(attempts.after(Disposition::kFailover, kRefused, true, kStart + 50s, 0.5));
  EXPECT_TRUE(attempts.after(Disposition::kFailover, kRefused, false, kStart + 55s, 0.5));
  EXPECT_FALSE(attempts.after(Disposition::kFailover, kRefused, false, kStart + 60s, 0.5));
}

TEST(Failover, UnansweredCallsAreRepeatedUntilFailoverDeadlineAfterTheBeginning) {
  int tries = 0;
  given_up_after({{}, 1, 0, true, kStart}, Disposition::kFailover, kLate, true, 5s, &tries);
  EXPECT_EQ(tries, 6);
  given_up_after({{}, 1, 0, true, kStart}, Disposition::kFailover, kLate, true, 60s, &tries);
  EXPECT_EQ(tries, 1);
}

TEST(Failover, FailGivesUp) {
  Attempts attempts({}, 2, 0, true, kStart);
  EXPECT_FALSE(attempts.after(Disposition::kFail, kRefused, false, kStart, 0.5));
}

TEST(Failover, TriesAreBounded) {
  Limits limits;
  limits.failover_deadline = std::chrono::hours(10'000);
  int tries = 0;
  given_up_after({limits, 2, 0, true, kStart}, Disposition::kFailover, kRefused, false, 0ms, &tries);
  EXPECT_EQ(tries, Attempts::kMaxTries);
}

}  // namespace
}  // namespace knit::rpc
