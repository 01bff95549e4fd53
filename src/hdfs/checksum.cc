#include "hdfs/checksum.h"

#include <zlib.h>

#include <array>
#include <cstring>

#include "base/try.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <nmmintrin.h>
#endif

namespace knit::hdfs {
namespace {

constexpr std::uint32_t kCastagnoli = 0x82f63b78;  // reflected, as SSE 4.2's crc32 instruction computes it

// Eight tables: "slicing by 8" takes eight bytes a step.
using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t n = 0; n < 256; ++n) {
    std::uint32_t crc = n;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) ? kCastagnoli : 0);
    tables[0][n] = crc;
  }
  for (std::uint32_t n = 0; n < 256; ++n) {
    for (std::size_t k = 1; k < 8; ++k) {
      tables[k][n] = (tables[k - 1][n] >> 8) ^ tables[0][tables[k - 1][n] & 0xff];
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();

#if defined(__x86_64__)
// Asked of the processor itself: __builtin_cpu_supports wants a runtime that zig's compiler does not bring.
bool has_sse42() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_SSE4_2) != 0;
}

// "crc32" is a part of sse4.2 that a compiler told of a processor without it wants named.
__attribute__((target("sse4.2,crc32"))) std::uint32_t crc32c_by_instruction(std::span<const std::byte> data) {
  std::uint64_t crc = 0xffffffff;
  const std::byte* at = data.data();
  std::size_t left = data.size();
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    crc = _mm_crc32_u64(crc, word);
  }
  auto low = static_cast<std::uint32_t>(crc);
  for (; left > 0; ++at, --left) low = _mm_crc32_u8(low, std::to_integer<std::uint8_t>(*at));
  return ~low;
}
#endif

std::uint32_t checksum(ChecksumType type, std::span<const std::byte> data) {
  return type == ChecksumType::kCrc32 ? crc32(data) : crc32c(data);
}

}  // namespace

std::string_view to_string(ChecksumType type) {
  switch (type) {
    case ChecksumType::kNull:
      return "NULL";
    case ChecksumType::kCrc32:
      return "CRC32";
    case ChecksumType::kCrc32c:
      return "CRC32C";
  }
  return "unknown";
}

bool is_sane(const ChecksumSpec& spec) {
  return spec.bytes_per_checksum >= 1 && spec.bytes_per_checksum <= (16u << 20) &&
         spec.type <= ChecksumType::kCrc32c;
}

std::uint32_t crc32(std::span<const std::byte> data) {
  return static_cast<std::uint32_t>(::crc32_z(0, reinterpret_cast<const Bytef*>(data.data()), data.size()));
}

std::uint32_t detail::crc32c_by_table(std::span<const std::byte> data) {
  std::uint32_t crc = 0xffffffff;
  const std::byte* at = data.data();
  std::size_t left = data.size();
  const auto byte = [&](std::size_t n) { return std::to_integer<std::uint32_t>(at[n]); };
  for (; left >= 8; at += 8, left -= 8) {
    crc ^= byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24;
    crc = kTables[7][crc & 0xff] ^ kTables[6][(crc >> 8) & 0xff] ^ kTables[5][(crc >> 16) & 0xff] ^
          kTables[4][crc >> 24] ^ kTables[3][byte(4)] ^ kTables[2][byte(5)] ^ kTables[1][byte(6)] ^
          kTables[0][byte(7)];
  }
  for (; left > 0; ++at, --left) crc = (crc >> 8) ^ kTables[0][(crc ^ byte(0)) & 0xff];
  return ~crc;
}

std::uint32_t crc32c(std::span<const std::byte> data) {
#if defined(__x86_64__)
  static const bool has_instruction = has_sse42();
  if (has_instruction) return crc32c_by_instruction(data);
#endif
  return detail::crc32c_by_table(data);
}

void compute_checksums(const ChecksumSpec& spec, std::span<const std::byte> data, std::span<std::byte> out) {
  KNIT_ASSERT(out.size() == spec.size_for(data.size()), "room for the checksums");
  if (spec.type == ChecksumType::kNull) return;
  for (std::size_t at = 0, sum = 0; at < data.size(); at += spec.bytes_per_checksum, sum += 4) {
    const std::size_t length = std::min<std::size_t>(spec.bytes_per_checksum, data.size() - at);
    const std::uint32_t crc = checksum(spec.type, data.subspan(at, length));
    for (std::size_t n = 0; n < 4; ++n) out[sum + n] = static_cast<std::byte>(crc >> (24 - 8 * n));
  }
}

std::optional<std::size_t> find_corrupt_chunk(const ChecksumSpec& spec, std::span<const std::byte> data,
                                              std::span<const std::byte> sums) {
  KNIT_ASSERT(sums.size() == spec.size_for(data.size()), "as many checksums as chunks");
  if (spec.type == ChecksumType::kNull) return std::nullopt;
  for (std::size_t at = 0, sum = 0; at < data.size(); at += spec.bytes_per_checksum, sum += 4) {
    const std::size_t length = std::min<std::size_t>(spec.bytes_per_checksum, data.size() - at);
    std::uint32_t expected = 0;
    for (std::size_t n = 0; n < 4; ++n)
      expected = expected << 8 | std::to_integer<std::uint32_t>(sums[sum + n]);
    if (checksum(spec.type, data.subspan(at, length)) != expected) return at;
  }
  return std::nullopt;
}

}  // namespace knit::hdfs
