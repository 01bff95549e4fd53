#include "master/allocation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "master/pace.h"

namespace knit::master {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Spread::Time kNow{1h};

ContainerId id(int n) {
  return ContainerId{{{1700, 1}, 1}, n};
}
yarn::Container container(int n) {
  yarn::Container out;
  out.id = id(n);
  return out;
}
yarn::ResourceRequest role() {
  yarn::ResourceRequest ask;
  ask.priority = 1;
  ask.allocation_request_id = 1;
  ask.node_label = "gpu";
  return ask;
}
yarn::AllocateResponse answer(int response_id, std::vector<int> given = {}, std::vector<int> completed = {}) {
  yarn::AllocateResponse out;
  out.response_id = response_id;
  for (const int n : given) out.allocated.push_back(container(n));
  for (const int n : completed) out.completed.push_back({.id = id(n)});
  return out;
}
// The counts asked for in a request.
std::vector<int> asked(const yarn::AllocateRequest& request) {
  std::vector<int> counts;
  for (const auto& ask : request.asks) counts.push_back(ask.count);
  return counts;
}
std::vector<ContainerId> ids(const Allocation::News& news) {
  std::vector<ContainerId> out;
  for (const auto& container : news.containers) out.push_back(container.id);
  return out;
}
Error remote(std::string java_class, std::string message = "x", ErrorCode code = ErrorCode::kInternal) {
  return Error(code, std::move(message), "org.apache.hadoop.yarn.exceptions." + java_class);
}

// Asks for `count` and takes the answer.
Allocation asking(int count) {
  Allocation all(role());
  all.registered();
  all.want(count, kNow);
  EXPECT_THAT(asked(all.next(0)), ElementsAre(count));
  (void)all.answered(answer(1));
  return all;
}

TEST(Allocation, AsksOnceAndCountsDownByItself) {
  Allocation all(role());
  all.registered();
  all.want(5, kNow);
  const auto& first = all.next(0.25F);
  EXPECT_EQ(first.response_id, 0);
  EXPECT_EQ(first.progress, 0.25F);
  ASSERT_THAT(asked(first), ElementsAre(5));
  EXPECT_EQ(first.asks[0].place, "*");
  EXPECT_EQ(first.asks[0].node_label, "gpu");
  EXPECT_EQ(first.asks[0].allocation_request_id, 1);
  EXPECT_THAT(ids(all.answered(answer(1))), IsEmpty());
  all.want(5, kNow);
  EXPECT_TRUE(all.next(0).asks.empty());
  EXPECT_EQ(all.next(0).response_id, 1);
  EXPECT_THAT(ids(all.answered(answer(2, {10, 11}))), ElementsAre(id(10), id(11)));
  all.want(3, kNow);
  EXPECT_TRUE(all.open());
  EXPECT_TRUE(all.next(0).asks.empty()) << "the ResourceManager has counted down too";
  (void)all.answered(answer(3, {12, 13, 14}));
  EXPECT_FALSE(all.open());
  all.want(0, kNow);
  EXPECT_TRUE(all.next(0).asks.empty());
}

TEST(Allocation, WhatComesWithTheAnswerToAnAskIsBeyondIt) {
  Allocation all = asking(4);
  all.want(5, kNow);  // one more, while the ResourceManager has already given 2
  EXPECT_THAT(asked(all.next(0)), ElementsAre(5));
  EXPECT_EQ(all.answered(answer(2, {10, 11})).containers.size(), 2U);
  all.want(3, kNow);
  EXPECT_THAT(asked(all.next(0)), ElementsAre(3)) << "it believes that it still owes 5";
  (void)all.answered(answer(3));
  all.want(3, kNow);
  EXPECT_TRUE(all.next(0).asks.empty());
}

TEST(Allocation, WithdrawsWhatIsNoLongerNeeded) {
  Allocation all = asking(4);
  all.want(0, kNow);
  EXPECT_THAT(asked(all.next(0)), ElementsAre(0));
  (void)all.answered(answer(2));
  EXPECT_TRUE(all.next(0).asks.empty());
}

TEST(Allocation, ALostAnswerIsAskedForInTheSameWords) {
  Allocation all(role());
  all.registered();
  all.want(4, kNow);
  all.release(id(1));
  const yarn::AllocateRequest first = all.next(0);
  EXPECT_TRUE(all.waits_for_answer());
  all.want(6, kNow);
  all.release(id(2));
  all.avoid({"bad"}, {});
  const yarn::AllocateRequest again = all.next(0.5F);
  EXPECT_EQ(again.response_id, 0);
  EXPECT_THAT(asked(again), ElementsAre(4));
  EXPECT_EQ(again.releases, first.releases);
  EXPECT_THAT(again.blacklist_additions, IsEmpty());
  (void)all.answered(answer(1));
  all.want(6, kNow);
  const auto& next = all.next(0);
  EXPECT_EQ(next.response_id, 1);
  EXPECT_THAT(asked(next), ElementsAre(6));
  EXPECT_THAT(next.releases, ElementsAre(id(2)));
  EXPECT_THAT(next.blacklist_additions, ElementsAre("bad"));
}

TEST(Allocation, ContainersAndEndsCountOnce) {
  Allocation all = asking(2);
  EXPECT_EQ(all.answered(answer(2, {10})).containers.size(), 1U);
  all.want(1, kNow);
  (void)all.next(0);
  const auto news = all.answered(answer(3, {10, 11}, {10, 10}));
  EXPECT_THAT(ids(news), ElementsAre(id(11)));
  ASSERT_EQ(news.completed.size(), 1U);
  (void)all.next(0);
  EXPECT_THAT(all.answered(answer(4, {}, {10})).completed, IsEmpty());
  (void)all.next(0);
  EXPECT_THAT(ids(all.answered(answer(5, {12}, {12}))), ElementsAre(id(12))) << "given and ended at once";
}

TEST(Allocation, AnEndBeforeTheContainerLeavesNothingToUse) {
  Allocation all = asking(2);
  (void)all.next(0);
  (void)all.answered(answer(2, {}, {10}));
  (void)all.next(0);
  EXPECT_THAT(ids(all.answered(answer(3, {10}))), IsEmpty());
}

TEST(Allocation, AfterARestartOfTheResourceManagerEverythingIsToldAnew) {
  Allocation all = asking(4);
  all.release(id(7));
  all.avoid({"bad", "worse"}, {});
  (void)all.next(0);
  (void)all.answered(answer(2, {10}));
  all.avoid({}, {"worse"});
  all.want(3, kNow);
  (void)all.next(0);  // answered by "not registered"
  all.registered();
  all.want(3, kNow);
  const auto& request = all.next(0);
  EXPECT_EQ(request.response_id, 0);
  EXPECT_THAT(asked(request), ElementsAre(3));
  EXPECT_THAT(request.releases, ElementsAre(id(7)));
  EXPECT_THAT(request.blacklist_additions, ElementsAre("bad"));
  EXPECT_THAT(request.blacklist_removals, IsEmpty());
  EXPECT_THAT(ids(all.answered(answer(1, {10, 11}))), ElementsAre(id(11))) << "10 was given before";
}

TEST(Allocation, AReleaseIsToldOnceAndEndsWithItsContainer) {
  Allocation all = asking(1);
  all.release(id(7));
  all.release(id(7));
  EXPECT_THAT(all.next(0).releases, ElementsAre(id(7)));
  (void)all.answered(answer(2, {}, {7}));
  EXPECT_THAT(all.next(0).releases, IsEmpty());
  all.registered();
  EXPECT_THAT(all.next(0).releases, IsEmpty());
  (void)all.answered(answer(1));
  all.release(id(7));
  EXPECT_THAT(all.next(0).releases, IsEmpty()) << "it has ended";
}

TEST(Allocation, AContainerThatComesAfterItsEndIsAskedForAgain) {
  Allocation all = asking(1);
  (void)all.next(0);
  (void)all.answered(answer(2, {}, {7}));
  (void)all.next(0);
  EXPECT_THAT(all.answered(answer(3, {7})).containers, IsEmpty());
  all.want(1, kNow);
  EXPECT_THAT(asked(all.next(0)), ElementsAre(1)) << "the ResourceManager owes nothing any more";
}

TEST(Allocation, ContainersOfEarlierAttemptsAreToldOnce) {
  Allocation all = asking(1);
  auto response = answer(2);
  response.previous_containers = {container(3)};
  (void)all.next(0);
  const auto news = all.answered(response);
  EXPECT_THAT(news.containers, IsEmpty());
  ASSERT_EQ(news.previous.size(), 1U);
  EXPECT_EQ(news.previous[0].id, id(3));
  (void)all.next(0);
  EXPECT_THAT(all.answered(response).previous, IsEmpty());
}

// Asks by name.

yarn::ResourceRequest unlabelled() {
  auto ask = role();
  ask.node_label.clear();
  return ask;
}
Allocation naming(int count) {
  Allocation all(unlabelled(), Spread({{"n1", "/r1", 9, 9}, {"n2", "/r1", 9, 9}, {"n3", "/r2", 9, 9}}, 2s));
  all.registered();
  all.want(count, kNow);
  return all;
}
using Places = std::map<std::string, int>;
Places places(const yarn::AllocateRequest& request) {
  Places out;
  for (const auto& ask : request.asks) {
    EXPECT_TRUE(ask.relax_locality);
    EXPECT_TRUE(out.emplace(ask.place, ask.count).second) << ask.place;
  }
  return out;
}
// Container `first` and those after it, one on each of these nodes.
yarn::AllocateResponse from(int response_id, int first, const std::vector<std::string>& hosts) {
  auto out = answer(response_id);
  for (const auto& host : hosts) {
    out.allocated.push_back(container(first++));
    out.allocated.back().node = {host, 45454};
  }
  return out;
}
const Places kNine{{"*", 9}, {"/r1", 6}, {"/r2", 3}, {"n1", 3}, {"n2", 3}, {"n3", 3}};

TEST(Allocation, Trap56NodesTheirRacksAndAnyPlaceAgree) {
  auto all = naming(9);
  EXPECT_EQ(places(all.next(0)), kNine);
  (void)all.answered(answer(1));
  all.want(9, kNow);
  EXPECT_THAT(places(all.next(0)), IsEmpty());
  (void)all.answered(from(2, 10, {"n1", "n1", "n3"}));
  all.want(6, kNow);
  EXPECT_THAT(places(all.next(0)), IsEmpty()) << "the ResourceManager has counted down all three levels";
}

TEST(Allocation, WhatComesFromAnotherNodeMakesEverythingToldAnew) {
  auto all = naming(9);
  (void)all.next(0);
  (void)all.answered(answer(1));
  (void)all.next(0);
  (void)all.answered(from(2, 10, {"elsewhere"}));
  all.want(8, kNow);
  const auto told = places(all.next(0));
  EXPECT_EQ(told.at("*"), 8);
  EXPECT_EQ(told.at("/r1") + told.at("/r2"), 8);
  EXPECT_EQ(told.at("n1") + told.at("n2") + told.at("n3"), 8);
  (void)all.answered(answer(3));
  all.want(8, kNow);
  EXPECT_THAT(places(all.next(0)), IsEmpty());
}

TEST(Allocation, ContainersThatCrossAnAskOfOtherPlacesAreCountedDownThere) {
  auto all = naming(9);
  (void)all.next(0);
  (void)all.answered(answer(1));
  all.want(12, kNow);  // one more of each node, while n1 has given its three
  EXPECT_EQ(places(all.next(0)),
            (Places{{"*", 12}, {"/r1", 8}, {"/r2", 4}, {"n1", 4}, {"n2", 4}, {"n3", 4}}));
  (void)all.answered(from(2, 10, {"n1", "n1", "n1"}));
  all.want(9, kNow);
  EXPECT_EQ(places(all.next(0)), (Places{{"*", 9}, {"/r1", 5}, {"n1", 1}}))
      << "it believes that n1 still owes 4";
}

TEST(Allocation, NamesAreWithdrawnWhenTheyHaveNotHelped) {
  auto all = naming(9);
  (void)all.next(0);
  (void)all.answered(from(1, 10, {}));
  all.want(9, kNow + 2s);
  EXPECT_EQ(places(all.next(0)), (Places{{"/r1", 0}, {"/r2", 0}, {"n1", 0}, {"n2", 0}, {"n3", 0}}))
      << "the count of any place stays";
  (void)all.answered(from(2, 10, {"n1", "n2"}));
  all.want(7, kNow + 3s);
  EXPECT_EQ(places(all.next(0)).count("n1"), 0U);
}

TEST(Allocation, NamesAreToldAnewToAResourceManagerThatHasRestarted) {
  auto all = naming(9);
  (void)all.next(0);
  (void)all.answered(from(1, 10, {"n2"}));
  all.registered();
  all.want(8, kNow);
  EXPECT_EQ(places(all.next(0)), (Places{{"*", 8}, {"/r1", 5}, {"/r2", 3}, {"n1", 3}, {"n2", 2}, {"n3", 3}}));
}

TEST(Allocation, ANodeThatIsLostOrAvoidedIsAskedForNoMore) {
  auto all = naming(9);
  (void)all.next(0);
  auto response = answer(1);
  response.updated_nodes.push_back({.id = {"n3", 45454}, .state = NodeState::kLost});
  (void)all.answered(response);
  all.avoid({"n2"}, {});
  all.want(9, kNow);
  const auto told = places(all.next(0));
  EXPECT_EQ(told.at("n3"), 0);
  EXPECT_EQ(told.at("/r2"), 0);
  EXPECT_EQ(told.at("n2"), 0);
  EXPECT_EQ(told.at("n1"), 9) << "its share of what the others do not get";
}

TEST(Allocation, EachErrorHasItsConsequence) {
  EXPECT_EQ(after_failure(remote("ApplicationMasterNotRegisteredException")), AfterFailure::kReregister);
  EXPECT_EQ(after_failure(remote("ApplicationAttemptNotFoundException")), AfterFailure::kOver);
  EXPECT_EQ(after_failure(Error(ErrorCode::kUnauthenticated,
                                "appattempt_1_0001_000001 not found in AMRMTokenSecretManager.",
                                "org.apache.hadoop.security.token.SecretManager$InvalidToken")),
            AfterFailure::kOver);
  EXPECT_EQ(after_failure(Error(ErrorCode::kUnauthenticated, "Invalid AMRMToken from x",
                                "org.apache.hadoop.security.token.SecretManager$InvalidToken")),
            AfterFailure::kRefused);
  EXPECT_EQ(after_failure(remote("InvalidResourceRequestException")), AfterFailure::kRefused);
  EXPECT_EQ(after_failure(remote("InvalidApplicationMasterRequestException")), AfterFailure::kRefused);
  EXPECT_EQ(after_failure(remote("YarnException")), AfterFailure::kRepeat);
  EXPECT_EQ(after_failure(Error(ErrorCode::kUnavailable, "refused")), AfterFailure::kRepeat);
  EXPECT_EQ(after_failure(Error(ErrorCode::kDeadlineExceeded, "late")), AfterFailure::kRepeat);
  EXPECT_EQ(after_failure(Error(ErrorCode::kDataLoss, "garbage")), AfterFailure::kRefused);
}

TEST(Pace, IsFastWhileAnswersAreNearAndThenSlowsDown) {
  Pace pace;
  const Pace::Time start{1h};
  pace.hurry(start);
  EXPECT_EQ(pace.next(start, true), 50ms);
  EXPECT_EQ(pace.next(start + 4999ms, false), 50ms);
  EXPECT_EQ(pace.next(start + 5s, true), 100ms);
  EXPECT_EQ(pace.next(start + 5h, true), 100ms);
  Pace::Duration last = 100ms;
  for (int i = 0; i < 10; ++i) {
    const auto next = pace.next(start + 5h, false);
    EXPECT_GE(next, last);
    last = next;
  }
  EXPECT_EQ(last, 1s);
  pace.hurry(start + 6h);
  EXPECT_EQ(pace.next(start + 6h, false), 50ms);
}

}  // namespace
}  // namespace knit::master
