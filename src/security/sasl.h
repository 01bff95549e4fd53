// SASL mechanisms as challenge and response: bytes in, bytes out. Whoever owns the connection carries the
// bytes.
#pragma once

#include <knit/result.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace knit::security {

// What protects the bytes after authentication (SASL's "quality of protection"). Hadoop's configuration calls
// them authentication, integrity and privacy.
enum class Qop { kAuth, kIntegrity, kPrivacy };

// "auth", "auth-int", "auth-conf"
std::string_view to_string(Qop qop);

// The client's side of one authentication, over one connection, in one of a mechanism's ways. Steps are taken
// until complete(); then wrap and unwrap carry the connection's bytes. After any error the object is of no
// more use and the connection must be closed. Belongs to one caller at a time.
class SaslMechanism {
 public:
  virtual ~SaslMechanism() = default;

  // "DIGEST-MD5"
  virtual std::string_view name() const = 0;

  // Takes the server's challenge and returns our answer, which may be empty. Also takes the token that comes
  // with the server's success: prefer finish_sasl() for that. kUnauthenticated if the server does not prove
  // that it knows the password; kDataLoss for a malformed challenge; kFailedPrecondition or kUnimplemented if
  // the two sides have nothing in common.
  virtual Result<std::string> step(std::string_view challenge) = 0;
  // True once both sides have proved themselves.
  virtual bool complete() const = 0;

  // The rest may be called once complete().

  // What was agreed on. For kAuth, wrap and unwrap change nothing and nothing need be wrapped.
  virtual Qop qop() const = 0;
  // The longest message that may be given to wrap() at once, by the server's buffer.
  virtual std::size_t max_message() const = 0;
  // One message as a token of the security layer. In the order of sending.
  virtual Result<std::string> wrap(std::string_view message) = 0;
  // The message in one whole token, of any length. In the order of arrival. kDataLoss if it is not genuine.
  virtual Result<std::string> unwrap(std::string_view token) = 0;
};

// Ends an authentication that the server called successful, with the token that came with it, if any. Fails
// with kUnauthenticated if our side is then not complete (a server that skips its proof), or would have more
// to say (SaslRpcClient.saslEvaluateToken, 3.4.2).
Status finish_sasl(SaslMechanism& mechanism, std::optional<std::string_view> token);

}  // namespace knit::security
