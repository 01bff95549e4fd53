#include "logs/tfile_records.h"

#include <gtest/gtest.h>

#include "logs/golden_logs.h"

namespace knit::logs {
namespace {

using namespace std::string_literals;
using What = TFileRecordParser::What;

// Writes records as AggregatedLogFormat does, with values in chunks of a given size.
std::string utf(const std::string& text) {
  return std::string{static_cast<char>(text.size() >> 8), static_cast<char>(text.size())} + text;
}
std::string short_vint(int n) {
  if (n >= -32 && n < 128) return std::string(1, static_cast<char>(n));
  EXPECT_TRUE(n >= -20 * 256 && n < 20 * 256) << n;
  return {static_cast<char>((n >> 8) - 52), static_cast<char>(n)};
}
std::string log_of(const std::string& name, const std::string& length, const std::string& bytes) {
  return utf(name) + utf(length) + bytes;
}
std::string record(const std::string& key, std::string value, std::size_t chunk = 1000) {
  std::string out = short_vint(static_cast<int>(key.size()) + 2) + utf(key);
  while (value.size() > chunk) {
    out += short_vint(-static_cast<int>(chunk)) + value.substr(0, chunk);
    value.erase(0, chunk);
  }
  return out + short_vint(static_cast<int>(value.size())) + value;
}

// What a block says, one line an event, fed in pieces of `piece` bytes.
std::string transcript(const std::string& block, std::size_t piece) {
  TFileRecordParser parser;
  std::string out, data;
  for (std::size_t at = 0; at < block.size(); at += piece) {
    auto input = io::as_bytes(std::string_view(block).substr(at, piece));
    while (true) {
      auto event = parser.next(input);
      if (!event) return out + "error\n";
      if (event->what == What::kNeedInput) {
        EXPECT_TRUE(input.empty());
        break;
      }
      if (event->what == What::kFile)
        out +=
            parser.container() + " " + parser.file() + " " + std::to_string(parser.declared_length()) + "\n";
      if (event->what == What::kData) data += io::as_text(event->data);
      if (event->what == What::kFileEnd) {
        out += (event->whole ? "whole:" : "cut:") + data + "\n";
        data.clear();
      }
      if (event->what == What::kNote) out += "note\n";
    }
  }
  if (!parser.finish()) out += "unfinished\n";
  return out;
}

TEST(TFileRecords, LogsOfTwoContainersInPiecesOfAnySize) {
  const std::string block =
      record("VERSION", "\0\0\0\1"s) + record("APPLICATION_OWNER", utf("root")) +
      record("container_1", log_of("stderr", "0", "") + log_of("stdout", "5", "hello")) +
      record("container_2", "") + record("container_3", log_of("x", "2", "yz"));
  const std::string expected =
      "container_1 stderr 0\nwhole:\ncontainer_1 stdout 5\nwhole:hello\ncontainer_3 x 2\nwhole:yz\n";
  for (std::size_t piece = 1; piece <= block.size(); ++piece)
    EXPECT_EQ(transcript(block, piece), expected) << piece;
}

TEST(TFileRecords, ChunksMayCutAnything) {
  const std::string value = log_of("stdout", "5", "hello") + log_of("t", "1", "!");
  for (std::size_t chunk = 1; chunk <= value.size(); ++chunk)
    for (std::size_t piece : {1, 2, 7, 1000})
      EXPECT_EQ(transcript(record("c", value, chunk), piece), "c stdout 5\nwhole:hello\nc t 1\nwhole:!\n")
          << chunk;
}

TEST(TFileRecords, ALengthThatLiesStopsAtTheValuesEnd) {
  const std::string block = record("c", log_of("stdout", "500", "half\nError aggregating log file"), 9) +
                            record("d", log_of("stdout", "1", "x"));
  EXPECT_EQ(transcript(block, 3),
            "c stdout 500\ncut:half\nError aggregating log file\nd stdout 1\nwhole:x\n");
}

TEST(TFileRecords, WhatIsNoLogLeavesTheRestOfItsRecordOut) {
  const std::string next = record("d", log_of("stdout", "1", "x"));
  const std::string after = "d stdout 1\nwhole:x\n";
  EXPECT_EQ(transcript(record("c", log_of("a", "1", "x") + utf("b") + utf("twelve") + "rest") + next, 4),
            "c a 1\nwhole:x\nnote\n" + after);
  EXPECT_EQ(transcript(record("c", utf("b") + utf("-1")) + next, 4), "note\n" + after);
  EXPECT_EQ(transcript(record("c", utf("b") + utf("18446744073709551616")) + next, 4), "note\n" + after);
  EXPECT_EQ(transcript(record("c", utf("../b") + utf("1") + "x") + next, 4), "note\n" + after);
  EXPECT_EQ(transcript(record("c", utf("\xff") + utf("1") + "x") + next, 4), "note\n" + after);
  EXPECT_EQ(transcript(record("c", utf("") + utf("1") + "x") + next, 4), "note\n" + after);
  EXPECT_EQ(transcript(record("c", "\xff\xff" + std::string(100, 'x')) + next, 4), "note\n" + after);
  EXPECT_EQ(transcript(record("c", utf("name").substr(0, 4)) + next, 4), "note\n" + after);
}

TEST(TFileRecords, DamagedFramingIsAnError) {
  EXPECT_EQ(transcript("\x80", 1), "error\n");
  EXPECT_EQ(transcript("\x01x", 1), "error\n");  // a key without its length
  EXPECT_EQ(transcript("\x05"s + std::string("\0\x01", 2) + "abc", 1),
            "error\n");                                                       // a key longer than its text
  EXPECT_EQ(transcript("\x87\x7f"s + std::string(7, '\xff'), 1), "error\n");  // a key of 2^63 bytes
  const std::string block = record("c", log_of("stdout", "5", "hello"));
  for (std::size_t cut = 1; cut < block.size(); ++cut)
    EXPECT_NE(transcript(block.substr(0, cut), 5).find("unfinished"), std::string::npos) << cut;
}

TEST(TFileRecords, ContentsCanBeSkipped) {
  const std::string block = record("c", log_of("stdout", "10", "0123456789") + log_of("t", "1", "!"), 12);
  TFileRecordParser parser;
  auto input = io::as_bytes(block);
  ASSERT_EQ(parser.skippable(), 0u);
  ASSERT_EQ(parser.next(input)->what, What::kFile);
  // name and length take all of the first chunk: the next begins with its own length
  ASSERT_EQ(parser.skippable(), 0u);
  auto first = input.first(2);
  ASSERT_EQ(parser.next(first)->what, What::kData);
  input = input.subspan(2);
  const auto n = parser.skippable();
  ASSERT_GT(n, 0u);
  ASSERT_LT(n, 10u);
  parser.skip(n);
  input = input.subspan(n);
  EXPECT_EQ(parser.next(input)->what, What::kFileEnd);
  EXPECT_EQ(parser.next(input)->what, What::kFile);
  EXPECT_EQ(parser.file(), "t");
}

}  // namespace
}  // namespace knit::logs
