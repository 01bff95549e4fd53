#include "security/md5.h"

#include <algorithm>
#include <bit>

#include "security/secret.h"

namespace knit::security {
namespace {

// RFC 1321 section 3.4: floor(2^32 * abs(sin(i + 1))).
constexpr std::uint32_t kSines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};
constexpr int kShifts[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

std::uint32_t little_endian(const unsigned char* p) {
  return static_cast<std::uint32_t>(p[0]) | static_cast<std::uint32_t>(p[1]) << 8 |
         static_cast<std::uint32_t>(p[2]) << 16 | static_cast<std::uint32_t>(p[3]) << 24;
}

}  // namespace

Md5::~Md5() {
  wipe(state_.data(), sizeof(state_));
  wipe(pending_.data(), pending_.size());
}

void Md5::block(const unsigned char* bytes) {
  std::uint32_t words[16];
  for (std::size_t i = 0; i < 16; ++i) words[i] = little_endian(bytes + 4 * i);
  auto [a, b, c, d] = state_;
  for (std::uint32_t i = 0; i < 64; ++i) {
    std::uint32_t f = 0;
    std::uint32_t word = 0;
    switch (i / 16) {
      case 0:
        f = (b & c) | (~b & d), word = i;
        break;
      case 1:
        f = (d & b) | (~d & c), word = (5 * i + 1) % 16;
        break;
      case 2:
        f = b ^ c ^ d, word = (3 * i + 5) % 16;
        break;
      default:
        f = c ^ (b | ~d), word = (7 * i) % 16;
        break;
    }
    const std::uint32_t sum = a + f + kSines[i] + words[word];
    a = d;
    d = c;
    c = b;
    b += std::rotl(sum, kShifts[i / 16][i % 4]);
  }
  state_[0] += a;
  state_[1] += b;
  state_[2] += c;
  state_[3] += d;
}

Md5& Md5::update(std::string_view bytes) {
  const auto* in = reinterpret_cast<const unsigned char*>(bytes.data());
  std::size_t left = bytes.size();
  const std::size_t held = length_ % 64;
  length_ += left;
  if (held > 0) {
    const std::size_t take = std::min(left, 64 - held);
    std::copy_n(in, take, pending_.data() + held);
    in += take;
    left -= take;
    if (held + take < 64) return *this;
    block(pending_.data());
  }
  for (; left >= 64; in += 64, left -= 64) block(in);
  std::copy_n(in, left, pending_.data());
  return *this;
}

std::string Md5::finish() {
  const std::uint64_t bits = length_ * 8;
  static constexpr char kPadding[64] = {'\x80'};
  update({kPadding, length_ % 64 < 56 ? 56 - length_ % 64 : 120 - length_ % 64});
  char tail[8];
  for (int i = 0; i < 8; ++i) tail[i] = static_cast<char>(bits >> (8 * i));
  update({tail, 8});
  std::string out;
  out.reserve(kMd5Size);
  for (const std::uint32_t word : state_) {
    for (int i = 0; i < 4; ++i) out.push_back(static_cast<char>(word >> (8 * i)));
  }
  return out;
}

std::string md5(std::string_view bytes) {
  return Md5().update(bytes).finish();
}

std::string hmac_md5(std::string_view key, std::string_view first, std::string_view second) {
  std::string padded = key.size() > 64 ? md5(key) : std::string(key);
  padded.resize(64, '\0');
  for (char& c : padded) c = static_cast<char>(c ^ 0x36);
  const std::string inner = Md5().update(padded).update(first).update(second).finish();
  for (char& c : padded) c = static_cast<char>(c ^ 0x36 ^ 0x5c);
  std::string out = Md5().update(padded).update(inner).finish();
  wipe(padded);
  return out;
}

}  // namespace knit::security
