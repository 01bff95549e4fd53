#include "yarn/scheduler_page.h"

#include <gtest/gtest.h>

namespace knit::yarn {
namespace {

// As 3.4.2's CapacityScheduler writes it, with what matters here.
constexpr std::string_view kCapacity = R"({"scheduler":{"schedulerInfo":{"type":"capacityScheduler",
  "queueName":"root","queuePath":"root","maximumAllocation":{"memory":4096,"vCores":8},
  "queues":{"queue":[
    {"type":"capacitySchedulerLeafQueueInfo","queueName":"default","queuePath":"root.default",
     "maximumAllocation":{"memory":4096,"vCores":8}},
    {"queueName":"team","queuePath":"root.team","maximumAllocation":{"memory":2048,"vCores":8},
     "queues":{"queue":[{"queueName":"small","queuePath":"root.team.small",
                         "maximumAllocation":{"memory":512,"vCores":2}}]}}]}}}})";
constexpr std::string_view kFair = R"({"scheduler":{"schedulerInfo":{"type":"fairScheduler","rootQueue":{
  "queueName":"root","maxContainerAllocation":{"memory":8192,"vCores":4},"childQueues":{"queue":[
    {"queueName":"root.small","maxContainerAllocation":{"memory":1024,"vCores":1}}]}}}}})";

TEST(SchedulerPage, MaximumOfAQueueByNameOrPath) {
  const Resource small{ByteSize::mib(512), 2, {}};
  for (const auto* name : {"small", "team.small", "root.team.small"}) {
    EXPECT_EQ(maximum_in_queue(kCapacity, name), small) << name;
  }
  EXPECT_EQ(maximum_in_queue(kCapacity, "default"), (Resource{ByteSize::mib(4096), 8, {}}));
  EXPECT_EQ(maximum_in_queue(kFair, "small"), (Resource{ByteSize::mib(1024), 1, {}}));
  EXPECT_EQ(maximum_in_queue(kFair, "root.small"), (Resource{ByteSize::mib(1024), 1, {}}));
}

TEST(SchedulerPage, SaysNothingWhereThePageDoesNot) {
  EXPECT_EQ(maximum_in_queue(kCapacity, "mall"), std::nullopt);
  EXPECT_EQ(maximum_in_queue(kCapacity, ""), std::nullopt);
  for (const auto* page : {"", "<html>", "null", "[]", R"({"queueName":"small"})", R"({"queueName":7})",
                           R"({"queueName":"small","maximumAllocation":{"memory":-1,"vCores":8}})",
                           R"({"queueName":"small","maximumAllocation":{"memory":1e30,"vCores":8}})",
                           R"({"queueName":"small","maximumAllocation":{"memory":512}})"}) {
    EXPECT_EQ(maximum_in_queue(page, "small"), std::nullopt) << page;
  }
}

}  // namespace
}  // namespace knit::yarn
