// Hadoop's credentials: the tokens and secrets of a token storage file (HADOOP_TOKEN_FILE_LOCATION,
// container_tokens) or of a container's launch context.
#pragma once

#include <knit/result.h>

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "security/secret.h"
#include "security/token.h"

namespace knit::security {

// Limits on a storage file; Hadoop has none. A job with hundreds of tokens has a few hundred KiB.
inline constexpr std::size_t kMaxCredentialsSize = 16u << 20;
inline constexpr std::size_t kMaxCredentialsEntries = 100'000;  // tokens and secrets each

// Tokens and secrets by alias (org.apache.hadoop.security.Credentials, 3.4.2). A plain value. Keeps the order
// in which aliases first came, and kinds it does not know. The alias is a mere key, usually equal to the
// service and empty for the AMRM token: look for tokens by kind.
class Credentials {
 public:
  struct NamedToken {
    std::string alias;
    Token token;
    bool operator==(const NamedToken&) const = default;
  };
  struct NamedSecret {
    std::string alias;
    Secret secret;
    bool operator==(const NamedSecret&) const = default;
  };

  // Adds, or replaces the one of that alias in its place.
  void set_token(std::string alias, Token token);
  void set_secret(std::string alias, Secret secret);

  const std::vector<NamedToken>& tokens() const { return tokens_; }
  const std::vector<NamedSecret>& secrets() const { return secrets_; }

  // The first token of the kind, or null; it lives until these credentials change.
  const Token* find_by_kind(std::string_view kind) const;

  // These credentials less the tokens of one kind: containers are never given kAmrmTokenKind.
  Credentials without_kind(std::string_view kind) const;

  // The storage file in version 0 (Writable), the one every Hadoop reads: also the form of
  // ContainerLaunchContext.tokens. Holds the passwords in plain: wipe() it after use.
  std::string serialize() const;

  bool operator==(const Credentials& other) const {
    return tokens_ == other.tokens_ && secrets_ == other.secrets_;
  }

 private:
  std::vector<NamedToken> tokens_;
  std::vector<NamedSecret> secrets_;
  std::map<std::string, std::size_t, std::less<>> token_index_;   // alias -> place in tokens_
  std::map<std::string, std::size_t, std::less<>> secret_index_;  // alias -> place in secrets_
};

// Reads a storage file of version 0 (Writable, written by NodeManagers) or 1 (protobuf, written by `hadoop
// dtutil`). Of two entries with one alias the later counts, as in Java. kDataLoss for bytes that are neither,
// or end too early or too late; kUnimplemented for another version; kResourceExhausted beyond the limits
// above. The caller names the file in the error.
Result<Credentials> parse_credentials(std::string_view bytes);

}  // namespace knit::security
