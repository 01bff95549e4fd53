#include "client/queues.h"

#include <gtest/gtest.h>

namespace knit::client {
namespace {

QueueInfo queue(std::string name, std::string path, QueueState state, std::vector<QueueInfo> children = {}) {
  QueueInfo info{std::move(name), std::move(path), state};
  info.children = std::move(children);
  return info;
}

TEST(Queues, ThoseThatAUserCanUse) {
  const auto root = queue(
      "root", "root", QueueState::kRunning,
      {queue("default", "root.default", QueueState::kRunning),
       queue("stopped", "root.stopped", QueueState::kStopped),
       queue("draining", "root.draining", QueueState::kDraining),
       queue("private", "root.private", QueueState::kRunning),
       queue("team", "root.team", QueueState::kRunning, {queue("a", "root.team.a", QueueState::kUnknown)}),
       queue("untold", "root.untold", QueueState::kRunning)});
  const std::vector<yarn::QueueAccess> access = {{"root", true, false},       {"default", true, false},
                                                 {"stopped", true, false},    {"draining", true, false},
                                                 {"team", true, false},       {"private", false, false},
                                                 {"root.team.a", true, false}};
  EXPECT_EQ(usable_queues(root, access), (std::vector<std::string>{"default", "a"}));
  EXPECT_EQ(may_submit(access, root.children[3]), false);
  EXPECT_EQ(may_submit(access, root.children[5]), std::nullopt);
}

TEST(Queues, AQueuesAccessIsFoundByEitherName) {
  struct Row {
    std::string name, path;                 // as the ResourceManager calls the queue
    std::vector<yarn::QueueAccess> access;  // as it tells the rights
    std::optional<bool> may_submit;
  };
  const std::vector<Row> rows = {
      {"private",
       "private",
       {{"root", false}, {"root.default", true}, {"root.private", false}},
       false},                                                                              // 3.3
      {"private", "root.private", {{"root.default", true}, {"root.private", true}}, true},  // 3.4
      {"private", "root.private", {{"default", true}, {"private", false}}, false},          // 2.10
      {"private", "", {{"root.private", true}}, true},
      {"private", "root.a.private", {{"root.b.private", true}}, std::nullopt},
      {"private", "root.private", {{"root.notprivate", true}}, std::nullopt},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(may_submit(row.access, queue(row.name, row.path, QueueState::kRunning)), row.may_submit)
        << row.name << " " << row.path << " " << row.access[0].queue;
  }
}

TEST(Queues, ALongListIsCut) {
  EXPECT_EQ(list_of({"a", "b"}), "a, b");
  EXPECT_TRUE(list_of(std::vector<std::string>(21, "q")).ends_with("q, q, ..."));
}

}  // namespace
}  // namespace knit::client
