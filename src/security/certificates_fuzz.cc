// Certificates and keys in PEM from anywhere.
#include <cstdint>
#include <string_view>

#include "base/try.h"
#include "security/certificates.h"
#include "security/x509.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace knit::security;
  const std::string_view pem(reinterpret_cast<const char*>(data), size);
  static const Authority authority = Authority::create({.cluster_timestamp = 1, .id = 1}, knit::WallTime{});
  static const auto verifier = PeerVerifier::create(authority.certificate_pem());
  (void)PeerVerifier::create(pem);
  if (pem.find("PRIVATE") != std::string_view::npos) (void)parse_key(Secret(pem));
  const auto certificate = parse_certificate(pem);
  if (!certificate) return 0;
  const auto name = peer_name(**certificate);
  if (name) KNIT_ASSERT(name->instance >= 0 && !to_string(*name).empty(), "a name that is none");
  (void)validity(**certificate);
  // Nobody guesses a signature.
  KNIT_ASSERT(!verifier->verify_client(**certificate, knit::WallTime{}), "a forged certificate");
  KNIT_ASSERT(!verifier->verify_master(**certificate, knit::WallTime{}), "a forged certificate");
  return 0;
}
