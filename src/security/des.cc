#include "security/des.h"

#include <bit>
#include <utility>

#include "base/try.h"
#include "security/secret.h"

namespace knit::security {
namespace {

// The tables of FIPS 46-3; bits are counted from 1, the highest first.
constexpr std::uint8_t kBoxes[8][64] = {
    {14, 4,  13, 1, 2,  15, 11, 8, 3, 10, 6, 12, 5,  9,  0,  7,  0,  15, 7,  4,  14, 2,
     13, 1,  10, 6, 12, 11, 9,  5, 3, 8,  4, 1,  14, 8,  13, 6,  2,  11, 15, 12, 9,  7,
     3,  10, 5,  0, 15, 12, 8,  2, 4, 9,  1, 7,  5,  11, 3,  14, 10, 0,  6,  13},
    {15, 1,  8,  14, 6,  11, 3,  4, 9,  7,  2, 13, 12, 0,  5,  10, 3,  13, 4,  7, 15, 2,
     8,  14, 12, 0,  1,  10, 6,  9, 11, 5,  0, 14, 7,  11, 10, 4,  13, 1,  5,  8, 12, 6,
     9,  3,  2,  15, 13, 8,  10, 1, 3,  15, 4, 2,  11, 6,  7,  12, 0,  5,  14, 9},
    {10, 0,  9,  14, 6, 3,  15, 5,  1,  13, 12, 7, 11, 4,  2,  8,  13, 7, 0,  9, 3, 4,
     6,  10, 2,  8,  5, 14, 12, 11, 15, 1,  13, 6, 4,  9,  8,  15, 3,  0, 11, 1, 2, 12,
     5,  10, 14, 7,  1, 10, 13, 0,  6,  9,  8,  7, 4,  15, 14, 3,  11, 5, 2,  12},
    {7, 13, 14, 3, 0, 6,  9, 10, 1,  2, 8,  5, 11, 12, 4,  15, 13, 8,  11, 5, 6, 15,
     0, 3,  4,  7, 2, 12, 1, 10, 14, 9, 10, 6, 9,  0,  12, 11, 7,  13, 15, 1, 3, 14,
     5, 2,  8,  4, 3, 15, 0, 6,  10, 1, 13, 8, 9,  4,  5,  11, 12, 7,  2,  14},
    {2,  12, 4, 1,  7,  10, 11, 6, 8, 5,  3, 15, 13, 0,  14, 9,  14, 11, 2,  12, 4,  7,
     13, 1,  5, 0,  15, 10, 3,  9, 8, 6,  4, 2,  1,  11, 10, 13, 7,  8,  15, 9,  12, 5,
     6,  3,  0, 14, 11, 8,  12, 7, 1, 14, 2, 13, 6,  15, 0,  9,  10, 4,  5,  3},
    {12, 1,  10, 15, 9,  2,  6, 8,  0, 13, 3,  4,  14, 7,  5, 11, 10, 15, 4, 2, 7, 12,
     9,  5,  6,  1,  13, 14, 0, 11, 3, 8,  9,  14, 15, 5,  2, 8,  12, 3,  7, 0, 4, 10,
     1,  13, 11, 6,  4,  3,  2, 12, 9, 5,  15, 10, 11, 14, 1, 7,  6,  0,  8, 13},
    {4, 11, 2,  14, 15, 0,  8,  13, 3, 12, 9,  7, 5,  10, 6,  1,  13, 0,  11, 7,  4, 9,
     1, 10, 14, 3,  5,  12, 2,  15, 8, 6,  1,  4, 11, 13, 12, 3,  7,  14, 10, 15, 6, 8,
     0, 5,  9,  2,  6,  11, 13, 8,  1, 4,  10, 7, 9,  5,  0,  15, 14, 2,  3,  12},
    {13, 2, 8,  4, 6, 15, 11, 1,  10, 9,  3, 14, 5,  0,  12, 7,  1,  15, 13, 8, 10, 3,
     7,  4, 12, 5, 6, 11, 0,  14, 9,  2,  7, 11, 4,  1,  9,  12, 14, 2,  0,  6, 10, 13,
     15, 3, 5,  8, 2, 1,  14, 7,  4,  10, 8, 13, 15, 12, 9,  0,  3,  5,  6,  11}};
constexpr std::uint8_t kPermutation[32] = {16, 7, 20, 21, 29, 12, 28, 17, 1,  15, 23, 26, 5,  18, 31, 10,
                                           2,  8, 24, 14, 32, 27, 3,  9,  19, 13, 30, 6,  22, 11, 4,  25};
constexpr std::uint8_t kChoice1[56] = {57, 49, 41, 33, 25, 17, 9,  1,  58, 50, 42, 34, 26, 18,
                                       10, 2,  59, 51, 43, 35, 27, 19, 11, 3,  60, 52, 44, 36,
                                       63, 55, 47, 39, 31, 23, 15, 7,  62, 54, 46, 38, 30, 22,
                                       14, 6,  61, 53, 45, 37, 29, 21, 13, 5,  28, 20, 12, 4};
constexpr std::uint8_t kChoice2[48] = {14, 17, 11, 24, 1,  5,  3,  28, 15, 6,  21, 10, 23, 19, 12, 4,
                                       26, 8,  16, 7,  27, 20, 13, 2,  41, 52, 31, 37, 47, 55, 30, 40,
                                       51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32};
constexpr std::uint8_t kRotations[16] = {1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1};

// Each box and the permutation after it, as one look-up from 6 bits.
constexpr auto kLookup = [] {
  std::array<std::array<std::uint32_t, 64>, 8> out{};
  for (unsigned box = 0; box < 8; ++box) {
    for (unsigned in = 0; in < 64; ++in) {
      const unsigned row = (in >> 4 & 2) | (in & 1);
      const std::uint32_t word = std::uint32_t{kBoxes[box][row * 16 + (in >> 1 & 15)]} << (28 - 4 * box);
      for (unsigned bit = 0; bit < 32; ++bit) {
        if (word >> (32 - kPermutation[bit]) & 1) out[box][in] |= std::uint32_t{1} << (31 - bit);
      }
    }
  }
  return out;
}();

using RoundKey = std::array<std::uint8_t, 8>;

// Each 6 bits of the expansion are 4 bits of the half and one neighbour on either side.
std::uint32_t round_function(std::uint32_t half, const RoundKey& key) {
  std::uint32_t out = 0;
  for (unsigned box = 0; box < 8; ++box) {
    out ^= kLookup[box][(std::rotl(half, static_cast<int>(5 + 4 * box)) & 63) ^ key[box]];
  }
  return out;
}

// Exchanges the bits of `a >> shift` and `b` that `mask` selects.
void exchange(std::uint32_t& a, std::uint32_t& b, unsigned shift, std::uint32_t mask) {
  const std::uint32_t t = (a >> shift ^ b) & mask;
  b ^= t;
  a ^= t << shift;
}

void initial_permutation(std::uint32_t& left, std::uint32_t& right) {
  exchange(left, right, 4, 0x0f0f0f0f);
  exchange(left, right, 16, 0x0000ffff);
  exchange(right, left, 2, 0x33333333);
  exchange(right, left, 8, 0x00ff00ff);
  exchange(left, right, 1, 0x55555555);
}

void final_permutation(std::uint32_t& left, std::uint32_t& right) {
  exchange(left, right, 1, 0x55555555);
  exchange(right, left, 8, 0x00ff00ff);
  exchange(right, left, 2, 0x33333333);
  exchange(left, right, 16, 0x0000ffff);
  exchange(left, right, 4, 0x0f0f0f0f);
}

std::uint64_t load(std::string_view bytes) {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < kDesBlockSize; ++i) out = out << 8 | static_cast<unsigned char>(bytes[i]);
  return out;
}

void store(std::uint64_t block, char* out) {
  for (std::size_t i = 0; i < kDesBlockSize; ++i) out[i] = static_cast<char>(block >> (56 - 8 * i));
}

}  // namespace

