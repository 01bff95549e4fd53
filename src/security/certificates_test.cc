#include "security/certificates.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "security/x509.h"

namespace knit::security {
namespace {

using namespace std::chrono_literals;

constexpr ApplicationId kApplication{1'763'862'000'000, 42};
constexpr ApplicationId kOther{1'763'862'000'000, 43};
constexpr WallTime kNow = std::chrono::sys_days(std::chrono::year(2026) / 11 / 26) + 5h;
constexpr Terms kOwner{.role = Role::kOwner, .now = kNow, .until = kNow + 168h};
constexpr Terms kContainer{.role = Role::kContainer, .instance = 3, .now = kNow, .until = kNow + 168h};
constexpr Terms kMaster{.role = Role::kMaster, .now = kNow, .until = kNow + 168h};

const Authority& authority() {
  static const Authority made = Authority::create(kApplication, kNow);
  return made;
}

std::string text(const Result<PeerName>& name) {
  return name ? to_string(*name)
              : std::string(to_string(name.error().code())) + ": " + name.error().message();
}

enum class As { kClient, kMaster };

std::string verify(const Authority& by, const Terms& terms, As as, WallTime now = kNow,
                   const Authority& believed = authority()) {
  const auto identity = by.issue(terms);
  EXPECT_TRUE(identity) << identity.error().message();
  const auto certificate = parse_certificate(identity->certificate_pem);
  const auto verifier = PeerVerifier::create(believed.certificate_pem());
  EXPECT_TRUE(certificate && verifier);
  return text(as == As::kMaster ? verifier->verify_master(**certificate, now)
                                : verifier->verify_client(**certificate, now));
}

TEST(Certificates, EachRoleIsBelievedInItsPlace) {
  EXPECT_EQ(verify(authority(), kOwner, As::kClient), "owner of application_1763862000000_0042");
  EXPECT_EQ(verify(authority(), kContainer, As::kClient), "container 3 of application_1763862000000_0042");
  EXPECT_EQ(verify(authority(), kMaster, As::kMaster), "master of application_1763862000000_0042");
}

TEST(Certificates, NoRoleIsBelievedInAnothersPlace) {
  const std::string claim = "unauthenticated: a certificate in the name of the ";
  EXPECT_EQ(verify(authority(), kOwner, As::kMaster),
            claim + "owner of application_1763862000000_0042 is not for this end of a connection");
  EXPECT_EQ(verify(authority(), kContainer, As::kMaster),
            claim + "container 3 of application_1763862000000_0042 is not for this end of a connection");
  EXPECT_EQ(verify(authority(), kMaster, As::kClient),
            claim + "master of application_1763862000000_0042 is not for this end of a connection");
}

TEST(Certificates, AnotherAuthorityIsNotBelievedEvenForTheSameApplication) {
  const Authority twin = Authority::create(kApplication, kNow);
  const Authority other = Authority::create(kOther, kNow);
  EXPECT_TRUE(verify(twin, kOwner, As::kClient)
                  .starts_with("unauthenticated: a certificate in the name of the owner of "
                               "application_1763862000000_0042 was not issued by the authority of "
                               "application_1763862000000_0042 ("))
      << verify(twin, kOwner, As::kClient);
  EXPECT_TRUE(verify(other, kOwner, As::kClient)
                  .starts_with("unauthenticated: a certificate in the name of the owner of "
                               "application_1763862000000_0043 was not issued by the authority of "
                               "application_1763862000000_0042 ("))
      << verify(other, kOwner, As::kClient);
  EXPECT_TRUE(verify(other, kMaster, As::kMaster).starts_with("unauthenticated: "));
}

TEST(Certificates, AnIdentityIsNoAuthority) {
  const auto owner = authority().issue(kOwner);
  ASSERT_TRUE(owner);
  const auto verifier = PeerVerifier::create(owner->certificate_pem);
  ASSERT_FALSE(verifier);
  EXPECT_EQ(verifier.error().code(), ErrorCode::kInvalidArgument);
  const auto parsed = Authority::parse(owner->key_pem, owner->certificate_pem);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code(), ErrorCode::kInvalidArgument);
  // Nor is the authority anybody.
  const auto itself = parse_certificate(authority().certificate_pem());
  ASSERT_TRUE(itself);
  const auto trust = PeerVerifier::create(authority().certificate_pem());
  ASSERT_TRUE(trust);
  EXPECT_FALSE(trust->verify_client(**itself, kNow));
  EXPECT_FALSE(trust->verify_master(**itself, kNow));
}

TEST(Certificates, AClockThatIsOffIsNamed) {
  EXPECT_EQ(verify(authority(), kOwner, As::kClient, kNow + 169h),
            "unauthenticated: a certificate in the name of the owner of application_1763862000000_0042 "
            "holds from 2026-11-26 04:00:00 to 2026-12-03 05:00:00 UTC, but the clock here says 2026-12-03 "
            "06:00:00 UTC: it has ended, or one of the two clocks is wrong");
  EXPECT_EQ(verify(authority(), kMaster, As::kMaster, kNow - 2h),
            "unauthenticated: a certificate in the name of the master of application_1763862000000_0042 "
            "holds from 2026-11-26 04:00:00 to 2026-12-03 05:00:00 UTC, but the clock here says 2026-11-26 "
            "03:00:00 UTC: it is not yet of use, or one of the two clocks is wrong");
}

TEST(Certificates, TheToleranceAndTheEndAreExact) {
  EXPECT_EQ(verify(authority(), kOwner, As::kClient, kNow - 1h), "owner of application_1763862000000_0042");
  EXPECT_EQ(verify(authority(), kOwner, As::kClient, kNow + 168h - 1s),
            "owner of application_1763862000000_0042");
  EXPECT_TRUE(verify(authority(), kOwner, As::kClient, kNow - 1h - 1s).starts_with("unauthenticated: "));
  EXPECT_TRUE(verify(authority(), kOwner, As::kClient, kNow + 168h + 1s).starts_with("unauthenticated: "));
}

TEST(Certificates, AnOwnerMayHaveNoEnd) {
  Terms terms = kOwner;
  terms.until = kNoEnd;
  EXPECT_EQ(verify(authority(), terms, As::kClient, kNow + 24h * 365 * 100),
            "owner of application_1763862000000_0042");
}

TEST(Certificates, AnAuthorityIsTheSameAfterItsJourney) {
  auto again = Authority::parse(authority().key_pem(), authority().certificate_pem());
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->application(), kApplication);
  EXPECT_EQ(verify(*again, kContainer, As::kClient), "container 3 of application_1763862000000_0042");
}

