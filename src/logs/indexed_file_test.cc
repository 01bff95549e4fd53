#include "logs/indexed_file.h"

#include <gtest/gtest.h>

#include "logs/golden_logs.h"

namespace knit::logs {
namespace {

class GoldenIndexedFile : public testing::TestWithParam<const char*> {};

TEST_P(GoldenIndexedFile, EveryLogByItsDigest) {
  const std::string name = GetParam() + std::string(".3.4.2.bin");
  io::Loop loop;
  auto log = loop.run(open_indexed_file(as_file(golden("logs/" + name), 997)));
  ASSERT_TRUE(log) << log.error().message();
  std::map<std::pair<std::string, std::string>, GoldenEntry> expected;
  for (auto& entry : golden_entries(name)) expected[{entry.container, entry.file}] = entry;
  EXPECT_EQ((*log)->entries().size(), expected.size());
  for (const auto& entry : (*log)->entries()) {
    const auto& want = expected[{entry.container, entry.file}];
    EXPECT_EQ(entry.length, want.length);
    EXPECT_TRUE(entry.modified && entry.uploaded);
    std::string bytes;
    auto n = loop.run((*log)->read(entry, 0, to(&bytes)));
    ASSERT_TRUE(n) << n.error().message();
    EXPECT_EQ(sha256_hex(bytes), want.sha256) << entry.file;
    std::string half;
    ASSERT_TRUE(loop.run((*log)->read(entry, bytes.size() / 2, to(&half))));
    EXPECT_EQ(half, bytes.substr(bytes.size() / 2));
    for (std::uint64_t lines : {1, 2, 50}) {
      std::string tail, text = bytes;
      ASSERT_TRUE(loop.run((*log)->read_tail(entry, lines, to(&tail))));
      if (!text.empty() && text.back() == '\n') text.pop_back();
      std::size_t start = text.size();
      for (std::uint64_t i = 0; i < lines && start != std::string::npos && start > 0; ++i)
        start = text.rfind('\n', start - 1);
      EXPECT_EQ(tail, start == std::string::npos || bytes.empty() ? bytes : bytes.substr(start + 1))
          << entry.file;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(IndexedFile, GoldenIndexedFile, testing::Values("ifile-none", "ifile-gz"));

TEST(IndexedFile, TrustsOnlyWhatTheChecksumFileSays) {
  io::Loop loop;
  const std::string whole = golden("logs/ifile-none.3.4.2.bin");
  // An append that broke off: more bytes, no trailer.
  const std::string appended = whole + "\nhalf a log";
  EXPECT_EQ(loop.run(open_indexed_file(as_file(appended))).error().code(), ErrorCode::kDataLoss);
  auto log = loop.run(open_indexed_file(as_file(appended), whole.size()));
  ASSERT_TRUE(log) << log.error().message();
  EXPECT_EQ((*log)->entries().size(), golden_entries("ifile-none.3.4.2.bin").size());
  auto nothing = loop.run(open_indexed_file(as_file("half"), 0));
  ASSERT_TRUE(nothing);
  EXPECT_TRUE((*nothing)->entries().empty());
  EXPECT_EQ(loop.run(open_indexed_file(as_file(whole), whole.size() + 1)).error().code(),
            ErrorCode::kDataLoss);
}

TEST(IndexedFile, CutAnywhereItFails) {
  io::Loop loop;
  const std::string bytes = golden("logs/ifile-gz.3.4.2.bin");
  for (std::size_t cut = 0; cut < bytes.size(); cut += 31)
    EXPECT_EQ(loop.run(open_indexed_file(as_file(bytes.substr(0, cut)))).error().code(), ErrorCode::kDataLoss)
        << cut;
}

TEST(IndexedFile, AnUnknownCodecIsNamed) {
  io::Loop loop;
  std::string bytes = golden("logs/ifile-none.3.4.2.bin");
  const auto at = bytes.rfind(std::string("\x74\0\4none", 7));
  ASSERT_NE(at, std::string::npos);
  bytes.replace(at + 3, 4, "lzop");
  auto log = loop.run(open_indexed_file(as_file(bytes)));
  EXPECT_EQ(log.error().code(), ErrorCode::kUnimplemented);
  EXPECT_NE(log.error().message().find("'lzop'"), std::string::npos);
}

}  // namespace
}  // namespace knit::logs
