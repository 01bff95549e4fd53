#include "logs/bcfile.h"

#include <gtest/gtest.h>

#include "logs/golden_logs.h"

namespace knit::logs {
namespace {

using namespace std::string_literals;

std::int64_t vlong(const std::string& bytes) {
  ByteCursor in(io::as_bytes(bytes));
  auto value = read_vlong(in);
  EXPECT_TRUE(value);
  EXPECT_EQ(in.left(), 0u);
  EXPECT_EQ(vlong_size(io::as_bytes(bytes)[0]), bytes.size());
  return value.value_or(0);
}

TEST(BcFile, VLongsOfEverySize) {
  EXPECT_EQ(vlong("\0"s), 0);
  EXPECT_EQ(vlong("\x7f"), 127);
  EXPECT_EQ(vlong("\xe0"), -32);
  EXPECT_EQ(vlong("\xcc\x80"), 128);
  EXPECT_EQ(vlong("\xdf\xff"), (19 << 8) + 255);
  EXPECT_EQ(vlong("\xcb\xff"), -1);
  EXPECT_EQ(vlong("\xa8\x18\xfd"), 6397);
  EXPECT_EQ(vlong("\x90\x01\x02\x03"), 0x010203);
  EXPECT_EQ(vlong("\x8f\xff\xff\xff"), -1);
  EXPECT_EQ(vlong("\x83\xff\xff\xff\xfe"), -2);
  EXPECT_EQ(vlong("\x84\x01\0\0\0\0"s), 1LL << 32);
  EXPECT_EQ(vlong("\x87\x80\0\0\0\0\0\0\0"s), std::numeric_limits<std::int64_t>::min());
}

TEST(BcFile, BytesThatBeginNoVLong) {
  for (const char* bad : {"\x80", "\x81\x01", "\x82\x01\x01\x01"}) {
    const std::string bytes = bad;
    ByteCursor in(io::as_bytes(bytes));
    EXPECT_EQ(read_vlong(in).error().code(), ErrorCode::kDataLoss);
    EXPECT_EQ(vlong_size(io::as_bytes(bytes)[0]), 0u);
  }
  const std::string cut = "\x87\x01";
  ByteCursor in(io::as_bytes(cut));
  EXPECT_FALSE(read_vlong(in));
}

TEST(BcFile, TrailerOfARealFileAndItsDamages) {
  const std::string file = golden("logs/tfile-none.3.4.2.bin");
  std::string trailer = file.substr(file.size() - kBcFileTrailer);
  auto index = parse_bcfile_trailer(io::as_bytes(trailer), file.size());
  ASSERT_TRUE(index) << index.error().message();
  auto blocks = parse_bcfile_meta_index(
      io::as_bytes(file).subspan(*index, file.size() - kBcFileTrailer - *index), *index);
  ASSERT_TRUE(blocks) << blocks.error().message();
  ASSERT_EQ(blocks->size(), 3u);
  EXPECT_EQ((*blocks)[0].name, "BCFile.index");  // the writer keeps them by name
  EXPECT_EQ((*blocks)[2].name, "TFile.meta");

  EXPECT_EQ(parse_bcfile_trailer(io::as_bytes(trailer), *index).error().code(), ErrorCode::kDataLoss);
  trailer[8 + 1] = 2;  // version 2.0
  EXPECT_EQ(parse_bcfile_trailer(io::as_bytes(trailer), file.size()).error().code(),
            ErrorCode::kUnimplemented);
  trailer.back() ^= 1;
  EXPECT_EQ(parse_bcfile_trailer(io::as_bytes(trailer), file.size()).error().code(), ErrorCode::kDataLoss);
}

TEST(BcFile, RegionsOutsideTheFileAreRefused) {
  // default compression "none", one block at offset 16 of 100 bytes
  const std::string index = "\x04none\x01\x10\x64\x64";
  EXPECT_TRUE(parse_bcfile_data_index(io::as_bytes(index), 116));
  EXPECT_EQ(parse_bcfile_data_index(io::as_bytes(index), 115).error().code(), ErrorCode::kDataLoss);
  const std::string many = "\x04none\x7f\x10\x64\x64";
  EXPECT_EQ(parse_bcfile_data_index(io::as_bytes(many), 116).error().code(), ErrorCode::kDataLoss);
  const std::string before = "\x04none\x01\x0f\x01\x01";
  EXPECT_EQ(parse_bcfile_data_index(io::as_bytes(before), 116).error().code(), ErrorCode::kDataLoss);
}

}  // namespace
}  // namespace knit::logs