TEST(Certificates, AKeyMustBelongToItsCertificate) {
  const Authority twin = Authority::create(kApplication, kNow);
  auto mixed = Authority::parse(twin.key_pem(), authority().certificate_pem());
  ASSERT_FALSE(mixed);
  EXPECT_EQ(mixed.error().code(), ErrorCode::kInvalidArgument);
}

TEST(Certificates, NoTwoIdentitiesShareAKeyOrANumber) {
  const auto first = authority().issue(kOwner), second = authority().issue(kOwner);
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(first->key_pem == second->key_pem);
  const auto a = parse_certificate(first->certificate_pem), b = parse_certificate(second->certificate_pem);
  ASSERT_TRUE(a && b);
  EXPECT_NE(ASN1_INTEGER_cmp(X509_get0_serialNumber(a->get()), X509_get0_serialNumber(b->get())), 0);
}

TEST(Certificates, SayWhatTheyMayBeUsedFor) {
  const auto owner = authority().issue(kOwner), master = authority().issue(kMaster);
  ASSERT_TRUE(owner && master);
  const auto client = parse_certificate(owner->certificate_pem),
             server = parse_certificate(master->certificate_pem);
  const auto root = parse_certificate(authority().certificate_pem());
  ASSERT_TRUE(client && server && root);
  EXPECT_EQ(X509_get_extended_key_usage(client->get()), static_cast<std::uint32_t>(XKU_SSL_CLIENT));
  EXPECT_EQ(X509_get_extended_key_usage(server->get()), static_cast<std::uint32_t>(XKU_SSL_SERVER));
  EXPECT_EQ(X509_get_key_usage(client->get()), static_cast<std::uint32_t>(KU_DIGITAL_SIGNATURE));
  EXPECT_EQ(X509_get_key_usage(root->get()), static_cast<std::uint32_t>(KU_KEY_CERT_SIGN));
  EXPECT_EQ(X509_get_pathlen(root->get()), 0);
  EXPECT_EQ(X509_get_signature_nid(client->get()), NID_ecdsa_with_SHA256);
  EXPECT_EQ(X509_get_version(client->get()), 2);
}

