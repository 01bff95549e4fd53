// The checksums HDFS keeps beside its data: one 32-bit value, big-endian, for each chunk of bytesPerChecksum
// bytes (Hadoop 3.4.2: org.apache.hadoop.util.DataChecksum).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace knit::hdfs {

// With ChecksumTypeProto's numbers.
enum class ChecksumType : std::uint8_t { kNull = 0, kCrc32 = 1, kCrc32c = 2 };
// "NULL", "CRC32", "CRC32C", as dfs.checksum.type writes them.
std::string_view to_string(ChecksumType type);

struct ChecksumSpec {
  ChecksumType type = ChecksumType::kCrc32c;
  std::uint32_t bytes_per_checksum = 512;  // dfs.bytes-per-checksum
  bool operator==(const ChecksumSpec&) const = default;

  // Bytes of one checksum: 4, or 0 for NULL.
  std::size_t size() const { return type == ChecksumType::kNull ? 0 : 4; }
  // Bytes of the checksums of `data_length` bytes that begin at a chunk's start.
  std::size_t size_for(std::size_t data_length) const {
    return (data_length + bytes_per_checksum - 1) / bytes_per_checksum * size();
  }
};

// What a server may say of its chunks: from 1 byte to 16 MiB (a packet's limit). Everything else is refused.
bool is_sane(const ChecksumSpec& spec);

std::uint32_t crc32(std::span<const std::byte> data);   // zlib's polynomial
std::uint32_t crc32c(std::span<const std::byte> data);  // Castagnoli, by SSE 4.2 where the processor has it

namespace detail {
std::uint32_t crc32c_by_table(std::span<const std::byte> data);
}

// Writes the checksums of `data` to `out`, which must be spec.size_for(data.size()) bytes long.
void compute_checksums(const ChecksumSpec& spec, std::span<const std::byte> data, std::span<std::byte> out);

// The position in `data` of the first chunk whose checksum is wrong. `sums` must be
// spec.size_for(data.size()) long.
std::optional<std::size_t> find_corrupt_chunk(const ChecksumSpec& spec, std::span<const std::byte> data,
                                              std::span<const std::byte> sums);

}  // namespace knit::hdfs
