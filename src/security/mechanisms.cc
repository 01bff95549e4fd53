#include "security/mechanisms.h"

#include <fmt/format.h>

#include "base/try.h"
#include "security/digest_md5.h"

namespace knit::security {

Result<std::unique_ptr<SaslMechanism>> make_token_mechanism(const TokenOffer& offer, const Token& token,
                                                            std::vector<Qop> qops) {
  if (offer.mechanism != "DIGEST-MD5") {
    return Error(
        ErrorCode::kUnimplemented,
        fmt::format(
            "the server takes tokens by the SASL mechanism '{}'; Knit has DIGEST-MD5, Hadoop's default "
            "(see hadoop.security.sasl.mechanism on the cluster)",
            offer.mechanism.substr(0, 60)));
  }
  DigestMd5Options options;
  KNIT_TRY(options.cnonce, digest_md5_cnonce());
  auto names = token_credentials(token);
  options.username = std::move(names.username);
  options.password = std::move(names.password);
  options.protocol = offer.protocol;
  options.server_id = offer.server_id;
  options.qops = std::move(qops);
  return std::unique_ptr<SaslMechanism>(std::make_unique<DigestMd5Client>(std::move(options)));
}

}  // namespace knit::security
