// The certificates of one application: who may talk to its master, and which master is the application's own.
//
// Each application has an authority of its own (EC P-256, SHA-256). The client makes it, issues the owner's
// identity and hands key and certificate to the master; the master issues its own identity and those of the
// containers, again and again, for a short time each. Nobody else holds the authority's key, so a certificate
// of one application means nothing to another.
//
// A server's certificate is judged by authority, application and role, never by host name: where a master
// runs is not known before it runs, and says nothing about whose it is. A master may put its address into its
// own certificate all the same (Terms::hosts), for programs like curl that insist on comparing it.
#pragma once

#include <knit/cluster.h>
#include <knit/ids.h>
#include <knit/result.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "security/secret.h"

typedef struct x509_st X509;
typedef struct x509_store_st X509_STORE;
typedef struct evp_pkey_st EVP_PKEY;

namespace knit::security {

// Clocks of a cluster differ: what is issued holds from this long before.
inline constexpr std::chrono::hours kClockTolerance{1};
// "No well-defined end" (RFC 5280, 4.1.2.5): the end of an authority, and of an owner's certificate when the
// application has no lifetime. Both end with the application, whose master alone believes them.
inline constexpr WallTime kNoEnd =
    std::chrono::sys_days(std::chrono::year(9999) / 12 / 31) + std::chrono::seconds(86'399);

enum class Role {
  kOwner,      // may do everything
  kContainer,  // may read its own application
  kMaster,     // the server
};
std::string_view to_string(Role role);  // "owner", "container", "master"

// Whom a certificate names: its subject is O=role, CN=application, for a container also OU=instance.
struct PeerName {
  Role role = Role::kContainer;
  ApplicationId application;
  std::int32_t instance = 0;  // a container's alone

  bool operator==(const PeerName&) const = default;
};
std::string to_string(const PeerName& name);  // "container 3 of application_1763862000000_0042"

// Whom this certificate names, without any proof that it may: see PeerVerifier. kUnauthenticated for a
// certificate that names nobody in the form above.
Result<PeerName> peer_name(const X509& certificate);
// The same of a PEM text; kDataLoss and kResourceExhausted as parse_certificate (x509.h).
Result<PeerName> peer_name(std::string_view certificate_pem);

// What one end of a TLS connection needs: who it is, and whom it believes.
struct Identity {
  Secret key_pem;
  std::string certificate_pem;
  std::string authority_pem;  // the authority's certificate
};

// What a certificate is to say.
struct Terms {
  Role role = Role::kContainer;
  std::int32_t instance = 0;  // a container's alone
  WallTime now{};             // it holds from kClockTolerance before
  WallTime until{};
  std::vector<std::string> hosts;  // a master's alone: names and numeric addresses under which it is reached
};

// One application's authority: whoever holds its key can be anyone to this application. A value; copies share
// the key.
class Authority {
 public:
  static Authority create(const ApplicationId& application, WallTime now);
  // What key_pem() and certificate_pem() gave. kDataLoss and kResourceExhausted for what cannot be read,
  // kInvalidArgument for a key of another certificate and for a certificate that is no authority's.
  static Result<Authority> parse(Secret key_pem, std::string certificate_pem);

  const ApplicationId& application() const { return application_; }
  const Secret& key_pem() const { return key_pem_; }
  const std::string& certificate_pem() const { return certificate_pem_; }

  // A new key and its certificate, in well under 1 ms. kInvalidArgument for an end that has passed, and for
  // hosts that no certificate can name.
  Result<Identity> issue(const Terms& terms) const;

 private:
  Authority() = default;
  ApplicationId application_;
  Secret key_pem_;
  std::string certificate_pem_;
  std::shared_ptr<EVP_PKEY> key_;
  std::shared_ptr<X509> certificate_;
};

// Judges the other end's certificate. Errors are kUnauthenticated and name the reason; where a clock must be
// wrong they name the time here and the times of the certificate. A value; copies share what they hold.
class PeerVerifier {
 public:
  // kDataLoss, kResourceExhausted, kInvalidArgument as Authority::parse.
  static Result<PeerVerifier> create(std::string_view authority_pem);

  // Issued by the authority, holding now, for an owner or a container of its application.
  Result<PeerName> verify_client(const X509& certificate, WallTime now) const;
  // Issued by the authority, holding now, for the master of its application.
  Result<PeerName> verify_master(const X509& certificate, WallTime now) const;

  const ApplicationId& application() const { return application_; }
  X509& authority() const { return *authority_; }

 private:
  PeerVerifier() = default;
  Result<PeerName> verify(const X509& certificate, int purpose, WallTime now) const;

  ApplicationId application_;
  std::shared_ptr<X509> authority_;
  std::shared_ptr<X509_STORE> store_;
};

}  // namespace knit::security
