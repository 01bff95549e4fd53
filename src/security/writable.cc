#include "security/writable.h"

#include <fmt/format.h>

#include <limits>

#include "base/try.h"

namespace knit::security {

Error WritableReader::error(std::string_view what) const {
  return Error(ErrorCode::kDataLoss, fmt::format("{} at byte {} of {}", what, position_, bytes_.size()));
}

Result<std::uint8_t> WritableReader::read_byte() {
  if (remaining() < 1) return error("ends too early");
  return static_cast<std::uint8_t>(bytes_[position_++]);
}

Result<std::string_view> WritableReader::read_raw(std::size_t count) {
  if (count > remaining()) return error(fmt::format("{} bytes announced, but it ends too early", count));
  const auto out = bytes_.substr(position_, count);
  position_ += count;
  return out;
}

// WritableUtils.readVLong: the first byte is the value, or gives sign and number of bytes.
Result<std::int64_t> WritableReader::read_vlong() {
  KNIT_TRY(const auto byte, read_byte());
  const int first = static_cast<std::int8_t>(byte);
  if (first >= -112) return std::int64_t{first};
  const bool negative = first < -120;
  KNIT_TRY(const auto rest, read_raw(static_cast<std::size_t>(negative ? -120 - first : -112 - first)));
  std::uint64_t magnitude = 0;
  for (const unsigned char c : rest) magnitude = magnitude << 8 | c;
  return static_cast<std::int64_t>(negative ? ~magnitude : magnitude);
}

Result<std::int32_t> WritableReader::read_vint() {
  KNIT_TRY(const auto value, read_vlong());
  if (value < std::numeric_limits<std::int32_t>::min() || value > std::numeric_limits<std::int32_t>::max()) {
    return error(fmt::format("{} does not fit 32 bits", value));
  }
  return static_cast<std::int32_t>(value);
}

Result<std::string_view> WritableReader::read_bytes() {
  KNIT_TRY(const auto length, read_vint());
  if (length < 0) return error(fmt::format("negative length {}", length));
  return read_raw(static_cast<std::size_t>(length));
}

void WritableWriter::write_vlong(std::int64_t value) {
  if (value >= -112 && value <= 127) {
    out_.push_back(static_cast<char>(value));
    return;
  }
  const auto magnitude = static_cast<std::uint64_t>(value < 0 ? ~value : value);
  int bytes = 8;
  while (bytes > 1 && magnitude >> (8 * (bytes - 1)) == 0) --bytes;
  out_.push_back(static_cast<char>((value < 0 ? -120 : -112) - bytes));
  for (int i = bytes - 1; i >= 0; --i) out_.push_back(static_cast<char>(magnitude >> (8 * i)));
}

void WritableWriter::write_bytes(std::string_view bytes) {
  write_vlong(static_cast<std::int64_t>(bytes.size()));
  write_raw(bytes);
}

}  // namespace knit::security
