#include "cli/json_lines.h"

#include <cstdint>

namespace knit::cli {
namespace {

// Length of the well-formed character at the front (RFC 3629), or 0.
std::size_t character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return 0;
  std::uint32_t code = first & (0x7fu >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3f);
  }
  const bool too_short = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  return too_short || surrogate || code > 0x10ffff ? 0 : size;
}

}  // namespace

boost::json::string json_text(std::string_view text) {
  boost::json::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto size = character(text);
    if (size == 0) {
      out.append("\xef\xbf\xbd");
      text.remove_prefix(1);
    } else {
      out.append(text.substr(0, size));
      text.remove_prefix(size);
    }
  }
  return out;
}

std::string_view to_text(LineEnd end) {
  switch (end) {
    case LineEnd::kNewline:
      return "newline";
    case LineEnd::kPart:
      return "part";
    case LineEnd::kNone:
      break;
  }
  return "none";
}

}  // namespace knit::cli
