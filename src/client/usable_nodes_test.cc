#include "client/usable_nodes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace knit::client {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

NodeReport node(std::string host, std::int32_t port = 45454) {
  NodeReport out;
  out.id = {std::move(host), port};
  out.rack = "/r";
  out.state = NodeState::kRunning;
  out.capacity = {ByteSize::mib(4096), 8, {{"yarn.io/gpu", 2}}};
  out.used = {ByteSize::mib(1024), 1, {}};
  return out;
}
RunSpec half_a_gib() {
  RunSpec spec;
  spec.resource = {ByteSize::mib(512), 1, {}};
  return spec;
}

TEST(UsableNodes, HaveRoomByTheirMemory) {
  auto full = node("full");
  full.used = full.capacity;
  EXPECT_THAT(usable_nodes({node("b"), full}, half_a_gib(), false),
              ElementsAre(control::UsableNode{"b", "/r", 6, 8}, control::UsableNode{"full", "/r", 0, 8}));
}

TEST(UsableNodes, AndByWhatElseAnInstanceNeeds) {
  auto spec = half_a_gib();
  spec.resource.others["yarn.io/gpu"] = 1;
  auto without = node("without");
  without.capacity.others.clear();
  EXPECT_THAT(usable_nodes({node("with"), without}, spec, false),
              ElementsAre(control::UsableNode{"with", "/r", 2, 2}));
}

TEST(UsableNodes, NotThoseWhereItNeverFitsNorLabelledOnesNorThoseThatDoNotRun) {
  auto small = node("small"), labelled = node("labelled"), leaving = node("leaving"), cores = node("cores");
  small.capacity.memory = ByteSize::mib(500);
  labelled.labels = {"gpu"};
  leaving.state = NodeState::kDecommissioning;
  cores.capacity.vcores = 0;
  EXPECT_THAT(usable_nodes({small, labelled, leaving, cores}, half_a_gib(), false), IsEmpty());
}

TEST(UsableNodes, ThoseOfOneHostAreOneUnlessThePortIsInTheName) {
  const std::vector<NodeReport> two = {node("h", 1), node("h", 2)};
  EXPECT_THAT(usable_nodes(two, half_a_gib(), false), ElementsAre(control::UsableNode{"h", "/r", 12, 16}));
  EXPECT_THAT(usable_nodes(two, half_a_gib(), true),
              ElementsAre(control::UsableNode{"h:1", "/r", 6, 8}, control::UsableNode{"h:2", "/r", 6, 8}));
}

TEST(UsableNodes, NoneWithALabelAndNoneOfTooMany) {
  auto spec = half_a_gib();
  std::vector<NodeReport> many;
  for (std::size_t i = 0; i < control::kMaxUsableNodes; ++i) many.push_back(node("n" + std::to_string(i)));
  EXPECT_EQ(usable_nodes(many, spec, false).size(), control::kMaxUsableNodes);
  many.push_back(node("one-more"));
  EXPECT_THAT(usable_nodes(many, spec, false), IsEmpty());
  spec.node_label = "gpu";
  EXPECT_THAT(usable_nodes({node("a")}, spec, false), IsEmpty());
}

}  // namespace
}  // namespace knit::client