std::string des_key_from_7_bytes(std::string_view bytes) {
  KNIT_ASSERT(bytes.size() == 7, "DES key of wrong length");
  std::uint64_t bits = 0;
  for (const unsigned char c : bytes) bits = bits << 8 | c;
  std::string out;
  for (int shift = 49; shift >= 0; shift -= 7) {
    const auto seven = static_cast<unsigned>(bits >> shift & 0x7f);
    out.push_back(static_cast<char>(seven << 1 | (std::popcount(seven) % 2 == 0 ? 1u : 0u)));
  }
  return out;
}

DesKey::DesKey(std::string_view key) {
  KNIT_ASSERT(key.size() == kDesBlockSize, "DES key of wrong length");
  const std::uint64_t bits = load(key);
  std::uint64_t chosen = 0;  // 56 bits: two halves of 28
  for (const unsigned at : kChoice1) chosen = chosen << 1 | (bits >> (64 - at) & 1);
  auto high = static_cast<std::uint32_t>(chosen >> 28);
  auto low = static_cast<std::uint32_t>(chosen & 0xfffffff);
  for (std::size_t round = 0; round < rounds_.size(); ++round) {
    for (std::uint8_t i = 0; i < kRotations[round]; ++i) {
      high = (high << 1 | high >> 27) & 0xfffffff;
      low = (low << 1 | low >> 27) & 0xfffffff;
    }
    const std::uint64_t both = std::uint64_t{high} << 28 | low;
    for (std::size_t group = 0; group < 8; ++group) {
      unsigned six = 0;
      for (std::size_t i = 0; i < 6; ++i) {
        six = six << 1 | static_cast<unsigned>(both >> (56 - kChoice2[group * 6 + i]) & 1);
      }
      rounds_[round][group] = static_cast<std::uint8_t>(six);
    }
  }
}

