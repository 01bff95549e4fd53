// RC4, because DIGEST-MD5 can ask for it and OpenSSL 3 keeps it in a module that a static program cannot
// load.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace knit::security {

// One key stream. Enciphering and deciphering are the same.
class Rc4 {
 public:
  // 1 to 256 bytes of key.
  explicit Rc4(std::string_view key);
  ~Rc4();
  Rc4(const Rc4&) = delete;
  Rc4& operator=(const Rc4&) = delete;

  void apply(std::string& bytes);

 private:
  std::array<std::uint8_t, 256> state_;
  std::uint8_t i_ = 0;
  std::uint8_t j_ = 0;
};

}  // namespace knit::security
