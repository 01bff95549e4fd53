// SHA-256, by OpenSSL.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

typedef struct evp_md_ctx_st EVP_MD_CTX;

namespace knit::security {

inline constexpr std::size_t kSha256Size = 32;

// One digest over bytes that come in pieces: for files. finish() once, nothing after it.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  Sha256& update(std::string_view bytes);
  // The 32 raw bytes; base::hex_encode makes the usual text of them.
  std::string finish();

 private:
  EVP_MD_CTX* context_;
};

// The 32 raw bytes of SHA-256(bytes).
std::string sha256(std::string_view bytes);

}  // namespace knit::security
