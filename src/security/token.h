// A Hadoop security token: what a daemon gave us to prove who we are, to be shown to daemons again as it
// came.
#pragma once

#include <string>
#include <string_view>

#include "security/secret.h"

namespace knit::security {

// Kinds by Hadoop's names (the *TokenIdentifier classes, 3.4.2). Others are carried along untouched.
inline constexpr std::string_view kAmrmTokenKind = "YARN_AM_RM_TOKEN";
inline constexpr std::string_view kNmTokenKind = "NMToken";
inline constexpr std::string_view kContainerTokenKind = "ContainerToken";
inline constexpr std::string_view kRmDelegationTokenKind = "RM_DELEGATION_TOKEN";
inline constexpr std::string_view kHdfsDelegationTokenKind = "HDFS_DELEGATION_TOKEN";
inline constexpr std::string_view kHdfsBlockTokenKind = "HDFS_BLOCK_TOKEN";

// org.apache.hadoop.security.token.Token. Whoever holds identifier and password is the user: a token is never
// printed or logged, only described.
struct Token {
  std::string identifier;  // bytes as received: what they mean depends on the kind (identifiers.h)
  Secret password;
  std::string kind;
  std::string service;  // "10.0.0.7:8032", "ha-hdfs:ns1", ...; empty for an AMRM token: match by kind
  bool operator==(const Token&) const = default;
};

// For messages: kind and service alone, e.g. "RM_DELEGATION_TOKEN for 10.0.0.7:8032".
std::string describe(const Token& token);

// The name and password that stand for a token in DIGEST-MD5: base64 of identifier and of password
// (SaslRpcServer.encodeIdentifier and encodePassword, 3.4.2).
struct SaslCredentials {
  std::string username;
  Secret password;
};
SaslCredentials token_credentials(const Token& token);

}  // namespace knit::security
