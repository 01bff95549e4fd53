#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <charconv>

#include "base/try.h"
#include "security/certificates.h"
#include "security/openssl.h"
#include "security/x509.h"

namespace knit::security {
namespace {

// "application_9223372036854775807_2147483647" takes 42.
constexpr std::size_t kMaxNamePart = 64;

using StoreContext = std::unique_ptr<X509_STORE_CTX, FreeBy<X509_STORE_CTX_free>>;

Error unauthenticated(std::string what) {
  return Error(ErrorCode::kUnauthenticated, std::move(what));
}

// The one part of that kind in a name; empty if there is none.
Result<std::string> name_part(const X509_NAME* name, int kind) {
  const int at = X509_NAME_get_index_by_NID(name, kind, -1);
  if (at < 0) return std::string();
  if (X509_NAME_get_index_by_NID(name, kind, at) >= 0)
    return unauthenticated("a certificate that names its subject twice");
  const ASN1_STRING* text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
  const std::string_view bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                               static_cast<std::size_t>(ASN1_STRING_length(text)));
  if (bytes.size() > kMaxNamePart) return unauthenticated("a certificate whose subject is too long");
  return std::string(bytes);
}

Result<ApplicationId> application_of(const X509_NAME* name) {
  KNIT_TRY(const auto text, name_part(name, NID_commonName));
  auto application = ApplicationId::parse(text);
  if (!application || to_string(*application) != text)
    return unauthenticated("a certificate that names no application of YARN's");
  return application;
}

// Only for a message: nothing is proven about the name.
std::string claim(const X509& certificate) {
  auto name = peer_name(certificate);
  return name ? "a certificate in the name of the " + to_string(*name) : name.error().message();
}

Error refused(int reason, const X509& peer, const ApplicationId& application, WallTime now) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  if (reason == X509_V_ERR_CERT_NOT_YET_VALID || reason == X509_V_ERR_CERT_HAS_EXPIRED) {
    return unauthenticated(fmt::format(
        "{} holds from {}, but the clock here says {:%Y-%m-%d %H:%M:%S} UTC: it {}, or one of the two clocks "
        "is wrong",
        claim(peer), validity(peer), seconds,
        reason == X509_V_ERR_CERT_HAS_EXPIRED ? "has ended" : "is not yet of use"));
  }
  if (reason == X509_V_ERR_INVALID_PURPOSE)
    return unauthenticated(claim(peer) + " is not for this end of a connection");
  return unauthenticated(fmt::format("{} was not issued by the authority of {} ({})", claim(peer),
                                     to_string(application), X509_verify_cert_error_string(reason)));
}

}  // namespace

std::string_view to_string(Role role) {
  switch (role) {
    case Role::kOwner:
      return "owner";
    case Role::kContainer:
      return "container";
    case Role::kMaster:
      return "master";
  }
  throw Bug("a role without a name");
}

std::string to_string(const PeerName& name) {
  const std::string instance = name.role == Role::kContainer ? fmt::format(" {}", name.instance) : "";
  return fmt::format("{}{} of {}", to_string(name.role), instance, to_string(name.application));
}

Result<PeerName> peer_name(const X509& certificate) {
  const X509_NAME* subject = X509_get_subject_name(&certificate);
  PeerName name;
  KNIT_TRY(name.application, application_of(subject));
  KNIT_TRY(const auto role, name_part(subject, NID_organizationName));
  KNIT_TRY(const auto instance, name_part(subject, NID_organizationalUnitName));
  bool known = false;
  for (const Role one : {Role::kOwner, Role::kContainer, Role::kMaster}) {
    if (role != to_string(one)) continue;
    name.role = one;
    known = true;
  }
  if (!known) return unauthenticated("a certificate without a role that Knit knows");
  const char* end = instance.data() + instance.size();
  const auto [parsed, error] = std::from_chars(instance.data(), end, name.instance);
  const bool is_number = error == std::errc() && parsed == end && name.instance >= 0;
  if (name.role == Role::kContainer ? !is_number : !instance.empty())
    return unauthenticated("a certificate with a wrong number of an instance");
  return name;
}

Result<PeerName> peer_name(std::string_view certificate_pem) {
  KNIT_TRY(const auto certificate, parse_certificate(certificate_pem));
  return peer_name(*certificate);
}

Result<PeerVerifier> PeerVerifier::create(std::string_view authority_pem) {
  KNIT_TRY(auto authority, parse_certificate(authority_pem));
  PeerVerifier verifier;
  auto application = application_of(X509_get_subject_name(authority.get()));
  if (!application || X509_check_ca(authority.get()) != 1)
    return Error(ErrorCode::kInvalidArgument, "a certificate that is not an application's authority");
  verifier.application_ = *application;
  verifier.authority_ = std::move(authority);
  verifier.store_ = {X509_STORE_new(), X509_STORE_free};
  KNIT_ASSERT(verifier.store_ && X509_STORE_add_cert(verifier.store_.get(), verifier.authority_.get()) == 1,
              "OpenSSL cannot hold an authority");
  return verifier;
}

Result<PeerName> PeerVerifier::verify(const X509& certificate, int purpose, WallTime now) const {
  StoreContext context(X509_STORE_CTX_new_ex(openssl_context(), nullptr));
  // OpenSSL takes no const certificate, and changes nothing of it but what it remembers of its extensions.
  auto* peer = const_cast<X509*>(&certificate);
  KNIT_ASSERT(context && X509_STORE_CTX_init(context.get(), store_.get(), peer, nullptr) == 1,
              "OpenSSL cannot begin to verify");
  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(param, std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count());
  X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
  X509_VERIFY_PARAM_set_depth(param, 0);  // nobody between the authority and a certificate
  KNIT_ASSERT(X509_VERIFY_PARAM_set_purpose(param, purpose) == 1, "OpenSSL does not know the purpose");
  if (X509_verify_cert(context.get()) != 1) {
    Error error = refused(X509_STORE_CTX_get_error(context.get()), certificate, application_, now);
    ERR_clear_error();
    return error;
  }
  KNIT_TRY(auto name, peer_name(certificate));
  if (name.application != application_)
    return unauthenticated(claim(certificate) + ", and not of " + to_string(application_));
  return name;
}

Result<PeerName> PeerVerifier::verify_client(const X509& certificate, WallTime now) const {
  KNIT_TRY(auto name, verify(certificate, X509_PURPOSE_SSL_CLIENT, now));
  if (name.role == Role::kMaster) return unauthenticated(claim(certificate) + " is not for a client");
  return name;
}

Result<PeerName> PeerVerifier::verify_master(const X509& certificate, WallTime now) const {
  KNIT_TRY(auto name, verify(certificate, X509_PURPOSE_SSL_SERVER, now));
  if (name.role != Role::kMaster) return unauthenticated(claim(certificate) + " is not for a master");
  return name;
}

}  // namespace knit::security
