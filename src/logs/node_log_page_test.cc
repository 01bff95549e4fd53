#include "logs/node_log_page.h"

#include <gtest/gtest.h>

#include "logs/golden_logs.h"

namespace knit::logs {
namespace {

using What = NodeLogPageParser::What;

// The body of a captured answer; the capture holds it without its chunks' frames.
std::string body(const std::string& name) {
  const std::string answer = golden("nm-web/" + name + ".txt");
  return answer.substr(answer.find("\r\n\r\n") + 4);
}

// "[LOCAL stdout 108894 @108874+20]bytes]" for each section.
std::string transcript(const std::string& page, std::optional<std::int64_t> size, std::size_t piece) {
  NodeLogPageParser parser(size);
  std::string out;
  for (std::size_t at = 0; at < page.size(); at += piece) {
    auto input = io::as_bytes(std::string_view(page).substr(at, piece));
    while (true) {
      auto event = parser.next(input);
      if (!event) return out + "error: " + event.error().message();
      if (event->what == What::kNeedInput) break;
      if (event->what == What::kData) out += io::as_text(event->data);
      if (event->what == What::kSectionEnd) out += "]";
      if (event->what != What::kSection) continue;
      const NodeLogSection& s = parser.section();
      out += std::string(s.aggregated ? "[AGGREGATED " : "[LOCAL ") + s.file + " " +
             std::to_string(s.length) + " @" + std::to_string(s.offset) + "+" + std::to_string(s.count) + "]";
    }
  }
  if (!parser.finish()) out += "unfinished";
  return out;
}

TEST(NodeLogPage, PagesOfARealNodeManager) {
  for (std::size_t piece : {1, 7, 100'000}) {
    EXPECT_EQ(transcript(body("stderr"), std::nullopt, piece), "[LOCAL stderr 19 @0+19]err-without-newline]");
    EXPECT_EQ(transcript(body("stdout-tail"), -20, piece),
              "[LOCAL stdout 108894 @108874+20]7\n19998\n19999\n20000\n]");
    EXPECT_EQ(transcript(body("octet"), -20, piece),
              "[LOCAL stdout 108894 @108874+20]7\n19998\n19999\n20000\n]");
    EXPECT_EQ(transcript(body("stdout-head"), 20, piece),
              "[LOCAL stdout 108894 @0+20]1\n2\n3\n4\n5\n6\n7\n8\n9\n10]");
    EXPECT_EQ(transcript(body("stdout-size0"), 0, piece), "[LOCAL stdout 108894 @0+0]]");
  }
  NodeLogPageParser parser(-20);
  const std::string page = body("stdout-tail");
  auto input = io::as_bytes(page);
  ASSERT_EQ(parser.next(input)->what, What::kSection);
  EXPECT_EQ(parser.section().container, "container_1795397000582_0004_01_000002");
  EXPECT_EQ(parser.section().node, "localhost:26197");
  EXPECT_EQ(parser.section().modified, "Mon Nov 23 01:31:08 +0000 2026");
}

std::string page_of(const std::string& type, const std::string& contents, const std::string& trailer) {
  return "Container: c on n:1\nLogAggregationType: " + type +
         "\n===================\nLogType:out\nLogLastModifiedTime:x\nLogLength:" +
         std::to_string(contents.size()) + "\nLogContents:\n" + contents + trailer + "****\n\n";
}

TEST(NodeLogPage, ALogMayHoldWhatLooksLikeTheFrame) {
  const std::string evil =
      "End of LogType:out.\n****\n\nContainer: x on y:1\nLogLength:7\nLogContents:\nhello!!";
  const std::string page = page_of("LOCAL", evil, "End of LogType:out.\n") +
                           page_of("AGGREGATED", "agg", "\nEnd of LogType:out.\n");
  for (std::size_t piece : {1, 5, 1000})
    EXPECT_EQ(transcript(page, std::nullopt, piece), "[LOCAL out " + std::to_string(evil.size()) + " @0+" +
                                                         std::to_string(evil.size()) + "]" + evil +
                                                         "][AGGREGATED out 3 @0+3]agg]");
}

TEST(NodeLogPage, WithoutAHeaderThereIsNothing) {
  EXPECT_EQ(transcript("End of LogType:out.\n****\n\n", -5, 3), "");
  EXPECT_EQ(transcript("", -5, 3), "");
}

TEST(NodeLogPage, WhatIsNoPageOrBreaksOff) {
  EXPECT_EQ(transcript("<html>\n", {}, 3), "error: not a NodeManager's log page");
  EXPECT_TRUE(transcript(std::string(5000, 'x'), {}, 100).starts_with("error: "));
  EXPECT_TRUE(transcript("Container: c on n\nLogContents:\n", {}, 100).starts_with("error: "));
  EXPECT_TRUE(transcript("Container: c on n\nLogLength:-1\n", {}, 100).starts_with("error: "));
  EXPECT_TRUE(
      transcript("Container: c on n\nLogLength:9223372036854775808\n", {}, 100).starts_with("error: "));
  const std::string page = page_of("LOCAL", "hello", "End of LogType:out.\n");
  const auto end = page.find("hello") + 5;
  for (std::size_t cut = 30; cut < end; ++cut)
    EXPECT_TRUE(transcript(page.substr(0, cut), {}, 9).ends_with("unfinished")) << cut;
  EXPECT_EQ(transcript(page, std::numeric_limits<std::int64_t>::min(), 9), "[LOCAL out 5 @0+5]hello]");
}

TEST(NodeLogList, OfARealNodeManager) {
  auto list = parse_node_log_list(body("list"));
  ASSERT_TRUE(list) << list.error().message();
  EXPECT_TRUE(list->aggregated.empty());
  std::map<std::string, std::uint64_t> sizes;
  for (const auto& file : list->local) sizes[file.name] = file.length;
  EXPECT_EQ(sizes["stdout"], 108894u);
  EXPECT_EQ(sizes["stderr"], 19u);
  EXPECT_EQ(sizes["prelaunch.err"], 0u);
  EXPECT_TRUE(std::ranges::is_sorted(list->local, {}, &NodeLogFile::name));
}

TEST(NodeLogList, ShapesThatJavasJsonWritersGive) {
  auto names = [](std::string_view text) {
    auto list = parse_node_log_list(text);
    if (!list) return "error: " + list.error().message();
    std::string out;
    for (const auto& file : list->local) out += file.name + "=" + std::to_string(file.length) + " ";
    for (const auto& file : list->aggregated) out += "(" + file.name + ") ";
    return out;
  };
  const std::string file = R"({"fileName":"stdout","fileSize":"5","lastModifiedTime":"x"})";
  EXPECT_EQ(
      names(R"({"containerLogsInfo":{"containerLogInfo":)" + file + R"(,"logAggregationType":"LOCAL"}})"),
      "stdout=5 ");
  EXPECT_EQ(names(R"({"containerLogsInfo":[{"containerLogInfo":[)" + file +
                  R"(],"logAggregationType":"LOCAL"},{"containerLogInfo":[)" + file +
                  R"(],"logAggregationType":"AGGREGATED"}]})"),
            "stdout=5 (stdout) ");
  EXPECT_EQ(names(R"([{"containerLogInfo":[{"fileName":"a","fileSize":7}]}])"), "a=7 ");
  EXPECT_EQ(names(R"({"containerLogsInfo":{"logAggregationType":"LOCAL","containerId":"c"}})"), "");
  EXPECT_EQ(names(R"({"containerLogsInfo":null})"), "");
  EXPECT_TRUE(names(R"({"containerLogsInfo":7})").starts_with("error: "));
  EXPECT_TRUE(names(R"({"containerLogsInfo":{"containerLogInfo":[7]}})").starts_with("error: "));
  EXPECT_TRUE(names(R"({"containerLogsInfo":{"containerLogInfo":[{"fileName":"a","fileSize":"-1"}]}})")
                  .starts_with("error: "));
  EXPECT_TRUE(
      names(R"({"containerLogsInfo":{"containerLogInfo":[{"fileSize":"1"}]}})").starts_with("error: "));
  EXPECT_TRUE(names("<html>").starts_with("error: the NodeManager's list of logs: "));
}

TEST(NodeLogPage, Paths) {
  const ContainerId id = *ContainerId::parse("container_e17_1410901177871_0001_01_000005");
  EXPECT_EQ(node_log_list_path(id), "/ws/v1/node/containers/container_e17_1410901177871_0001_01_000005/logs");
  EXPECT_EQ(node_log_path(id, "std out/?", -7),
            "/ws/v1/node/containers/container_e17_1410901177871_0001_01_000005/logs/std%20out%2F%3F?size=-7");
  EXPECT_TRUE(node_log_path(id, "stdout", std::nullopt).ends_with("/logs/stdout"));
}

}  // namespace
}  // namespace knit::logs
