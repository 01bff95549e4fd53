// Token storage files and token identifiers from anywhere.
#include <cstdint>
#include <string_view>

#include "base/try.h"
#include "security/credentials.h"
#include "security/identifiers.h"

namespace {

void decode_identifier(std::string_view identifier) {
  (void)knit::security::decode_amrm_token_identifier(identifier);
  (void)knit::security::decode_nm_token_identifier(identifier);
  (void)knit::security::decode_container_token_identifier(identifier);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  decode_identifier(bytes);
  const auto credentials = knit::security::parse_credentials(bytes);
  if (!credentials) return 0;
  for (const auto& [alias, token] : credentials->tokens()) {
    decode_identifier(token.identifier);
    (void)knit::security::describe(token);
  }
  // What was read can be written and read again.
  const auto again = knit::security::parse_credentials(credentials->serialize());
  KNIT_ASSERT(again && *again == *credentials, "credentials change when they are written");
  return 0;
}
