// What a hostile server may say: a challenge, a zero byte, then its proof or a protected message.
#include <cstdint>
#include <string_view>

#include "base/try.h"
#include "security/digest_layer.h"
#include "security/digest_md5.h"

using namespace knit::security;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto zero = bytes.find('\0');
  const auto challenge = bytes.substr(0, zero);
  const auto rest = zero == std::string_view::npos ? std::string_view() : bytes.substr(zero + 1);

  for (const Qop qop : {Qop::kAuth, Qop::kIntegrity, Qop::kPrivacy}) {
    DigestMd5Client client({.username = "user",
                            .password = "password",
                            .server_id = "default",
                            .qops = {qop},
                            .cnonce = "cnonce"});
    const auto response = client.step(challenge);
    if (!response) continue;
    KNIT_ASSERT(parse_digest_directives(*response).has_value(), "our response is no list of directives");
    KNIT_ASSERT(client.qop() == qop, "another qop than the one allowed");
    // Only the text the fuzzer cannot know completes the exchange.
    const auto proof = client.step(rest);
    KNIT_ASSERT(proof.has_value() == client.complete(), "complete and failed at once");
  }
  for (const char* cipher : {"", "3des", "rc4"}) {
    DigestMd5Layer layer(DigestMd5Layer::Role::kClient, "0123456789abcdef", cipher);
    (void)layer.unwrap(rest);
  }
  if (const auto directives = parse_digest_directives(challenge)) {
    for (const auto& [name, value] : *directives) {
      const auto again = parse_digest_directives(name + "=" + quoted(value));
      KNIT_ASSERT(again && again->size() == 1 && again->front().value == value, "quoting changes a value");
    }
  }
  return 0;
}
