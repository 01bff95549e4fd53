// DES and two-key triple DES in CBC mode (FIPS 46-3, ANSI X9.52), written out here because DIGEST-MD5's
// privacy is defined by them and hosts in FIPS mode may refuse them. For that protocol only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace knit::security {

inline constexpr std::size_t kDesBlockSize = 8;

// Spreads 56 bits over 8 bytes, 7 a byte; the lowest bit, which DES ignores, makes the parity odd.
std::string des_key_from_7_bytes(std::string_view bytes);

// The 16 round keys of one DES key, each as eight 6-bit groups.
class DesKey {
 public:
  // 8 bytes; parity is not checked.
  explicit DesKey(std::string_view key);
  ~DesKey();
  DesKey(const DesKey&) = default;
  DesKey& operator=(const DesKey&) = default;

  // The 16 rounds over one block whose initial permutation is done; halves come out exchanged, as the final
  // permutation and a following DES want them.
  void encrypt_rounds(std::uint32_t& left, std::uint32_t& right) const;
  void decrypt_rounds(std::uint32_t& left, std::uint32_t& right) const;

 private:
  std::array<std::array<std::uint8_t, 8>, 16> rounds_;
};

// One direction of a connection: encrypts under key 1, decrypts under key 2, encrypts under key 1, each block
// chained to the one before, across calls.
class TripleDesCbc {
 public:
  // 8 bytes each.
  TripleDesCbc(std::string_view key1, std::string_view key2, std::string_view initialization_vector);

  // In place; whole blocks.
  void encrypt(std::string& bytes);
  void decrypt(std::string& bytes);

 private:
  DesKey key1_;
  DesKey key2_;
  std::uint64_t chain_ = 0;  // the last block of ciphertext
};

}  // namespace knit::security
