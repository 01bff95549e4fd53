// What a hostile server may answer while a token is shown to it. The cnonce is fixed, so that a captured
// exchange of the corpus completes.
#include <cstdint>
#include <string>

#include "base/encoding.h"
#include "base/try.h"
#include "rpc/frame.h"
#include "rpc/negotiation.h"
#include "security/digest_md5.h"

using namespace knit;

namespace {

Result<std::unique_ptr<security::SaslMechanism>> make_mechanism(const security::TokenOffer& offer,
                                                                const security::Token& token,
                                                                std::vector<security::Qop> qops) {
  auto names = security::token_credentials(token);
  return std::make_unique<security::DigestMd5Client>(
      security::DigestMd5Options{.username = names.username,
                                 .password = names.password,
                                 .protocol = offer.protocol,
                                 .server_id = offer.server_id,
                                 .qops = std::move(qops),
                                 .cnonce = "6aVBJgsFQ4WbBLl5jtaMeYA/agmpZ+f5xhZGP9K2"});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The NM token of tests/golden/rpc/am-nm-start.
  static const security::Token token{
      *base::hex_decode(
          "0a0d0a0908081086bb80b0a0341001120f0a096c6f63616c686f737410d5cc011a04726f6f7420a6969f9b06"),
      *base::hex_decode("c7979d99b0cf5b34ed20de933dd26092c0b4c209"), "NMToken", "nm:1"};
  rpc::FrameReader reader(rpc::Negotiation::kMaxFrame);
  (void)reader.append(std::as_bytes(std::span(data, size)));
  rpc::Negotiation negotiation({.token = token}, make_mechanism);
  (void)negotiation.start();
  while (!negotiation.done()) {
    auto frame = reader.next();
    if (!frame) return 0;
    const auto sent = negotiation.receive(std::move(*frame));
    if (!sent) {
      KNIT_ASSERT(!negotiation.done(), "done and failed at once");
      return 0;
    }
    KNIT_ASSERT(negotiation.done() == sent->empty(), "nothing to say, but not done");
  }
  KNIT_ASSERT(!negotiation.take_protection(), "protection that was not asked for");
  return 0;
}
