// Hadoop's Writable encoding (WritableUtils and Text, 3.4.2): variable-length integers and length-prefixed
// bytes. TFile has integers of its own, which are not these.
#pragma once

#include <knit/result.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace knit::security {

// Reads values off the front of `bytes`, which must outlive the reader and every view it returns. Each read
// is checked against what is left and fails with kDataLoss, naming the byte; after a failure the position is
// undefined.
class WritableReader {
 public:
  explicit WritableReader(std::string_view bytes) : bytes_(bytes) {}

  Result<std::uint8_t> read_byte();
  // The next `count` bytes.
  Result<std::string_view> read_raw(std::size_t count);
  Result<std::int64_t> read_vlong();
  // A VLong that must fit an int32.
  Result<std::int32_t> read_vint();
  // VInt length, then that many bytes. Text is the same, its bytes meant as UTF-8.
  Result<std::string_view> read_bytes();

  std::size_t position() const { return position_; }
  std::size_t remaining() const { return bytes_.size() - position_; }

 private:
  Error error(std::string_view what) const;

  std::string_view bytes_;
  std::size_t position_ = 0;
};

// Appends values to `out`, in the shortest form, as Java does. `out` must outlive the writer.
class WritableWriter {
 public:
  explicit WritableWriter(std::string& out) : out_(out) {}

  void write_byte(std::uint8_t byte) { out_.push_back(static_cast<char>(byte)); }
  void write_raw(std::string_view bytes) { out_.append(bytes); }
  void write_vlong(std::int64_t value);
  void write_bytes(std::string_view bytes);

 private:
  std::string& out_;
};

}  // namespace knit::security
