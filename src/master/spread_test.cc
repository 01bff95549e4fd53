#include "master/spread.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace knit::master {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr Spread::Time kNow{1h};

NodeId node(int number) {
  return {"n" + std::to_string(number), 45454};
}
std::vector<control::UsableNode> three(std::int32_t room = 10, std::int32_t most = 20) {
  return {{"n1", "/r1", room, most}, {"n2", "/r1", room, most}, {"n3", "/r2", room, most}};
}

TEST(Spread, EqualPartsOfNodesAndTheSumsOfTheirRacks) {
  Spread spread(three(), 2s);
  spread.plan(30, kNow);
  EXPECT_THAT(spread.named(),
              ElementsAre(Pair("/r1", 20), Pair("/r2", 10), Pair("n1", 10), Pair("n2", 10), Pair("n3", 10)));
  EXPECT_EQ(spread.find(node(3))->rack, "/r2");
  EXPECT_EQ(spread.find(node(4)), nullptr);
}

TEST(Spread, WithoutNodesAndForFewNothingIsNamed) {
  Spread none;
  none.plan(30, kNow);
  EXPECT_THAT(none.named(), IsEmpty());
  Spread spread(three(), 2s);
  spread.plan(2, kNow);
  EXPECT_THAT(spread.named(), IsEmpty());
  spread.plan(4, kNow);  // two more
  EXPECT_THAT(spread.named(), IsEmpty());
  spread.plan(7, kNow);
  EXPECT_THAT(spread.named(),
              ElementsAre(Pair("/r1", 2), Pair("/r2", 1), Pair("n1", 1), Pair("n2", 1), Pair("n3", 1)));
}

TEST(Spread, WhatCameIsNoLongerNamedAndCountsForTheNext) {
  Spread spread(three(), 2s);
  spread.plan(6, kNow);
  spread.placed(node(1));
  spread.placed(node(1));
  spread.plan(4, kNow);
  EXPECT_THAT(spread.named(), ElementsAre(Pair("/r1", 2), Pair("/r2", 2), Pair("n2", 2), Pair("n3", 2)));
  for (const int number : {2, 2, 3, 3}) spread.placed(node(number));
  spread.plan(0, kNow);
  spread.gone(node(3));
  spread.gone(node(3));
  spread.plan(4, kNow);  // n1 and n2 have two each
  EXPECT_THAT(spread.named(),
              ElementsAre(Pair("/r1", 2), Pair("/r2", 2), Pair("n1", 1), Pair("n2", 1), Pair("n3", 2)));
}

TEST(Spread, AfterItsPatienceAnyPlaceWillDo) {
  Spread spread(three(), 2s);
  spread.plan(6, kNow);
  spread.placed(node(1));
  spread.plan(5, kNow + 1999ms);
  EXPECT_EQ(spread.named().at("n3"), 2);
  spread.plan(5, kNow + 2s);
  EXPECT_THAT(spread.named(), IsEmpty());
  spread.plan(5, kNow + 3s);
  EXPECT_THAT(spread.named(), IsEmpty()) << "not anew";
  spread.placed(node(2));
  spread.plan(4, kNow + 4s);
  EXPECT_THAT(spread.named(), IsEmpty());
  spread.plan(7, kNow + 5s);  // three new ones: n3 has none yet
  EXPECT_THAT(spread.named(),
              ElementsAre(Pair("/r1", 2), Pair("/r2", 1), Pair("n1", 1), Pair("n2", 1), Pair("n3", 1)));
  spread.plan(7, kNow + 6s);
  EXPECT_EQ(spread.named().at("n1"), 1) << "patience begins with the name";
}

TEST(Spread, NodesWithRoomFirstAndNoneBeyondWhatItHolds) {
  auto nodes = three(2, 4);
  nodes[0].room = 0;
  Spread spread(nodes, 2s);
  spread.plan(4, kNow);
  EXPECT_THAT(spread.named(), ElementsAre(Pair("/r1", 2), Pair("/r2", 2), Pair("n2", 2), Pair("n3", 2)));
  spread.plan(40, kNow);
  EXPECT_THAT(spread.named(),
              ElementsAre(Pair("/r1", 8), Pair("/r2", 4), Pair("n1", 4), Pair("n2", 4), Pair("n3", 4)));
}

TEST(Spread, FewerAreTakenFromWhereMostAreAsked) {
  Spread spread(three(), 2s);
  spread.plan(9, kNow);
  spread.placed(node(1));
  spread.plan(4, kNow);
  EXPECT_EQ(spread.named().at("/r1") + spread.named().at("/r2"), 4);
  for (const auto& [place, count] : spread.named()) EXPECT_LE(count, 3) << place;
  spread.plan(0, kNow);
  EXPECT_THAT(spread.named(), IsEmpty());
}

TEST(Spread, ANodeThatHasGoneOrIsAvoidedIsNotNamed) {
  Spread spread(three(), 2s);
  spread.plan(9, kNow);
  spread.report(node(3), NodeState::kLost);
  spread.plan(9, kNow);
  EXPECT_EQ(spread.named().count("n3"), 0U);
  spread.avoid({"n2"});
  spread.plan(9, kNow);
  EXPECT_EQ(spread.named().count("n2"), 0U);
  EXPECT_EQ(spread.named().count("/r2"), 0U);
  spread.avoid({});
  spread.report(node(3), NodeState::kRunning);
  spread.plan(18, kNow);
  EXPECT_GT(spread.named().at("n2"), 0);
  EXPECT_GT(spread.named().at("n3"), 0);
  spread.avoid({"n1", "n2", "n3"});
  spread.plan(30, kNow);
  EXPECT_THAT(spread.named(), IsEmpty());
}

TEST(Spread, NamesMayHoldThePort) {
  Spread spread({{"h:1", "/r", 5, 5}, {"h:2", "/r", 5, 5}}, 2s);
  spread.plan(4, kNow);
  spread.placed({"h", 2});
  spread.plan(3, kNow);
  EXPECT_THAT(spread.named(), ElementsAre(Pair("/r", 3), Pair("h:1", 2), Pair("h:2", 1)));
  spread.avoid({"h"});
  EXPECT_THAT(spread.named(), IsEmpty());
}

}  // namespace
}  // namespace knit::master
