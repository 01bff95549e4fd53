#include "rpc/call_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rpc/fake_server_for_test.h"

namespace knit::rpc {
namespace {

using namespace std::chrono_literals;
using ::testing::UnorderedElementsAre;

const TimePoint kNow{1h};

std::string answer(std::int32_t id, std::string_view body) {
  return frames_of(success_frame(id, body)).at(0);
}

std::string failure(std::int32_t id, bool fatal = false) {
  return frames_of(failure_frame(id, "x.y.AccessControlException", "no", fatal)).at(0);
}

TEST(CallTable, AnswersInAnyOrder) {
  CallTable table(1000);
  for (int id : {7, 8, 9}) ASSERT_TRUE(table.add(id, std::to_string(id), kNow));
  EXPECT_EQ(table.take_output(), "789");
  EXPECT_FALSE(table.has_output());
  EXPECT_EQ(table.open(), 3u);
  for (int id : {9, 7, 8}) {
    const auto ended = table.on_frame(answer(id, "to " + std::to_string(id)));
    ASSERT_TRUE(ended);
    EXPECT_EQ(*ended, id);
  }
  EXPECT_EQ(table.open(), 0u);
  const auto end = table.take(8);
  ASSERT_TRUE(end);
  EXPECT_EQ(*end->result, "to 8");
  EXPECT_TRUE(end->sent);
  EXPECT_FALSE(table.take(8));
}

TEST(CallTable, AnErrorEndsItsCallAlone) {
  CallTable table(1000);
  ASSERT_TRUE(table.add(1, "a", kNow));
  ASSERT_TRUE(table.add(2, "b", kNow));
  (void)table.take_output();
  EXPECT_EQ(*table.on_frame(failure(2)), 2);
  EXPECT_EQ(table.take(2)->result.error().code(), ErrorCode::kPermissionDenied);
  EXPECT_FALSE(table.take(1));
  EXPECT_EQ(table.open(), 1u);
}

TEST(CallTable, FatalIsAnErrorOfTheConnectionWhateverItsId) {
  for (const int id : {-1, -33, 1, 99}) {
    CallTable table(1000);
    ASSERT_TRUE(table.add(1, "a", kNow));
    (void)table.take_output();
    const auto ended = table.on_frame(failure(id, true));
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().remote_exception(), "x.y.AccessControlException");
  }
}

TEST(CallTable, FailEndsWhatIsOpen) {
  CallTable table(1000);
  for (int id : {1, 2, 3}) ASSERT_TRUE(table.add(id, "x", kNow));
  (void)table.take_output();
  ASSERT_TRUE(table.add(4, "x", kNow));
  ASSERT_TRUE(table.on_frame(answer(1, "in time")));
  EXPECT_TRUE(table.abandon(2));
  EXPECT_THAT(table.fail(Error(ErrorCode::kUnavailable, "lost")), UnorderedElementsAre(3, 4));
  EXPECT_EQ(*table.take(1)->result, "in time");
  EXPECT_FALSE(table.take(2));
  EXPECT_TRUE(table.take(3)->sent);
  const auto queued = table.take(4);
  EXPECT_FALSE(queued->sent);
  EXPECT_EQ(queued->result.error().message(), "lost");
  EXPECT_FALSE(table.has_output());
  EXPECT_EQ(table.open(), 0u);
  EXPECT_EQ(table.abandoned(), 0u);
}

TEST(CallTable, AnAbandonedCallsLateAnswerIsDropped) {
  CallTable table(1000);
  ASSERT_TRUE(table.add(1, "x", kNow));
  (void)table.take_output();
  EXPECT_TRUE(table.abandon(1));
  EXPECT_EQ(table.open(), 0u);
  EXPECT_EQ(table.abandoned(), 1u);
  const auto late = table.on_frame(answer(1, "late"));
  ASSERT_TRUE(late);
  EXPECT_FALSE(*late);
  EXPECT_EQ(table.abandoned(), 0u);
  EXPECT_FALSE(table.take(1));
  EXPECT_FALSE(table.on_frame(answer(1, "again")));  // nobody asked twice
}

TEST(CallTable, ACallAbandonedBeforeItWasSentNeverIs) {
  CallTable table(1000);
  ASSERT_TRUE(table.add(1, "one", kNow));
  ASSERT_TRUE(table.add(2, "two", kNow));
  EXPECT_FALSE(table.abandon(1));
  EXPECT_EQ(table.take_output(), "two");
  EXPECT_EQ(table.abandoned(), 0u);
  EXPECT_FALSE(table.abandon(1));
  EXPECT_FALSE(table.abandon(77));
}

TEST(CallTable, ARepeatedCallEndsWithEitherAnswer) {
  CallTable table(1000);
  ASSERT_TRUE(table.add(1, "first", kNow));
  (void)table.take_output();
  EXPECT_TRUE(table.abandon(1));

  // The first answer comes before the repetition is sent.
  ASSERT_TRUE(table.add(1, "second", kNow));
  EXPECT_EQ(table.abandoned(), 0u);
  EXPECT_EQ(*table.on_frame(answer(1, "late but good")), 1);
  EXPECT_FALSE(table.has_output());
  auto end = table.take(1);
  EXPECT_EQ(*end->result, "late but good");
  EXPECT_TRUE(end->sent);
  EXPECT_FALSE(table.on_frame(answer(1, "more")));

  // It comes after; then a second one is still owed.
  ASSERT_TRUE(table.add(2, "first", kNow));
  (void)table.take_output();
  EXPECT_TRUE(table.abandon(2));
  ASSERT_TRUE(table.add(2, "second", kNow));
  EXPECT_EQ(table.take_output(), "second");
  EXPECT_EQ(*table.on_frame(answer(2, "a")), 2);
  EXPECT_EQ(*table.take(2)->result, "a");
  EXPECT_EQ(table.abandoned(), 1u);
  const auto second = table.on_frame(answer(2, "b"));
  ASSERT_TRUE(second);
  EXPECT_FALSE(*second);
  EXPECT_EQ(table.abandoned(), 0u);
}

TEST(CallTable, RefusesAnswersNobodyWaitsFor) {
  CallTable table(1000);
  ASSERT_TRUE(table.add(1, "x", kNow));
  for (const std::string& frame : {answer(1, "before it was sent"), answer(2, ""), answer(-33, ""),
                                   answer(-4, ""), failure(-1), std::string(), std::string("garbage")}) {
    const auto ended = table.on_frame(frame);
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().code(), ErrorCode::kDataLoss);
  }
  EXPECT_EQ(table.open(), 1u);
}

