// A number of bytes.
#pragma once

#include <knit/export.h>
#include <knit/result.h>

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace knit {

// A size in bytes. YARN's "MB" are MiB and are converted in one place only, the yarn module.
class KNIT_EXPORT ByteSize {
 public:
  constexpr ByteSize() = default;
  static constexpr ByteSize bytes(std::int64_t n) { return ByteSize(n); }
  static constexpr ByteSize mib(std::int64_t n) { return ByteSize(n * 1024 * 1024); }

  // "512MiB", "2GiB", "512M", "2g", "2GB", "1048576B", all powers of 1024 as in docker, Slurm and YARN; a
  // bare number is MiB. Refuses negative numbers, fractions that are no whole byte, and more than 8 EiB.
  static Result<ByteSize> parse(std::string_view text);

  constexpr std::int64_t bytes() const { return bytes_; }
  // Rounded up: asking for less than was said would be wrong.
  constexpr std::int64_t mib_rounded_up() const { return (bytes_ + (1 << 20) - 1) >> 20; }

  constexpr auto operator<=>(const ByteSize&) const = default;

 private:
  constexpr explicit ByteSize(std::int64_t n) : bytes_(n) {}
  std::int64_t bytes_ = 0;
};

// "512 MiB", "1.5 GiB", "13 B".
KNIT_EXPORT std::string to_string(ByteSize size);

}  // namespace knit
