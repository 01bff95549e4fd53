#include "security/sasl.h"

#include <fmt/format.h>

#include "base/try.h"

namespace knit::security {

std::string_view to_string(Qop qop) {
  switch (qop) {
    case Qop::kAuth:
      return "auth";
    case Qop::kIntegrity:
      return "auth-int";
    case Qop::kPrivacy:
      return "auth-conf";
  }
  return "auth";
}

Status finish_sasl(SaslMechanism& mechanism, std::optional<std::string_view> token) {
  if (token && !(mechanism.complete() && token->empty())) {
    KNIT_TRY(const auto answer, mechanism.step(*token));
    if (!answer.empty()) {
      return Error(ErrorCode::kUnauthenticated,
                   fmt::format("{}: the server ended the authentication before we did", mechanism.name()));
    }
  }
  if (!mechanism.complete()) {
    return Error(
        ErrorCode::kUnauthenticated,
        fmt::format("{}: the server calls the authentication successful without having proved who it is",
                    mechanism.name()));
  }
  return {};
}

}  // namespace knit::security
