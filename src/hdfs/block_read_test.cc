#include "hdfs/block_read.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "hdfs/golden_for_test.h"

namespace knit::hdfs {
namespace {

// Feeds `stream` in pieces of `piece` bytes; gives the data.
Result<std::string> read_all(BlockRead& read, std::span<const std::byte> stream, std::size_t piece) {
  std::string data;
  std::vector<std::byte> arrived;
  while (!read.finished()) {
    auto step = read.step(arrived);
    if (!step) return std::move(step).error();
    if (*step) {
      data += text_of((*step)->data);
      arrived.erase(arrived.begin(), arrived.begin() + static_cast<std::ptrdiff_t>((*step)->used));
      continue;
    }
    EXPECT_GT(read.needed(), arrived.size());
    if (stream.empty()) return Error(ErrorCode::kUnavailable, "ends");
    const std::size_t take = std::min(piece, stream.size());
    arrived.insert(arrived.end(), stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(take));
    stream = stream.subspan(take);
  }
  return data;
}

TEST(BlockRead, GoldenReadsInAnyPieces) {
  for (const std::size_t piece : {std::size_t{1u << 20}, std::size_t{1000}, std::size_t{37}}) {
    BlockRead small(0, 13);
    EXPECT_EQ(read_all(small, golden("datatransfer/cat-small.s2c.bin"), piece).value(), "Hello, HDFS!\n");
    EXPECT_TRUE(small.verified());
    BlockRead large(0, 160000);
    EXPECT_EQ(read_all(large, golden("datatransfer/cat-160000.s2c.bin"), piece).value(), numbered_lines());
    // The chunk around 695..705 comes whole: cut on both sides.
    BlockRead within(695, 10);
    EXPECT_EQ(read_all(within, golden("datatransfer/pread-695-10.s2c.bin"), piece).value(), "xxxxxtailx");
    EXPECT_EQ(within.remaining(), 0u);
  }
}

TEST(BlockRead, EndsEarlyAtEveryByte) {
  const auto stream = golden("datatransfer/pread-695-10.s2c.bin");
  for (std::size_t length = 0; length < stream.size(); ++length) {
    BlockRead read(695, 10);
    EXPECT_EQ(read_all(read, std::span(stream).first(length), 1u << 20).error().code(),
              ErrorCode::kUnavailable);
  }
}

TEST(BlockRead, NoFlippedBitIsEverGivenOut) {
  const auto stream = golden("datatransfer/pread-695-10.s2c.bin");
  int refused = 0;
  for (std::size_t bit = 0; bit < stream.size() * 8; ++bit) {
    auto flipped = stream;
    flipped[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
    BlockRead read(695, 10);
    const auto data = read_all(read, flipped, 1u << 20);
    if (data) {
      EXPECT_EQ(*data, "xxxxxtailx") << "bit " << bit;
    } else {
      ++refused;
    }
  }
  EXPECT_GT(refused, static_cast<int>(stream.size()) * 7);
}

TEST(BlockRead, SaysWhatTheDataNodeRefused) {
  using namespace std::string_view_literals;
  BlockRead expired(0, 13);
  auto error = expired.step(bytes_of("\x07\x08\x05\x2a\x03old"sv)).error();
  EXPECT_EQ(error.code(), ErrorCode::kUnauthenticated);
  EXPECT_EQ(error.message(), "block token refused: old");
  BlockRead missing(0, 13);
  error = missing.step(bytes_of("\x02\x08\x01"sv)).error();
  EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
  EXPECT_EQ(error.message(), "read refused: ERROR");
}

TEST(BlockRead, RefusesDataFromElsewhere) {
  const auto stream = golden("datatransfer/pread-695-10.s2c.bin");
  BlockRead before(511, 10);  // the answer says 512
  EXPECT_EQ(read_all(before, stream, 1u << 20).error().code(), ErrorCode::kDataLoss);
  BlockRead after(1024, 10);
  EXPECT_EQ(read_all(after, stream, 1u << 20).error().code(), ErrorCode::kDataLoss);
  BlockRead longer(1023, 10);  // the end comes too early
  EXPECT_EQ(read_all(longer, stream, 1u << 20).error().code(), ErrorCode::kDataLoss);
}

}  // namespace
}  // namespace knit::hdfs
