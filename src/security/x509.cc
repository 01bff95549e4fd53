#include "security/x509.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "security/openssl.h"

namespace knit::security {
namespace {

using Bio = std::unique_ptr<BIO, FreeBy<BIO_free>>;

// OpenSSL would ask for the password of an encrypted key on the terminal.
int no_password(char*, int, int, void*) {
  return -1;
}

Result<Bio> reader(std::string_view pem, std::string_view what) {
  if (pem.size() > kMaxPem) {
    return Error(ErrorCode::kResourceExhausted,
                 fmt::format("{} of {} bytes is longer than {}", what, pem.size(), kMaxPem));
  }
  Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (bio == nullptr) return Error(ErrorCode::kInternal, "no memory is left for OpenSSL");
  return bio;
}

// The queue of errors belongs to the thread: what is left in it would be taken for the next call's.
Error unreadable(std::string_view what) {
  ERR_clear_error();
  return Error(ErrorCode::kDataLoss, fmt::format("no {} in PEM form can be read", what));
}

std::string text_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return "?";
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", parts);
}

}  // namespace

Result<X509Handle> parse_certificate(std::string_view pem) {
  auto bio = reader(pem, "a certificate");
  if (!bio) return std::move(bio).error();
  // Given an empty one of our own library context; where it fails, it may have freed it and left a null.
  X509* certificate = X509_new_ex(openssl_context(), nullptr);
  const bool read = PEM_read_bio_X509(bio->get(), &certificate, no_password, nullptr) != nullptr;
  X509Handle owned(certificate);
  if (!read) return unreadable("certificate");
  return owned;
}

Result<KeyHandle> parse_key(const Secret& pem) {
  auto bio = reader(pem.bytes(), "a key");
  if (!bio) return std::move(bio).error();
  KeyHandle key(
      PEM_read_bio_PrivateKey_ex(bio->get(), nullptr, no_password, nullptr, openssl_context(), nullptr));
  char group[16] = {};
  if (key == nullptr || EVP_PKEY_get_group_name(key.get(), group, sizeof group, nullptr) != 1 ||
      std::string_view(group) != "prime256v1") {
    return unreadable("private key of EC P-256, without a password,");
  }
  return key;
}

std::string validity(const X509& certificate) {
  return fmt::format("{} to {} UTC", text_of(X509_get0_notBefore(&certificate)),
                     text_of(X509_get0_notAfter(&certificate)));
}

}  // namespace knit::security
