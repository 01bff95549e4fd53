// Reading fixed-width big-endian values off the front of bytes that came from outside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/try.h"

namespace knit::logs {

// Walks over bytes it does not own. Each call takes its bytes whole or fails with kDataLoss and takes none.
class ByteCursor {
 public:
  explicit ByteCursor(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::size_t left() const { return bytes_.size() - at_; }
  std::size_t offset() const { return at_; }

  Result<std::span<const std::byte>> take(std::size_t n) {
    if (n > left())
      return Error(ErrorCode::kDataLoss, "ends too early: " + std::to_string(n) +
                                             " bytes expected at offset " + std::to_string(at_) + ", " +
                                             std::to_string(left()) + " left");
    auto out = bytes_.subspan(at_, n);
    at_ += n;
    return out;
  }

  Result<std::uint8_t> u8() { return fixed<std::uint8_t>(); }
  Result<std::uint16_t> u16() { return fixed<std::uint16_t>(); }
  Result<std::int32_t> i32() { return fixed<std::int32_t>(); }
  Result<std::int64_t> i64() { return fixed<std::int64_t>(); }

 private:
  template <class T>
  Result<T> fixed() {
    KNIT_TRY(auto bytes, take(sizeof(T)));
    std::uint64_t value = 0;
    for (std::byte b : bytes) value = value << 8 | std::to_integer<std::uint64_t>(b);
    return static_cast<T>(value);
  }

  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
};

}  // namespace knit::logs
