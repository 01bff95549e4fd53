// DIGEST-MD5 (RFC 2831), as Hadoop's tokens use it (javax.security.sasl of Java 17, SaslRpcClient 3.4.2).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "security/digest_challenge.h"
#include "security/sasl.h"
#include "security/secret.h"

namespace knit::security {

class DigestMd5Layer;

struct DigestMd5Options {
  std::string username;  // ASCII, as all of Hadoop's are: token_credentials()
  Secret password;
  std::string protocol;   // digest-uri is protocol "/" server_id: from the server's advert, in which
  std::string server_id;  // a token's protocol is empty; "hdfs" and "0" for a DataNode
  std::vector<Qop> qops = {Qop::kAuth};  // what we accept, the preferred first
  std::string authzid;                   // sent if not empty; must equal username (DataNodes are sent it)
  std::string cnonce;                    // unpredictable, never used before: digest_md5_cnonce()
};

// A fresh cnonce, of 30 random bytes, as the JDK makes it.
Result<std::string> digest_md5_cnonce();

// The client's side. The first step() takes the server's challenge and gives the response; the second takes
// the server's rspauth, which must prove that it knows the password, and gives nothing.
class DigestMd5Client final : public SaslMechanism {
 public:
  explicit DigestMd5Client(DigestMd5Options options);
  ~DigestMd5Client() override;

  std::string_view name() const override { return "DIGEST-MD5"; }
  Result<std::string> step(std::string_view challenge) override;
  bool complete() const override { return phase_ == Phase::kComplete; }

  Qop qop() const override { return qop_; }
  std::size_t max_message() const override;
  Result<std::string> wrap(std::string_view message) override;
  Result<std::string> unwrap(std::string_view token) override;

 private:
  enum class Phase { kStart, kResponded, kComplete, kFailed };

  Status choose(const DigestChallenge& challenge);
  Result<std::string> respond(std::string_view challenge);
  Status verify(std::string_view proof);
  std::string digest(std::string_view method) const;
  std::string digest_uri() const { return options_.protocol + "/" + options_.server_id; }

  DigestMd5Options options_;
  Phase phase_ = Phase::kStart;
  Qop qop_ = Qop::kAuth;
  std::string cipher_;  // of kPrivacy
  std::string realm_;
  std::string nonce_;
  std::size_t max_buffer_ = kDefaultMaxBuffer;
  Secret ha1_;                             // H(A1): the session's key
  std::unique_ptr<DigestMd5Layer> layer_;  // null for kAuth
};

}  // namespace knit::security
