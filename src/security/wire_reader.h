// Protocol buffers' wire format, read by hand: for the few small messages inside tokens and credentials
// files, where the protobuf library is not wanted.
#pragma once

#include <knit/result.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace knit::security {

// Walks over the fields of one message, in the order of the bytes, which must outlive the reader and its
// fields.
class WireReader {
 public:
  enum class Type { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

  struct Field {
    std::uint32_t number = 0;
    Type type = Type::kVarint;
    std::uint64_t value = 0;  // kVarint, kFixed64, kFixed32
    std::string_view bytes;   // kBytes: bytes, a string or a message

    // A field whose type is not the expected one counts as unknown, as in protobuf itself.
    bool is_varint(std::uint32_t n) const { return number == n && type == Type::kVarint; }
    bool is_bytes(std::uint32_t n) const { return number == n && type == Type::kBytes; }
    // An int32 or int64, whose negative values are sent as 64 bits.
    std::int32_t as_int32() const { return static_cast<std::int32_t>(value); }
    std::int64_t as_int64() const { return static_cast<std::int64_t>(value); }
  };

  explicit WireReader(std::string_view message) : left_(message) {}

  // The next field, or nothing at the end. kDataLoss for bytes that end too early, overlong varints, field
  // number 0 and groups (which no Hadoop message has).
  Result<std::optional<Field>> next();

  // A bare varint, as in front of a delimited message.
  Result<std::uint64_t> read_varint();
  // What was not read yet.
  std::string_view rest() const { return left_; }

 private:
  Result<std::uint64_t> read_fixed(std::size_t bytes);

  std::string_view left_;
};

}  // namespace knit::security
