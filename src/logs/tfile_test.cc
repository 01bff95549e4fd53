#include "logs/tfile.h"

#include <gtest/gtest.h>

#include "logs/golden_logs.h"

namespace knit::logs {
namespace {

class GoldenTFile : public testing::TestWithParam<const char*> {};

TEST_P(GoldenTFile, EveryLogByItsDigest) {
  const std::string name = GetParam() + std::string(".3.4.2.bin");
  const auto expected = golden_entries(name);
  io::Loop loop;
  for (std::size_t piece : {std::size_t{64}, std::size_t{997}, std::size_t{1} << 20}) {
    auto log = loop.run(open_tfile(as_file(golden("logs/" + name), piece)));
    ASSERT_TRUE(log) << log.error().message();
    EXPECT_TRUE((*log)->notes().empty());
    ASSERT_EQ((*log)->entries().size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const LogEntry& entry = (*log)->entries()[i];
      EXPECT_EQ(entry.container, expected[i].container);
      EXPECT_EQ(entry.file, expected[i].file);
      EXPECT_EQ(entry.length, expected[i].length);
      EXPECT_TRUE(entry.whole);
      std::string bytes;
      auto n = loop.run((*log)->read(entry, 0, to(&bytes)));
      ASSERT_TRUE(n) << n.error().message();
      EXPECT_EQ(*n, expected[i].length);
      EXPECT_EQ(sha256_hex(bytes), expected[i].sha256) << entry.file;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(TFile, GoldenTFile, testing::Values("tfile-none", "tfile-gz", "tfile-gz-blocks"));

TEST(TFile, ReadsInAnyOrderFromAnyOffset) {
  io::Loop loop;
  const auto expected = golden_entries("tfile-none.3.4.2.bin");
  auto log = *loop.run(open_tfile(as_file(golden("logs/tfile-none.3.4.2.bin"))));
  const auto& entries = log->entries();
  for (std::size_t i = entries.size(); i-- > 0;) {
    std::string whole, part;
    ASSERT_TRUE(loop.run(log->read(entries[i], 0, to(&whole))));
    EXPECT_EQ(sha256_hex(whole), expected[i].sha256);
    for (std::uint64_t offset : {whole.size() / 2, whole.size(), whole.size() + 7}) {
      part.clear();
      auto n = loop.run(log->read(entries[i], offset, to(&part)));
      ASSERT_TRUE(n);
      EXPECT_EQ(part, whole.substr(std::min<std::size_t>(offset, whole.size())));
      EXPECT_EQ(*n, part.size());
    }
  }
}

TEST(TFile, ListingLeavesContentsOutAndReadingInOrderPassesOnce) {
  io::Loop loop;
  const std::string bytes = golden("logs/tfile-gz-blocks.3.4.2.bin");
  std::uint64_t read = 0;
  auto log = *loop.run(open_tfile(as_file(bytes, 1 << 20, &read)));
  const std::uint64_t to_list = read;
  EXPECT_LT(to_list, bytes.size() + 4096);
  for (const auto& entry : log->entries()) {
    std::string out;
    ASSERT_TRUE(loop.run(log->read(entry, 0, to(&out))));
  }
  EXPECT_LT(read - to_list, bytes.size() + 4096);
}

TEST(TFile, TailByLines) {
  io::Loop loop;
  auto log = *loop.run(open_tfile(as_file(golden("logs/tfile-gz-blocks.3.4.2.bin"))));
  for (const auto& entry : log->entries()) {
    if (entry.length == 0) continue;
    if (entry.container != log->entries()[0].container) break;  // the others are alike
    std::string whole;
    ASSERT_TRUE(loop.run(log->read(entry, 0, to(&whole))));
    std::string tail;
    ASSERT_TRUE(loop.run(log->read_tail(entry, 3, to(&tail))));
    EXPECT_TRUE(whole.ends_with(tail));
    EXPECT_EQ(std::count(tail.begin(), tail.end(), '\n'), whole.back() == '\n' ? 3 : 2);
    if (whole.size() > tail.size()) {
      EXPECT_EQ(whole[whole.size() - tail.size() - 1], '\n');
    }
    tail.clear();
    ASSERT_TRUE(loop.run(log->read_tail(entry, 10'000'000, to(&tail))));
    EXPECT_EQ(tail, whole);
  }
  EXPECT_EQ(*loop.run(log->read_tail(log->entries()[0], 0, {})), 0u);
}

TEST(TFile, AnUnknownCodecIsNamedAndNothingRead) {
  io::Loop loop;
  std::string bytes = golden("logs/tfile-none.3.4.2.bin");
  // The default compression, first in BCFile.index: a string of four bytes. "lzop" is as good as "lzo".
  const auto at = bytes.rfind("\x04none\x01");
  ASSERT_NE(at, std::string::npos);
  bytes.replace(at + 1, 4, "lzop");
  auto log = loop.run(open_tfile(as_file(bytes)));
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().code(), ErrorCode::kUnimplemented);
  EXPECT_NE(log.error().message().find("'lzop'"), std::string::npos);
}

TEST(TFile, CutOrChangedAnywhereItFailsOrSaysSo) {
  io::Loop loop;
  const std::string bytes = golden("logs/tfile-gz.3.4.2.bin");
  for (std::size_t cut = 0; cut < bytes.size(); cut += 13)
    EXPECT_EQ(loop.run(open_tfile(as_file(bytes.substr(0, cut)))).error().code(), ErrorCode::kDataLoss)
        << cut;
  // In the middle of the only block: what lies before can be listed, the rest is a note.
  std::string changed = bytes;
  changed[changed.size() / 2] ^= 0x55;
  auto log = loop.run(open_tfile(as_file(changed)));
  ASSERT_TRUE(log) << log.error().message();
  EXPECT_FALSE((*log)->notes().empty());
}

TEST(TFile, TheSinksErrorEndsTheReading) {
  io::Loop loop;
  auto log = *loop.run(open_tfile(as_file(golden("logs/tfile-none.3.4.2.bin"))));
  auto full = [](std::span<const std::byte>) -> io::Task<Status> {
    co_return Error(ErrorCode::kResourceExhausted, "disk full");
  };
  EXPECT_EQ(loop.run(log->read(log->entries()[0], 0, full)).error().code(), ErrorCode::kResourceExhausted);
  std::string again;
  EXPECT_TRUE(loop.run(log->read(log->entries()[0], 0, to(&again))));
  EXPECT_EQ(again.size(), log->entries()[0].length);
}

}  // namespace
}  // namespace knit::logs
