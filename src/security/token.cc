#include "security/token.h"

#include <fmt/format.h>

#include "base/encoding.h"

namespace knit::security {
namespace {

// Kind and service come from outside and go to terminals and logs.
std::string printable(std::string_view text) {
  constexpr std::size_t kMost = 200;
  std::string out(text.substr(0, kMost));
  for (char& c : out) {
    if (c < 0x20 || c == 0x7f) c = '?';
  }
  if (text.size() > kMost) out += "...";
  return out;
}

}  // namespace

std::string describe(const Token& token) {
  const std::string kind = token.kind.empty() ? "token of no kind" : printable(token.kind);
  return token.service.empty() ? kind : fmt::format("{} for {}", kind, printable(token.service));
}

SaslCredentials token_credentials(const Token& token) {
  return {base::base64_encode(token.identifier), base::base64_encode(token.password.bytes())};
}

}  // namespace knit::security
