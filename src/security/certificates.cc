#include "security/certificates.h"

#include <fmt/format.h>
#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "base/try.h"
#include "security/openssl.h"
#include "security/random.h"
#include "security/x509.h"

namespace knit::security {
namespace {

constexpr int kVersion3 = 2;
// RFC 5280 asks for at most 20 bytes and a positive number; 16 random ones never meet again.
constexpr std::size_t kSerialSize = 16;
// Addresses of one machine; and the longest name DNS knows.
constexpr std::size_t kMaxHosts = 32, kMaxHost = 253;

using Bio = std::unique_ptr<BIO, FreeBy<BIO_free>>;
using Number = std::unique_ptr<BIGNUM, FreeBy<BN_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, FreeBy<X509_EXTENSION_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, FreeBy<GENERAL_NAMES_free>>;

// Making a key or a certificate of valid parts fails only for want of memory or randomness.
void must(int result) {
  KNIT_ASSERT(result == 1, "OpenSSL cannot make a key or a certificate");
}

KeyHandle make_key() {
  KeyHandle key(EVP_PKEY_Q_keygen(openssl_context(), nullptr, "EC", "P-256"));
  must(key != nullptr);
  return key;
}

std::string_view contents(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

Secret to_pem(EVP_PKEY* key) {
  // Clears what it held when it grows and when it is freed.
  const Bio bio(BIO_new(BIO_s_secmem()));
  must(bio != nullptr && PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr));
  return contents(bio.get());
}

std::string to_pem(const X509& certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  must(bio != nullptr && PEM_write_bio_X509(bio.get(), &certificate));
  return std::string(contents(bio.get()));
}

void add_part(X509_NAME* name, int kind, std::string_view text) {
  must(X509_NAME_add_entry_by_NID(name, kind, MBSTRING_UTF8,
                                  reinterpret_cast<const unsigned char*>(text.data()),
                                  static_cast<int>(text.size()), -1, 0));
}

void set_serial(X509* certificate) {
  auto bytes = random_bytes(kSerialSize);
  KNIT_ASSERT(bytes, bytes.error().message());
  (*bytes)[0] = static_cast<char>(((*bytes)[0] & 0x3f) | 0x40);  // positive, and never short
  const Number number(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes->data()), kSerialSize, nullptr));
  must(number != nullptr && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr);
}

void set_time(ASN1_TIME* at, WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  must(ASN1_TIME_set(at, seconds) != nullptr);
}

// The certificate of `key` without issuer, extensions and signature.
X509Handle begin(EVP_PKEY* key, WallTime now, WallTime until) {
  X509Handle certificate(X509_new_ex(openssl_context(), nullptr));
  must(certificate != nullptr);
  must(X509_set_version(certificate.get(), kVersion3));
  set_serial(certificate.get());
  set_time(X509_getm_notBefore(certificate.get()), now - kClockTolerance);
  set_time(X509_getm_notAfter(certificate.get()), until);
  must(X509_set_pubkey(certificate.get(), key));
  return certificate;
}

struct NamedExtension {
  int kind;
  const char* value;  // in the words of x509v3_config(5); never what somebody else gave
};

void extend(X509* certificate, X509* issuer, std::initializer_list<NamedExtension> extensions) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  for (const auto& [kind, value] : extensions) {
    const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value));
    must(extension != nullptr && X509_add_ext(certificate, extension.get(), -1));
  }
}

bool is_host_name(std::string_view host) {
  return std::ranges::all_of(host, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  });
}

