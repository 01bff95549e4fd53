// The text that DIGEST-MD5 exchanges (RFC 2831 sections 2.1 and 7): lists of name=value.
#pragma once

#include <knit/result.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "security/sasl.h"

namespace knit::security {

// RFC 2831 section 2.1: longer challenges and responses than these are refused, also by the JDK.
inline constexpr std::size_t kMaxDigestChallenge = 2048;
inline constexpr std::size_t kMaxDigestResponse = 4096;
// RFC 2831 section 2.1.1: maxbuf when it is not given, and its bounds.
inline constexpr std::size_t kDefaultMaxBuffer = 65536;

struct DigestDirective {
  std::string name;   // in lower case
  std::string value;  // quotes and escapes undone
};

// Splits `name=value, name="quoted \" value"`; empty elements and white space around them are skipped.
// kDataLoss for anything else. Never quotes the text in an error.
Result<std::vector<DigestDirective>> parse_digest_directives(std::string_view text);

// `value` with its quotes and backslashes escaped, in quotes.
std::string quoted(std::string_view value);

// The words of a list such as "auth-conf,auth", in lower case and in order.
std::vector<std::string> digest_list(std::string_view list);

// A server's first challenge.
struct DigestChallenge {
  std::string realm;  // the first, if there are several; empty if there is none
  std::string nonce;
  std::vector<Qop> qops;             // in the server's order; unknown ones left out; auth if it names none
  std::vector<std::string> ciphers;  // in lower case; meant for kPrivacy
  std::size_t max_buffer = kDefaultMaxBuffer;  // the longest token the server takes
  bool utf8 = false;
};

// kDataLoss if it is malformed, lacks a nonce or repeats what may come once; kUnimplemented if it asks for
// another algorithm than md5-sess.
Result<DigestChallenge> parse_digest_challenge(std::string_view text);

}  // namespace knit::security
