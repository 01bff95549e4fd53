// Bytes that must not outlive their use: token passwords, secrets and keys made from them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace knit::security {

// Overwrites these bytes. The compiler may not leave the writes out.
void wipe(void* bytes, std::size_t size);
// Overwrites every byte the string holds, its spare capacity included, and empties it.
void wipe(std::string& bytes);

// True if both are equal; takes as long for the first wrong byte as for the last. Lengths are not secret.
bool equal_in_constant_time(std::string_view a, std::string_view b);

// Bytes that are wiped when they are destroyed, moved from or replaced. Made from plain bytes without
// ceremony; read only by asking for bytes(). There is no way to print one.
class Secret {
 public:
  Secret() = default;
  Secret(std::string bytes) : bytes_(std::move(bytes)) { wipe(bytes); }
  Secret(std::string_view bytes) : bytes_(bytes) {}
  Secret(const char* bytes) : bytes_(bytes) {}
  Secret(const Secret& other) = default;
  Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) { wipe(other.bytes_); }
  Secret& operator=(const Secret& other) {
    if (this != &other) *this = Secret(other);
    return *this;
  }
  Secret& operator=(Secret&& other) noexcept {
    bytes_.swap(other.bytes_);
    if (this != &other) wipe(other.bytes_);
    return *this;
  }
  ~Secret() { wipe(bytes_); }

  // The bytes themselves, as long as this object lives unchanged.
  const std::string& bytes() const { return bytes_; }
  std::size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }
  bool operator==(const Secret& other) const { return equal_in_constant_time(bytes_, other.bytes_); }

 private:
  std::string bytes_;
};

}  // namespace knit::security