TEST(CallTable, Limits) {
  CallTable table(10);
  ASSERT_TRUE(table.add(1, std::string(50, 'x'), kNow));  // alone it is taken
  auto refused = table.add(2, "y", kNow);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kResourceExhausted);
  EXPECT_EQ(table.open(), 1u);
  (void)table.take_output();
  ASSERT_TRUE(table.add(2, "y", kNow));

  CallTable full(100'000);
  for (std::size_t i = 0; i < CallTable::kMaxOpen; ++i) ASSERT_TRUE(full.add(static_cast<int>(i), "x", kNow));
  EXPECT_FALSE(full.add(-1, "x", kNow));
}

TEST(CallTable, AFreshIdMustBeFresh) {
  CallTable table(1000);
  ASSERT_TRUE(table.add(1, "x", kNow));
  EXPECT_THROW((void)table.add(1, "x", kNow), Bug);
}

TEST(CallTable, SilenceIsCountedFromTheCall) {
  CallTable table(1000);
  ASSERT_TRUE(table.add(1, "x", kNow));
  EXPECT_TRUE(table.is_silent_since(1, kNow - 1s));
  EXPECT_TRUE(table.is_silent_since(1, kNow));
  EXPECT_FALSE(table.is_silent_since(1, kNow + 1s));
}

TEST(Liveness, PingsWhileCallsAreOpenAndNothingComes) {
  Liveness liveness({}, kNow);
  EXPECT_TRUE(liveness.set_open(1, kNow + 5s));
  EXPECT_FALSE(liveness.set_open(2, kNow + 6s));
  EXPECT_EQ(liveness.due(), kNow + 65s);
  EXPECT_EQ(liveness.act(kNow + 64s), Liveness::Action::kNothing);
  liveness.received(kNow + 30s);
  EXPECT_EQ(liveness.act(kNow + 65s), Liveness::Action::kNothing);
  EXPECT_EQ(liveness.act(kNow + 90s), Liveness::Action::kPing);
  EXPECT_EQ(liveness.act(kNow + 91s), Liveness::Action::kNothing);
  EXPECT_EQ(liveness.due(), kNow + 150s);
  EXPECT_EQ(liveness.act(kNow + 150s), Liveness::Action::kPing);
}

TEST(Liveness, AnIntervalOfZeroMeansNoPings) {
  Limits limits;
  limits.ping_interval = 0ms;
  Liveness liveness(limits, kNow);
  liveness.set_open(1, kNow);
  EXPECT_EQ(liveness.due(), TimePoint::max());
  EXPECT_EQ(liveness.act(kNow + 1h), Liveness::Action::kNothing);
}

TEST(Liveness, ClosesWhenIdle) {
  Liveness liveness({}, kNow);
  EXPECT_EQ(liveness.due(), kNow + 10s);
  liveness.set_open(1, kNow + 9s);
  EXPECT_EQ(liveness.act(kNow + 20s), Liveness::Action::kNothing);
  EXPECT_TRUE(liveness.set_open(0, kNow + 30s));
  EXPECT_EQ(liveness.act(kNow + 39s), Liveness::Action::kNothing);
  EXPECT_EQ(liveness.act(kNow + 40s), Liveness::Action::kClose);
}

}  // namespace
}  // namespace knit::rpc
