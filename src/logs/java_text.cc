#include "logs/java_text.h"

#include <cstdint>
#include <optional>

namespace knit::logs {
namespace {

// The UTF-16 unit at `at`, which moves behind it.
std::optional<std::uint32_t> next_unit(std::span<const std::byte> bytes, std::size_t& at) {
  auto byte = [&](std::size_t i) { return std::to_integer<std::uint32_t>(bytes[i]); };
  auto continues = [&](std::size_t i) { return i < bytes.size() && (byte(i) & 0xc0) == 0x80; };
  const std::uint32_t first = byte(at);
  if (first < 0x80) {
    at += 1;
    return first;
  }
  if ((first & 0xe0) == 0xc0 && continues(at + 1)) {
    const std::uint32_t unit = (first & 0x1f) << 6 | (byte(at + 1) & 0x3f);
    if (unit < 0x80 && unit != 0) return std::nullopt;
    at += 2;
    return unit;
  }
  if ((first & 0xf0) == 0xe0 && continues(at + 1) && continues(at + 2)) {
    const std::uint32_t unit = (first & 0x0f) << 12 | (byte(at + 1) & 0x3f) << 6 | (byte(at + 2) & 0x3f);
    if (unit < 0x800) return std::nullopt;
    at += 3;
    return unit;
  }
  return std::nullopt;
}

void append_utf8(std::string& out, std::uint32_t c) {
  auto put = [&](std::uint32_t b) { out.push_back(static_cast<char>(b)); };
  if (c < 0x80) return put(c);
  if (c < 0x800) {
    put(0xc0 | c >> 6);
  } else {
    if (c < 0x10000) {
      put(0xe0 | c >> 12);
    } else {
      put(0xf0 | c >> 18);
      put(0x80 | (c >> 12 & 0x3f));
    }
    put(0x80 | (c >> 6 & 0x3f));
  }
  put(0x80 | (c & 0x3f));
}

}  // namespace

Result<std::string> from_modified_utf8(std::span<const std::byte> bytes) {
  std::string out;
  out.reserve(bytes.size());
  std::size_t at = 0;
  auto bad = [&](std::size_t where) {
    return Error(ErrorCode::kDataLoss, "text is not Java's modified UTF-8 at byte " + std::to_string(where));
  };
  while (at < bytes.size()) {
    const std::size_t start = at;
    auto unit = next_unit(bytes, at);
    if (!unit) return bad(start);
    if (*unit >= 0xd800 && *unit < 0xe000) {
      if (*unit >= 0xdc00 || at >= bytes.size()) return bad(start);
      auto low = next_unit(bytes, at);
      if (!low || *low < 0xdc00 || *low >= 0xe000) return bad(start);
      unit = 0x10000 + ((*unit - 0xd800) << 10) + (*low - 0xdc00);
    }
    append_utf8(out, *unit);
  }
  return out;
}

}  // namespace knit::logs