TEST(Certificates, AMasterMayNameItsAddresses) {
  Terms terms = kMaster;
  terms.hosts = {"node7.example.com", "10.1.2.3", "fe80::1"};
  const auto identity = authority().issue(terms);
  ASSERT_TRUE(identity) << identity.error().message();
  const auto certificate = parse_certificate(identity->certificate_pem);
  ASSERT_TRUE(certificate);
  EXPECT_EQ(X509_check_host(certificate->get(), "node7.example.com", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(certificate->get(), "node8.example.com", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_check_ip_asc(certificate->get(), "10.1.2.3", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate->get(), "fe80::1", 0), 1);
  EXPECT_EQ(verify(authority(), terms, As::kMaster), "master of application_1763862000000_0042");
  for (const char* bad : {"", "a b", "node7,DNS:evil", "n\xc3\xb6", "*"}) {
    terms.hosts = {bad};
    const auto refused = authority().issue(terms);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidArgument);
  }
  terms.hosts = std::vector<std::string>(33, "node7");
  EXPECT_FALSE(authority().issue(terms));
}

TEST(Certificates, AnEndThatHasPassedIsRefused) {
  Terms terms = kOwner;
  terms.until = kNow;
  const auto refused = authority().issue(terms);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidArgument);
}

// A certificate of the authority's, with this subject.
std::string signed_name(std::initializer_list<std::pair<int, const char*>> parts) {
  const auto key = parse_key(authority().key_pem());
  const auto owner = authority().issue(kOwner);
  const auto certificate = parse_certificate(owner->certificate_pem);
  EXPECT_TRUE(key && certificate);
  X509_NAME* name = X509_NAME_new();
  for (const auto& [kind, value] : parts)
    X509_NAME_add_entry_by_NID(name, kind, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value), -1,
                               -1, 0);
  X509_set_subject_name(certificate->get(), name);
  X509_NAME_free(name);
  EXPECT_GT(X509_sign(certificate->get(), key->get(), EVP_sha256()), 0);
  // Signed anew, so what was remembered of it is stale: as it comes from a peer.
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate->get(), &der);
  const unsigned char* at = der;
  const X509Handle again(d2i_X509(nullptr, &at, size));
  OPENSSL_free(der);
  const auto verifier = PeerVerifier::create(authority().certificate_pem());
  return text(verifier->verify_client(*again, kNow));
}

