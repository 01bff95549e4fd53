// OpenSSL's certificates and keys, owned: for this module's own files and for the TLS of http.
#pragma once

#include <knit/result.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string_view>

#include "security/secret.h"

namespace knit::security {

template <auto kFree>
struct FreeBy {
  void operator()(auto* object) const { kFree(object); }
};
using X509Handle = std::unique_ptr<X509, FreeBy<X509_free>>;
using KeyHandle = std::unique_ptr<EVP_PKEY, FreeBy<EVP_PKEY_free>>;

// Ours take 300 to 900 bytes. What is longer was not made by Knit and is not looked at.
inline constexpr std::size_t kMaxPem = 16 << 10;

// The first certificate in a PEM text. kResourceExhausted beyond kMaxPem, kDataLoss for what is none.
Result<X509Handle> parse_certificate(std::string_view pem);

// The first private key in a PEM text, which must be unencrypted and of EC P-256, as Knit's are; a password
// is never asked for. Errors as above; none of them holds a byte of the key.
Result<KeyHandle> parse_key(const Secret& pem);

// "2026-11-26 04:40:24 to 2026-12-03 05:40:24 UTC": when a certificate holds.
std::string validity(const X509& certificate);

}  // namespace knit::security