Status add_hosts(X509* certificate, const std::vector<std::string>& hosts) {
  if (hosts.empty()) return {};
  if (hosts.size() > kMaxHosts)
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("a certificate names at most {} hosts, not {}", kMaxHosts, hosts.size()));
  const Names names(GENERAL_NAMES_new());
  must(names != nullptr);
  for (const auto& host : hosts) {
    GENERAL_NAME* name = GENERAL_NAME_new();
    must(name != nullptr && sk_GENERAL_NAME_push(names.get(), name) > 0);
    if (ASN1_OCTET_STRING* address = a2i_IPADDRESS(host.c_str()); address != nullptr) {
      GENERAL_NAME_set0_value(name, GEN_IPADD, address);
      continue;
    }
    ASN1_IA5STRING* text = ASN1_IA5STRING_new();
    must(text != nullptr && ASN1_STRING_set(text, host.data(), static_cast<int>(host.size())));
    GENERAL_NAME_set0_value(name, GEN_DNS, text);
    if (host.empty() || host.size() > kMaxHost || !is_host_name(host))
      return Error(ErrorCode::kInvalidArgument, "not the name or address of a host: '" + host + "'");
  }
  must(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT));
  return {};
}

void sign(X509* certificate, EVP_PKEY* key) {
  KNIT_ASSERT(X509_sign(certificate, key, EVP_sha256()) > 0, "OpenSSL cannot sign a certificate");
}

}  // namespace

Authority Authority::create(const ApplicationId& application, WallTime now) {
  Authority authority;
  KeyHandle key = make_key();
  X509Handle certificate = begin(key.get(), now, kNoEnd);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  add_part(name, NID_organizationName, "authority");
  add_part(name, NID_commonName, to_string(application));
  must(X509_set_issuer_name(certificate.get(), name));
  extend(certificate.get(), certificate.get(),
         {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
          {NID_key_usage, "critical,keyCertSign"},
          {NID_subject_key_identifier, "hash"}});
  sign(certificate.get(), key.get());
  authority.application_ = application;
  authority.key_pem_ = to_pem(key.get());
  authority.certificate_pem_ = to_pem(*certificate);
  authority.key_ = std::move(key);
  authority.certificate_ = std::move(certificate);
  return authority;
}

Result<Authority> Authority::parse(Secret key_pem, std::string certificate_pem) {
  KNIT_TRY(const auto verifier, PeerVerifier::create(certificate_pem));
  KNIT_TRY(auto key, parse_key(key_pem));
  KNIT_TRY(auto certificate, parse_certificate(certificate_pem));
  if (X509_check_private_key(certificate.get(), key.get()) != 1)
    return Error(ErrorCode::kInvalidArgument,
                 "the key is not that of the authority of " + to_string(verifier.application()));
  Authority authority;
  authority.application_ = verifier.application();
  authority.key_pem_ = std::move(key_pem);
  authority.certificate_pem_ = std::move(certificate_pem);
  authority.key_ = std::move(key);
  authority.certificate_ = std::move(certificate);
  return authority;
}

Result<Identity> Authority::issue(const Terms& terms) const {
  const bool is_master = terms.role == Role::kMaster;
  KNIT_ASSERT(is_master || terms.hosts.empty(), "only a master is reached at hosts");
  KNIT_ASSERT(terms.role == Role::kContainer ? terms.instance >= 0 : terms.instance == 0,
              "only a container is an instance");
  if (terms.until <= terms.now)
    return Error(ErrorCode::kInvalidArgument, "a certificate whose end has passed");
  const KeyHandle key = make_key();
  const X509Handle certificate = begin(key.get(), terms.now, std::min(terms.until, kNoEnd));
  X509_NAME* name = X509_get_subject_name(certificate.get());
  add_part(name, NID_organizationName, to_string(terms.role));
  add_part(name, NID_commonName, to_string(application_));
  if (terms.role == Role::kContainer)
    add_part(name, NID_organizationalUnitName, std::to_string(terms.instance));
  must(X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate_.get())));
  extend(certificate.get(), certificate_.get(),
         {{NID_basic_constraints, "critical,CA:FALSE"},
          {NID_key_usage, "critical,digitalSignature"},
          {NID_ext_key_usage, is_master ? "serverAuth" : "clientAuth"},
          {NID_subject_key_identifier, "hash"},
          {NID_authority_key_identifier, "keyid:always"}});
  KNIT_TRY_VOID(add_hosts(certificate.get(), terms.hosts));
  sign(certificate.get(), key_.get());
  return Identity{to_pem(key.get()), to_pem(*certificate), certificate_pem_};
}

}  // namespace knit::security
