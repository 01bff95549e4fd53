#include "logs/bcfile.h"

#include <algorithm>

namespace knit::logs {
namespace {

Error damaged(std::string what) {
  return Error(ErrorCode::kDataLoss, std::move(what));
}

int as_signed(std::byte b) {
  return static_cast<std::int8_t>(std::to_integer<std::uint8_t>(b));
}

Result<std::uint64_t> read_size(ByteCursor& in, std::string_view what) {
  KNIT_TRY(auto value, read_vlong(in));
  if (value < 0) return damaged("negative " + std::string(what) + " " + std::to_string(value));
  return static_cast<std::uint64_t>(value);
}

// Names of codecs and blocks: short, and shown to people only.
Result<std::string> read_string(ByteCursor& in) {
  KNIT_TRY(auto size, read_size(in, "string length"));
  if (size > 4096) return damaged("a name of " + std::to_string(size) + " bytes");
  KNIT_TRY(auto bytes, in.take(size));
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

Result<Region> read_region(ByteCursor& in, std::uint64_t end) {
  Region region;
  KNIT_TRY(region.offset, read_size(in, "block offset"));
  KNIT_TRY(region.stored, read_size(in, "block size"));
  KNIT_TRY(region.raw, read_size(in, "raw block size"));
  if (region.offset < kBcFileMagic.size() || region.offset > end || region.stored > end - region.offset)
    return damaged("a block at offset " + std::to_string(region.offset) + " of " +
                   std::to_string(region.stored) + " bytes lies outside the file's blocks, which end at " +
                   std::to_string(end));
  return region;
}

}  // namespace

std::size_t vlong_size(std::byte first) {
  const int b = as_signed(first);
  if (b >= -32) return 1;
  if (b >= -72) return 2;
  if (b >= -104) return 3;
  if (b >= -120) return 4;
  const int following = b + 129;
  return following >= 4 ? 1 + static_cast<std::size_t>(following) : 0;
}

Result<std::int64_t> read_vlong(ByteCursor& in) {
  KNIT_TRY(auto first, in.u8());
  const int b = static_cast<std::int8_t>(first);
  const std::size_t size = vlong_size(std::byte{first});
  if (size == 0) return damaged("no variable-length integer begins with byte " + std::to_string(first));
  if (size == 1) return b;
  KNIT_TRY(auto rest, in.take(size - 1));
  // The high bits: an offset of the first byte, or, in the long form, the sign of the first following byte.
  std::int64_t value = size == 2                ? b + 52
                       : size == 3              ? b + 88
                       : size == 4              ? b + 112
                       : as_signed(rest[0]) < 0 ? -1
                                                : 0;
  for (std::byte next : rest)
    value = static_cast<std::int64_t>(static_cast<std::uint64_t>(value) << 8 |
                                      std::to_integer<std::uint64_t>(next));
  return value;
}

bool has_bcfile_magic(std::span<const std::byte> sixteen) {
  return std::ranges::equal(sixteen, kBcFileMagic, {},
                            [](std::byte b) { return std::to_integer<std::uint8_t>(b); });
}

Result<std::uint64_t> parse_bcfile_trailer(std::span<const std::byte> bytes, std::uint64_t file_length) {
  ByteCursor in(bytes);
  KNIT_TRY(auto index, in.i64());
  KNIT_TRY(auto major, in.u16());
  KNIT_TRY(auto minor, in.u16());
  KNIT_TRY(auto magic, in.take(kBcFileMagic.size()));
  if (!has_bcfile_magic(magic)) return damaged("not a TFile: its last 16 bytes are not the magic number");
  // BCFile.API_VERSION 1.0; Utils.Version.compatibleWith compares the major number alone.
  if (major != 1)
    return Error(ErrorCode::kUnimplemented,
                 "TFile version " + std::to_string(major) + "." + std::to_string(minor) + "; Knit reads 1.x");
  if (index < static_cast<std::int64_t>(kBcFileMagic.size()) ||
      static_cast<std::uint64_t>(index) + kBcFileTrailer > file_length)
    return damaged("the TFile's index is said to lie at offset " + std::to_string(index) + " of " +
                   std::to_string(file_length));
  return static_cast<std::uint64_t>(index);
}

Result<std::vector<BcMetaBlock>> parse_bcfile_meta_index(std::span<const std::byte> bytes,
                                                         std::uint64_t end) {
  constexpr std::string_view kPrefix = "data:";
  ByteCursor in(bytes);
  KNIT_TRY(auto count, read_size(in, "number of meta blocks"));
  if (count > bytes.size())
    return damaged(std::to_string(count) + " meta blocks in an index too small for them");
  std::vector<BcMetaBlock> blocks;
  for (std::uint64_t i = 0; i < count; ++i) {
    BcMetaBlock block;
    KNIT_TRY(block.name, read_string(in));
    if (!block.name.starts_with(kPrefix)) return damaged("a meta block's name does not begin with 'data:'");
    block.name.erase(0, kPrefix.size());
    KNIT_TRY(block.compression, read_string(in));
    KNIT_TRY(block.region, read_region(in, end));
    blocks.push_back(std::move(block));
  }
  return blocks;
}

Result<BcDataIndex> parse_bcfile_data_index(std::span<const std::byte> bytes, std::uint64_t end) {
  ByteCursor in(bytes);
  BcDataIndex index;
  KNIT_TRY(index.compression, read_string(in));
  KNIT_TRY(auto count, read_size(in, "number of blocks"));
  // A region takes three bytes or more.
  if (count > in.left() / 3) return damaged(std::to_string(count) + " blocks in an index too small for them");
  index.blocks.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    KNIT_TRY(auto region, read_region(in, end));
    index.blocks.push_back(region);
  }
  return index;
}

}  // namespace knit::logs
