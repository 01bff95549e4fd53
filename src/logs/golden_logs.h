// For tests of this module: the aggregated files a real NodeManager wrote, and what lies in them.
#pragma once

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <memory>
#include <regex>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "fs/file_system.h"
#include "io/loop.h"
#include "io/stream.h"
#include "logs/node_log.h"

namespace knit::logs {

inline std::string golden(const std::string& name) {
  std::ifstream in(std::string(KNIT_SOURCE_DIR "/tests/golden/") + name, std::ios::binary);
  EXPECT_TRUE(in) << name;
  return {std::istreambuf_iterator<char>(in), {}};
}

inline std::string sha256_hex(std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    constexpr char kDigits[] = "0123456789abcdef";
    hex += kDigits[digest[i] >> 4];
    hex += kDigits[digest[i] & 15];
  }
  return hex;
}

struct GoldenEntry {
  std::string container, file;
  std::uint64_t length = 0;
  std::string sha256;
};

// What tests/golden/logs/manifest.json says of one file, in its order.
inline std::vector<GoldenEntry> golden_entries(const std::string& file) {
  const std::string manifest = golden("logs/manifest.json");
  const auto start = manifest.find('"' + file + '"');
  const std::string part = manifest.substr(start, manifest.find(']', start) - start);
  static const std::regex kEntry(
      R"re("container": "([^"]+)","file": "([^"]+)","length": (\d+),"sha256": "([0-9a-f]+)")re");
  std::vector<GoldenEntry> out;
  for (std::sregex_iterator at(part.begin(), part.end(), kEntry), end; at != end; ++at)
    out.push_back({(*at)[1], (*at)[2], std::stoull((*at)[3]), (*at)[4]});
  EXPECT_FALSE(out.empty()) << file;
  return out;
}

// A file in memory that hands out at most `piece` bytes at a time and counts them.
class BytesReader final : public fs::Reader {
 public:
  explicit BytesReader(std::string bytes, std::size_t piece = 1 << 20, std::uint64_t* read = nullptr)
      : bytes_(std::move(bytes)), piece_(piece), read_(read) {}
  std::uint64_t length() const override { return bytes_.size(); }
  io::Task<Result<std::size_t>> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    if (offset >= bytes_.size()) co_return std::size_t{0};
    const auto n = std::min({into.size(), piece_, bytes_.size() - static_cast<std::size_t>(offset)});
    std::copy_n(io::as_bytes(bytes_).begin() + static_cast<std::ptrdiff_t>(offset), n, into.begin());
    if (read_) *read_ += n;
    co_return n;
  }

 private:
  std::string bytes_;
  std::size_t piece_;
  std::uint64_t* read_;
};

inline std::unique_ptr<fs::Reader> as_file(std::string bytes, std::size_t piece = 1 << 20,
                                           std::uint64_t* read = nullptr) {
  return std::make_unique<BytesReader>(std::move(bytes), piece, read);
}

inline io::Task<Status> append(std::string* out, std::span<const std::byte> bytes) {
  out->append(io::as_text(bytes));
  co_return Status();
}

inline Sink to(std::string* out) {
  return [out](std::span<const std::byte> bytes) { return append(out, bytes); };
}

}  // namespace knit::logs
