#include "control/keys.h"

#include <fmt/format.h>

#include "base/try.h"

namespace knit::control {
namespace {

constexpr const char* kAuthorityKey = "knit.authority.key";
constexpr const char* kAuthorityCertificate = "knit.authority.certificate";
constexpr const char* kContainerKeys = "knit.container";

const security::Secret* find(const security::Credentials& credentials, std::string_view alias) {
  for (const auto& [name, secret] : credentials.secrets()) {
    if (name == alias) return &secret;
  }
  return nullptr;
}

}  // namespace

void add_authority(security::Credentials& credentials, const security::Authority& authority) {
  credentials.set_secret(kAuthorityKey, authority.key_pem());
  credentials.set_secret(kAuthorityCertificate, authority.certificate_pem());
}

Result<std::optional<security::Authority>> find_authority(const security::Credentials& credentials) {
  const auto* key = find(credentials, kAuthorityKey);
  const auto* certificate = find(credentials, kAuthorityCertificate);
  if (key == nullptr || certificate == nullptr) return std::nullopt;
  KNIT_TRY(auto authority,
           security::Authority::parse(*key, certificate->bytes()).with_context("credentials"));
  return std::optional(std::move(authority));
}

security::Credentials without_authority(const security::Credentials& credentials) {
  security::Credentials out;
  for (const auto& [alias, token] : credentials.tokens()) out.set_token(alias, token);
  for (const auto& [alias, secret] : credentials.secrets()) {
    if (alias != kAuthorityKey && alias != kAuthorityCertificate) out.set_secret(alias, secret);
  }
  return out;
}

void add_identity(security::Credentials& credentials, const security::Identity& identity) {
  // The first line ends what YARN's own format puts in front.
  std::string text = fmt::format("\n#knit key\n{}#knit cert\n{}#knit ca\n{}#knit end\n",
                                 identity.key_pem.bytes(), identity.certificate_pem, identity.authority_pem);
  credentials.set_secret(kContainerKeys, security::Secret(std::move(text)));
}

}  // namespace knit::control
