// The container format under TFile: compressed blocks, meta blocks, an index. Pure functions over bytes.
// From: hadoop-common's io.file.tfile.BCFile and Utils, 3.4.2 (the same since 0.20).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "logs/byte_cursor.h"

namespace knit::logs {

inline constexpr std::array<std::uint8_t, 16> kBcFileMagic = {0xd1, 0x11, 0xd3, 0x68, 0x91, 0xb5, 0xd7, 0xb6,
                                                              0x39, 0xdf, 0x41, 0x40, 0x92, 0xba, 0xe1, 0x50};
// Offset of the meta index, version, magic.
inline constexpr std::size_t kBcFileTrailer = 8 + 4 + 16;
// The meta index of a log file has three entries; 64 KiB is far more than it can need.
inline constexpr std::uint64_t kMaxBcMetaIndex = 64 << 10;
// 27 bytes at most for a block of at least 256 KiB: 16 MiB of index stand for more than 150 GiB of logs.
inline constexpr std::uint64_t kMaxBcDataIndex = 16 << 20;

// Where a block lies in the file.
struct Region {
  std::uint64_t offset = 0;
  std::uint64_t stored = 0;  // bytes in the file
  std::uint64_t raw = 0;     // bytes unpacked, as the writer counted them
};

struct BcMetaBlock {
  std::string name;         // "BCFile.index", without its prefix "data:"
  std::string compression;  // "none", "gz", "lzo"
  Region region;
};

struct BcDataIndex {
  std::string compression;  // of every data block
  std::vector<Region> blocks;
};

// How many bytes the variable-length integer that begins with `first` has: 1 to 9; 0 if none begins so.
std::size_t vlong_size(std::byte first);
// Utils.readVLong.
Result<std::int64_t> read_vlong(ByteCursor& in);

bool has_bcfile_magic(std::span<const std::byte> sixteen);

// From the file's last kBcFileTrailer bytes: where the meta index begins. It ends where those bytes begin.
Result<std::uint64_t> parse_bcfile_trailer(std::span<const std::byte> bytes, std::uint64_t file_length);
// `end`: where the meta index begins; blocks lie before it. kDataLoss for a region that does not.
Result<std::vector<BcMetaBlock>> parse_bcfile_meta_index(std::span<const std::byte> bytes, std::uint64_t end);
Result<BcDataIndex> parse_bcfile_data_index(std::span<const std::byte> bytes, std::uint64_t end);

}  // namespace knit::logs