TEST(Certificates, ANameMustBeComplete) {
  const char* id = "application_1763862000000_0042";
  EXPECT_EQ(signed_name({{NID_organizationName, "owner"}, {NID_commonName, id}}),
            "owner of application_1763862000000_0042");
  EXPECT_EQ(
      signed_name({{NID_organizationName, "owner"}, {NID_commonName, "application_1763862000000_0043"}}),
      "unauthenticated: a certificate in the name of the owner of application_1763862000000_0043, "
      "and not of application_1763862000000_0042");
  const std::string role = "unauthenticated: a certificate without a role that Knit knows";
  EXPECT_EQ(signed_name({{NID_commonName, id}}), role);
  EXPECT_EQ(signed_name({{NID_organizationName, "Owner"}, {NID_commonName, id}}), role);
  EXPECT_EQ(signed_name({{NID_organizationName, "authority"}, {NID_commonName, id}}), role);
  const std::string application = "unauthenticated: a certificate that names no application of YARN's";
  EXPECT_EQ(signed_name({{NID_organizationName, "owner"}}), application);
  EXPECT_EQ(signed_name({{NID_organizationName, "owner"}, {NID_commonName, "application_1763862000000_42"}}),
            application);
  const std::string number = "unauthenticated: a certificate with a wrong number of an instance";
  for (const char* instance : {"", "-1", "3x", "99999999999"})
    EXPECT_EQ(signed_name({{NID_organizationName, "container"},
                           {NID_commonName, id},
                           {NID_organizationalUnitName, *instance ? instance : "x"}}),
              number);
  EXPECT_EQ(signed_name({{NID_organizationName, "container"}, {NID_commonName, id}}), number);
  EXPECT_EQ(
      signed_name({{NID_organizationName, "owner"}, {NID_commonName, id}, {NID_organizationalUnitName, "1"}}),
      number);
  EXPECT_EQ(signed_name(
                {{NID_organizationName, "container"}, {NID_organizationName, "owner"}, {NID_commonName, id}}),
            "unauthenticated: a certificate that names its subject twice");
}

TEST(Certificates, WhatIsNoneIsRefused) {
  const auto owner = authority().issue(kOwner);
  ASSERT_TRUE(owner);
  std::string torn = owner->certificate_pem;
  torn[torn.size() / 2] = torn[torn.size() / 2] == 'A' ? 'B' : 'A';
  const std::string half = owner->certificate_pem.substr(0, owner->certificate_pem.size() / 2);
  for (const std::string& bad : {std::string(), std::string("x"), half, owner->key_pem.bytes()}) {
    const auto name = peer_name(bad);
    ASSERT_FALSE(name) << bad;
    EXPECT_EQ(name.error().code(), ErrorCode::kDataLoss);
  }
  // One wrong digit: either no certificate any more, or none of the authority's.
  if (const auto certificate = parse_certificate(torn)) {
    const auto verifier = PeerVerifier::create(authority().certificate_pem());
    EXPECT_FALSE(verifier->verify_client(**certificate, kNow));
  }
  const auto large = peer_name(std::string(kMaxPem + 1, 'x'));
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code(), ErrorCode::kResourceExhausted);
  EXPECT_FALSE(PeerVerifier::create("x"));
  EXPECT_FALSE(Authority::parse(owner->key_pem, "x"));
}

TEST(Certificates, OnlyOurKindOfKeyIsRead) {
  const auto owner = authority().issue(kOwner);
  ASSERT_TRUE(owner);
  EXPECT_TRUE(parse_key(owner->key_pem));
  const KeyHandle other(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-384"));
  ASSERT_TRUE(other);
  const auto pem_of = [](EVP_PKEY* key, const EVP_CIPHER* cipher) {
    BIO* bio = BIO_new(BIO_s_mem());
    unsigned char password[] = "secret";
    EXPECT_EQ(PEM_write_bio_PrivateKey(bio, key, cipher, password, 6, nullptr, nullptr), 1);
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(bio, &bytes);
    std::string pem(bytes, static_cast<std::size_t>(size));
    BIO_free(bio);
    return pem;
  };
  const auto ours = parse_key(owner->key_pem);
  for (const std::string& pem :
       {pem_of(other.get(), nullptr), pem_of(ours->get(), EVP_aes_128_cbc()),
        std::string("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")}) {
    const auto key = parse_key(Secret(pem));
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().code(), ErrorCode::kDataLoss);
  }
  const auto large = parse_key(Secret(std::string(kMaxPem + 1, 'x')));
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code(), ErrorCode::kResourceExhausted);
}

}  // namespace
}  // namespace knit::security
