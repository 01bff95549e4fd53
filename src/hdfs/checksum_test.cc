#include "hdfs/checksum.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace knit::hdfs {
namespace {

std::span<const std::byte> bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

TEST(Checksum, KnownAnswers) {
  // The "check" values of the CRC catalogue, and of RFC 3720 B.4.
  EXPECT_EQ(crc32(bytes("123456789")), 0xcbf43926u);
  EXPECT_EQ(crc32c(bytes("123456789")), 0xe3069283u);
  EXPECT_EQ(crc32c(bytes(std::string(32, '\0'))), 0x8a9136aau);
  EXPECT_EQ(crc32c(bytes(std::string(32, '\xff'))), 0x62a8ab43u);
  EXPECT_EQ(crc32c({}), 0u);
}

TEST(Checksum, TableAndInstructionAgreeOnEveryLengthAndAlignment) {
  std::string text;
  for (int n = 0; n < 700; ++n) text += static_cast<char>(n * 131 + 7);
  for (std::size_t from = 0; from < 9; ++from) {
    for (std::size_t length = 0; length < 80; ++length) {
      const auto part = bytes(text).subspan(from, length);
      ASSERT_EQ(crc32c(part), detail::crc32c_by_table(part)) << from << "+" << length;
    }
  }
  EXPECT_EQ(crc32c(bytes(text)), detail::crc32c_by_table(bytes(text)));
}

TEST(Checksum, OnePerStartedChunkAndTheCorruptOneIsFound) {
  for (const ChecksumType type : {ChecksumType::kCrc32, ChecksumType::kCrc32c}) {
    const ChecksumSpec spec{type, 512};
    std::string data(1025, 'x');
    std::vector<std::byte> sums(spec.size_for(data.size()));
    ASSERT_EQ(sums.size(), 12u);
    compute_checksums(spec, bytes(data), sums);
    EXPECT_EQ(find_corrupt_chunk(spec, bytes(data), sums), std::nullopt);
    data[1024] = 'y';
    EXPECT_EQ(find_corrupt_chunk(spec, bytes(data), sums), 1024u);
    data[600] = 'y';
    EXPECT_EQ(find_corrupt_chunk(spec, bytes(data), sums), 512u);
  }
}

TEST(Checksum, NullHasNone) {
  const ChecksumSpec spec{ChecksumType::kNull, 512};
  EXPECT_EQ(spec.size_for(5000), 0u);
  compute_checksums(spec, bytes("abc"), {});
  EXPECT_EQ(find_corrupt_chunk(spec, bytes("abc"), {}), std::nullopt);
}

}  // namespace
}  // namespace knit::hdfs
