#include <fmt/format.h>
#include <knit/byte_size.h>
#include <knit/duration.h>
#include <knit/port_range.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/utf8.h"

namespace knit {
namespace {

struct Quantity {
  double number;
  std::string unit;  // lower case
};

std::optional<Quantity> split(std::string_view text) {
  std::size_t digits = 0;
  while (digits < text.size() &&
         (std::isdigit(static_cast<unsigned char>(text[digits])) || text[digits] == '.')) {
    ++digits;
  }
  Quantity out{};
  auto [end, ec] = std::from_chars(text.data(), text.data() + digits, out.number, std::chars_format::fixed);
  if (digits == 0 || ec != std::errc() || end != text.data() + digits) return std::nullopt;
  out.unit = base::lower(text.substr(digits));
  return out;
}

std::optional<double> bytes_of_unit(std::string_view unit) {
  if (unit.empty()) return 1024.0 * 1024;
  if (unit == "b") return 1;
  double factor = 1024;
  for (char prefix : {'k', 'm', 'g', 't', 'p'}) {
    if (unit[0] == prefix) {
      const auto rest = unit.substr(1);
      if (rest.empty() || rest == "b" || rest == "i" || rest == "ib") return factor;
      return std::nullopt;
    }
    factor *= 1024;
  }
  return std::nullopt;
}

std::optional<double> milliseconds_of_unit(std::string_view unit) {
  if (unit == "ms") return 1;
  if (unit.empty() || unit == "s") return 1000;
  if (unit == "m" || unit == "min") return 60e3;
  if (unit == "h") return 3600e3;
  if (unit == "d") return 86400e3;
  return std::nullopt;
}

}  // namespace

Result<ByteSize> ByteSize::parse(std::string_view text) {
  const auto quantity = split(text);
  const auto factor = quantity ? bytes_of_unit(quantity->unit) : std::nullopt;
  if (!factor) {
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("'{}' is not a size; write for example 512MiB, 2GiB or 512 (MiB)", text));
  }
  const double bytes = quantity->number * *factor;
  if (bytes >= 9.2e18)
    return Error(ErrorCode::kInvalidArgument, fmt::format("'{}' is too large a size", text));
  if (bytes != std::floor(bytes)) {
    return Error(ErrorCode::kInvalidArgument, fmt::format("'{}' is not a whole number of bytes", text));
  }
  return ByteSize::bytes(static_cast<std::int64_t>(bytes));
}

std::string to_string(ByteSize size) {
  static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  double n = static_cast<double>(size.bytes());
  std::size_t unit = 0;
  while (n >= 1024 && unit + 1 < std::size(kUnits)) n /= 1024, ++unit;
  if (n == std::floor(n)) return fmt::format("{:.0f} {}", n, kUnits[unit]);
  return fmt::format("{:.1f} {}", n, kUnits[unit]);
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto quantity = split(text);
  const auto factor = quantity ? milliseconds_of_unit(quantity->unit) : std::nullopt;
  if (!factor) {
    return Error(
        ErrorCode::kInvalidArgument,
        fmt::format("'{}' is not a duration; write for example 90s, 10m, 2h, 1d, or bare seconds", text));
  }
  const double ms = quantity->number * *factor;
  if (ms > 3650.0 * 86400e3) {
    return Error(ErrorCode::kInvalidArgument, fmt::format("'{}' is longer than ten years", text));
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::llround(ms)));
}

Result<PortRange> parse_port_range(std::string_view text) {
  const auto dash = std::min(text.find('-'), text.size());
  const auto number = [](std::string_view digits) {
    std::uint16_t port = 0;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    return failed == std::errc() && end == digits.data() + digits.size() ? port : std::uint16_t{0};
  };
  const PortRange range{number(text.substr(0, dash)),
                        number(dash == text.size() ? text : text.substr(dash + 1))};
  if (range.first == 0 || range.last < range.first) {
    return Error(
        ErrorCode::kInvalidArgument,
        fmt::format("'{}' is neither a port nor a range of ports (20000-20100), from 1 to 65535", text));
  }
  return range;
}

std::string to_text(std::chrono::milliseconds duration) {
  const auto ms = duration.count();
  if (ms < 1000) return fmt::format("{} ms", ms);
  if (ms < 60'000) return fmt::format("{}.{} s", ms / 1000, ms % 1000 / 100);
  const auto s = ms / 1000;
  if (s < 3600) return fmt::format("{} min {:02} s", s / 60, s % 60);
  if (s < 86400) return fmt::format("{} h {:02} min", s / 3600, s % 3600 / 60);
  return fmt::format("{} d {:02} h", s / 86400, s % 86400 / 3600);
}

}  // namespace knit
