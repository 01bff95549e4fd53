#include "security/wire_reader.h"

#include <fmt/format.h>

#include "base/try.h"

namespace knit::security {
namespace {

Error malformed(std::string_view what) {
  return Error(ErrorCode::kDataLoss, fmt::format("malformed protobuf message: {}", what));
}

}  // namespace

Result<std::uint64_t> WireReader::read_varint() {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < 10; ++i) {
    if (left_.empty()) return malformed("ends inside a number");
    const auto byte = static_cast<unsigned char>(left_.front());
    left_.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7fu} << (7 * i);
    if (byte < 0x80) return value;
  }
  return malformed("a number of more than 10 bytes");
}

Result<std::uint64_t> WireReader::read_fixed(std::size_t bytes) {
  if (left_.size() < bytes) return malformed("ends inside a number");
  std::uint64_t value = 0;
  for (std::size_t i = bytes; i-- > 0;) value = value << 8 | static_cast<unsigned char>(left_[i]);
  left_.remove_prefix(bytes);
  return value;
}

Result<std::optional<WireReader::Field>> WireReader::next() {
  if (left_.empty()) return std::optional<Field>();
  KNIT_TRY(const auto tag, read_varint());
  Field field;
  field.number = static_cast<std::uint32_t>(tag >> 3);
  field.type = static_cast<Type>(tag & 7);
  if (tag >> 32 != 0 || field.number == 0) return malformed("field number out of range");
  switch (field.type) {
    case Type::kVarint: {
      KNIT_TRY(field.value, read_varint());
      return std::optional(field);
    }
    case Type::kFixed64: {
      KNIT_TRY(field.value, read_fixed(8));
      return std::optional(field);
    }
    case Type::kFixed32: {
      KNIT_TRY(field.value, read_fixed(4));
      return std::optional(field);
    }
    case Type::kBytes: {
      KNIT_TRY(const auto length, read_varint());
      if (length > left_.size()) return malformed(fmt::format("field {} is cut off", field.number));
      field.bytes = left_.substr(0, length);
      left_.remove_prefix(length);
      return std::optional(field);
    }
  }
  return malformed(fmt::format("field {} has wire type {}", field.number, tag & 7));
}

}  // namespace knit::security
