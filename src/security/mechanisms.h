// Which SASL mechanism to take for a server's offer.
#pragma once

#include <knit/result.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "security/sasl.h"
#include "security/token.h"

namespace knit::security {

// What the server said of the method TOKEN (RpcSaslProto.SaslAuth), or what a DataNode expects ("hdfs", "0").
struct TokenOffer {
  std::string mechanism;  // "DIGEST-MD5"
  std::string protocol;   // empty for a token
  std::string server_id;  // "default"
};

// A mechanism ready for its first step, with randomness of its own. kUnimplemented, naming the mechanism, if
// Knit does not have it (Hadoop 3.5 lets the cluster choose: hadoop.security.sasl.mechanism).
Result<std::unique_ptr<SaslMechanism>> make_token_mechanism(const TokenOffer& offer, const Token& token,
                                                            std::vector<Qop> qops);

}  // namespace knit::security
