// For tests: bytes captured from Hadoop 3.4.2 (tests/golden/README.md).
#pragma once

#include <cstddef>
#include <fstream>
#include <iterator>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace knit::hdfs {

inline std::vector<std::byte> golden(const std::string& name) {
  std::ifstream in(std::string(KNIT_SOURCE_DIR "/tests/golden/") + name, std::ios::binary);
  if (!in) throw std::runtime_error("no golden file " + name);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}
inline std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Where a captured operation ends and its packets begin: version, opcode, delimited message.
inline std::size_t after_operation(std::span<const std::byte> stream) {
  std::size_t at = 3, length = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = std::to_integer<std::size_t>(stream[at++]);
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) return at + length;
  }
}

// 0000000\n0000001\n... as in put-160000 and cat-160000.
inline std::string numbered_lines() {
  std::string text;
  for (int n = 0; n < 20000; ++n) {
    const std::string digits = std::to_string(n);
    text += std::string(7 - digits.size(), '0') + digits + "\n";
  }
  return text;
}

}  // namespace knit::hdfs
