#include "security/sha256.h"

#include <openssl/evp.h>

#include "base/try.h"
#include "security/openssl.h"

namespace knit::security {

// OpenSSL's digests fail only for want of memory or against their contract: Bug, not Error.
Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  static EVP_MD* const algorithm = EVP_MD_fetch(openssl_context(), "SHA2-256", nullptr);
  KNIT_ASSERT(algorithm != nullptr, "OpenSSL offers no SHA-256");
  KNIT_ASSERT(context_ != nullptr && EVP_DigestInit_ex2(context_, algorithm, nullptr) == 1, "SHA-256 init");
}

Sha256::~Sha256() {
  EVP_MD_CTX_free(context_);
}

Sha256& Sha256::update(std::string_view bytes) {
  KNIT_ASSERT(EVP_DigestUpdate(context_, bytes.data(), bytes.size()) == 1, "SHA-256 update");
  return *this;
}

std::string Sha256::finish() {
  std::string out(kSha256Size, '\0');
  KNIT_ASSERT(EVP_DigestFinal_ex(context_, reinterpret_cast<unsigned char*>(out.data()), nullptr) == 1,
              "SHA-256 finish called twice");
  return out;
}

std::string sha256(std::string_view bytes) {
  return Sha256().update(bytes).finish();
}

}  // namespace knit::security