DesKey::~DesKey() {
  wipe(rounds_.data(), sizeof(rounds_));
}

void DesKey::encrypt_rounds(std::uint32_t& left, std::uint32_t& right) const {
  for (std::size_t round = 0; round < rounds_.size(); round += 2) {
    left ^= round_function(right, rounds_[round]);
    right ^= round_function(left, rounds_[round + 1]);
  }
  std::swap(left, right);
}

void DesKey::decrypt_rounds(std::uint32_t& left, std::uint32_t& right) const {
  for (std::size_t round = rounds_.size(); round > 0; round -= 2) {
    left ^= round_function(right, rounds_[round - 1]);
    right ^= round_function(left, rounds_[round - 2]);
  }
  std::swap(left, right);
}

TripleDesCbc::TripleDesCbc(std::string_view key1, std::string_view key2,
                           std::string_view initialization_vector)
    : key1_(key1), key2_(key2) {
  KNIT_ASSERT(initialization_vector.size() == kDesBlockSize, "DES initialization vector of wrong length");
  chain_ = load(initialization_vector);
}

void TripleDesCbc::encrypt(std::string& bytes) {
  KNIT_ASSERT(bytes.size() % kDesBlockSize == 0, "DES over less than a block");
  for (std::size_t i = 0; i < bytes.size(); i += kDesBlockSize) {
    const std::uint64_t block = load(std::string_view(bytes).substr(i)) ^ chain_;
    auto left = static_cast<std::uint32_t>(block >> 32);
    auto right = static_cast<std::uint32_t>(block);
    initial_permutation(left, right);
    key1_.encrypt_rounds(left, right);
    key2_.decrypt_rounds(left, right);
    key1_.encrypt_rounds(left, right);
    final_permutation(left, right);
    chain_ = std::uint64_t{left} << 32 | right;
    store(chain_, bytes.data() + i);
  }
}

void TripleDesCbc::decrypt(std::string& bytes) {
  KNIT_ASSERT(bytes.size() % kDesBlockSize == 0, "DES over less than a block");
  for (std::size_t i = 0; i < bytes.size(); i += kDesBlockSize) {
    const std::uint64_t block = load(std::string_view(bytes).substr(i));
    auto left = static_cast<std::uint32_t>(block >> 32);
    auto right = static_cast<std::uint32_t>(block);
    initial_permutation(left, right);
    key1_.decrypt_rounds(left, right);
    key2_.encrypt_rounds(left, right);
    key1_.decrypt_rounds(left, right);
    final_permutation(left, right);
    store((std::uint64_t{left} << 32 | right) ^ chain_, bytes.data() + i);
    chain_ = block;
  }
}

}  // namespace knit::security
