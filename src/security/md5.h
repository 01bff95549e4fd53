// MD5 (RFC 1321) and HMAC-MD5 (RFC 2104), written out here because Hadoop's token authentication is defined
// by them and hosts in FIPS mode refuse them in their system libraries. For that protocol only: MD5 protects
// nothing new.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace knit::security {

inline constexpr std::size_t kMd5Size = 16;

// One digest over bytes that come in pieces. A value type; finish() once.
class Md5 {
 public:
  Md5() = default;
  // The state can hold key material.
  ~Md5();
  Md5(const Md5&) = default;
  Md5& operator=(const Md5&) = default;

  Md5& update(std::string_view bytes);
  // The 16 raw bytes.
  std::string finish();

 private:
  void block(const unsigned char* bytes);

  std::array<std::uint32_t, 4> state_ = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  std::uint64_t length_ = 0;
  std::array<unsigned char, 64> pending_{};
};

// The 16 raw bytes of MD5(bytes).
std::string md5(std::string_view bytes);

// The 16 raw bytes of HMAC-MD5(key, first + second).
std::string hmac_md5(std::string_view key, std::string_view first, std::string_view second = {});

}  // namespace knit::security
