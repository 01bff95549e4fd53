#include "yarn/convert.h"

#include <gtest/gtest.h>

#include <limits>

#include "yarn/iso8601.h"

namespace knit::yarn {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

TEST(Units, ConvertAsJavaDoes) {
  EXPECT_EQ(*convert_unit("", "", 7), 7);
  EXPECT_EQ(*convert_unit("furlong", "furlong", 7), 7);  // equal units need not be known
  EXPECT_EQ(*convert_unit("Gi", "Mi", 3), 3072);
  EXPECT_EQ(*convert_unit("Mi", "Gi", 3071), 2);
  EXPECT_EQ(*convert_unit("G", "Mi", 1), 953);
  EXPECT_EQ(*convert_unit("m", "", 1999), 1);
  EXPECT_EQ(*convert_unit("", "m", 2), 2000);
  EXPECT_EQ(*convert_unit("p", "n", 1234), 1);
  EXPECT_EQ(*convert_unit("u", "p", 5), 5'000'000);
  EXPECT_EQ(*convert_unit("Pi", "Ti", 1), 1024);
  EXPECT_EQ(*convert_unit("P", "T", 2), 2000);
  EXPECT_EQ(*convert_unit("k", "Ki", 1024), 1000);
  EXPECT_EQ(*convert_unit("M", "k", -3), -3000);
  EXPECT_EQ(*convert_unit("", "P", kMost), kMost / 1'000'000'000'000'000);
  for (const auto& [from, to] : {std::pair{"Pi", "p"}, {"Ki", ""}, {"P", "m"}}) {
    const auto refused = convert_unit(from, to, kMost);
    ASSERT_FALSE(refused) << from;
    EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidArgument);
  }
  EXPECT_FALSE(convert_unit("K", "", 1));
  EXPECT_FALSE(convert_unit("", "mib", 1));
}

TEST(Convert, ResourceGoesBothWays) {
  const Resource resource{ByteSize::mib(1536), 3, {{"yarn.io/gpu", 2}, {"disk", 100}}};
  pb::ResourceProto message;
  write(resource, message);
  EXPECT_EQ(message.memory(), 1536);
  EXPECT_EQ(message.virtual_cores(), 3);
  EXPECT_EQ(message.resource_value_map_size(), 4);
  EXPECT_EQ(read(message, {}), resource);
  EXPECT_EQ(read(message, {{"disk", "Gi"}}), resource);  // no unit on the wire: the declared one
}

TEST(Convert, ResourceOfTheMapAlone) {
  pb::ResourceProto message;
  const auto add = [&](const char* key, std::int64_t value, const char* unit) {
    auto& entry = *message.add_resource_value_map();
    entry.set_key(key);
    entry.set_value(value);
    if (unit) entry.set_units(unit);
  };
  add("memory-mb", 2, "Gi");
  add("vcores", 5'000'000'000, "");
  add("disk", 4096, "Mi");
  add("odd", 9, "furlong");
  add("negative", -1, "");
  const auto resource = read(message, {{"disk", "Gi"}, {"odd", "Gi"}});
  EXPECT_EQ(resource.memory, ByteSize::mib(2048));
  EXPECT_EQ(resource.vcores, std::numeric_limits<std::int32_t>::max());
  EXPECT_EQ(resource.others.at("disk"), 4);
  EXPECT_EQ(resource.others.at("odd"), 9);
  EXPECT_EQ(resource.others.at("negative"), 0);
  EXPECT_EQ(read(message, {}).others.at("disk"), 4096);
  message.set_memory(10);
  message.set_virtual_cores(1);
  EXPECT_EQ(read(message, {}).memory, ByteSize::mib(10));
  EXPECT_EQ(read(message, {}).vcores, 1);
}

TEST(Convert, AmountsBeyondReason) {
  EXPECT_EQ(memory_from_mib(-1), ByteSize());
  EXPECT_EQ(memory_from_mib(std::numeric_limits<std::int64_t>::min()), ByteSize());
  EXPECT_EQ(memory_from_mib(kMost), ByteSize::mib(kMost >> 20));
}

TEST(Convert, TimesAndTexts) {
  EXPECT_EQ(time_from_ms(0), std::nullopt);
  EXPECT_EQ(time_from_ms(-1), std::nullopt);
  EXPECT_EQ(time_from_ms(1), WallTime(std::chrono::milliseconds(1)));
  EXPECT_EQ(text_or_empty("N/A"), "");
  EXPECT_EQ(text_or_empty("N/A."), "N/A.");
}

TEST(Convert, IdsGoBothWays) {
  const ContainerId container{{{1763862000000, 42}, 3}, (17LL << 40) | 5};
  pb::ContainerIdProto message;
  write(container, message);
  EXPECT_FALSE(message.has_app_id());
  EXPECT_EQ(read(message), container);
  pb::NodeIdProto node;
  write(NodeId{"n", 45454}, node);
  EXPECT_EQ(read(node), (NodeId{"n", 45454}));
}

TEST(Convert, EveryStateHasItsCounterpart) {
  for (int i = 1; i <= 8; ++i) {
    EXPECT_EQ(*write(read(static_cast<pb::YarnApplicationStateProto>(i))), i);
    EXPECT_EQ(*write(read(static_cast<pb::NodeStateProto>(i))), i);
    EXPECT_EQ(
        "LOG_" + std::string(to_string(read(static_cast<pb::LogAggregationStatusProto>(std::min(i, 7))))),
        pb::LogAggregationStatusProto_Name(static_cast<pb::LogAggregationStatusProto>(std::min(i, 7))));
    EXPECT_EQ(to_string(read(static_cast<pb::YarnApplicationStateProto>(i))),
              pb::YarnApplicationStateProto_Name(static_cast<pb::YarnApplicationStateProto>(i)));
    EXPECT_EQ("NS_" + std::string(to_string(read(static_cast<pb::NodeStateProto>(i)))),
              pb::NodeStateProto_Name(static_cast<pb::NodeStateProto>(i)));
  }
  for (int i = 0; i <= 4; ++i) {
    EXPECT_EQ(*write(read(static_cast<pb::FinalApplicationStatusProto>(i))), i);
    EXPECT_EQ("APP_" + std::string(to_string(read(static_cast<pb::FinalApplicationStatusProto>(i)))),
              pb::FinalApplicationStatusProto_Name(static_cast<pb::FinalApplicationStatusProto>(i)));
  }
  EXPECT_EQ(read(pb::Q_STOPPED), QueueState::kStopped);
  EXPECT_EQ(read(pb::C_NEW), ContainerState::kNew);
  EXPECT_FALSE(write(ApplicationState::kUnknown));
  EXPECT_FALSE(write(NodeState::kUnknown));
  EXPECT_FALSE(write(FinalStatus::kUnknown));
}

TEST(Iso8601, GoesBothWays) {
  for (const std::string text :
       {"2026-11-23T01:31:08.123+0000", "1970-01-01T00:00:00.001+0000", "2024-02-29T23:59:59.999+0000"}) {
    const auto time = parse_iso8601(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(to_iso8601(*time), text);
  }
  EXPECT_EQ(to_iso8601(*parse_iso8601("2026-11-23T01:31:08.123-0530")), "2026-11-23T07:01:08.123+0000");
}

TEST(Iso8601, RefusesOtherTexts) {
  for (const std::string text :
       {"", "UNLIMITED", "2026-11-23", "2026-13-23T01:31:08.123+0000", "2026-02-30T01:31:08.123+0000",
        "2026-11-23T24:31:08.123+0000", "2026-11-23T01:31:08.123", "2026-11-23T01:31:08.123Z",
        "2026-11-23T01:31:08.123+00000", "2026-11-23 01:31:08.123+0000", "-026-11-23T01:31:08.123+0000"}) {
    EXPECT_FALSE(parse_iso8601(text)) << text;
  }
}

}  // namespace
}  // namespace knit::yarn
