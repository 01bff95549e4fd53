#include "security/digest_md5.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/encoding.h"
#include "base/try.h"
#include "security/digest_layer.h"
#include "security/md5.h"
#include "security/random.h"

namespace knit::security {
namespace {

// The first authentication with a nonce; Hadoop never does a second one.
constexpr std::string_view kNonceCount = "00000001";

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<signed char>(c) >= 0; });
}

std::string names(const std::vector<Qop>& qops) {
  std::vector<std::string_view> out;
  for (const Qop qop : qops) out.push_back(to_string(qop));
  return out.empty() ? "none" : fmt::format("{}", fmt::join(out, ","));
}

// RFC 2831 section 2.1.2.1, A1 and its hash for md5-sess.
Secret session_key(const DigestMd5Options& options, std::string_view realm, std::string_view nonce) {
  std::string user = Md5()
                         .update(options.username)
                         .update(":")
                         .update(realm)
                         .update(":")
                         .update(options.password.bytes())
                         .finish();
  Md5 a1;
  a1.update(user).update(":").update(nonce).update(":").update(options.cnonce);
  if (!options.authzid.empty()) a1.update(":").update(options.authzid);
  wipe(user);
  return a1.finish();
}

}  // namespace

Result<std::string> digest_md5_cnonce() {
  KNIT_TRY(const auto bytes, random_bytes(30));
  return base::base64_encode(bytes);
}

DigestMd5Client::DigestMd5Client(DigestMd5Options options) : options_(std::move(options)) {
  KNIT_ASSERT(!options_.cnonce.empty() && !options_.qops.empty(), "DIGEST-MD5 without a cnonce or a qop");
  KNIT_ASSERT(is_ascii(options_.username) && is_ascii(options_.authzid),
              "DIGEST-MD5 user name that is not ASCII");
}

DigestMd5Client::~DigestMd5Client() = default;

Result<std::string> DigestMd5Client::step(std::string_view challenge) {
  const Phase phase = std::exchange(phase_, Phase::kFailed);
  if (phase == Phase::kStart) {
    KNIT_TRY(auto response, respond(challenge));
    phase_ = Phase::kResponded;
    return response;
  }
  if (phase == Phase::kResponded) {
    KNIT_TRY_VOID(verify(challenge));
    phase_ = Phase::kComplete;
    return std::string();
  }
  return Error(ErrorCode::kUnauthenticated,
               "DIGEST-MD5: the server goes on after the authentication has ended");
}

// Our preference decides, among what the server offers.
Status DigestMd5Client::choose(const DigestChallenge& challenge) {
  const auto& offered = challenge.qops;
  const auto qop = std::find_if(options_.qops.begin(), options_.qops.end(), [&](Qop q) {
    return std::find(offered.begin(), offered.end(), q) != offered.end();
  });
  if (qop == options_.qops.end()) {
    return Error(
        ErrorCode::kFailedPrecondition,
        fmt::format("the server asks for protection '{}' of the connection, this side offers '{}': see "
                    "hadoop.rpc.protection (of a DataNode: dfs.data.transfer.protection)",
                    names(offered), names(options_.qops)));
  }
  qop_ = *qop;
  if (qop_ == Qop::kPrivacy) {
    const auto cipher = std::find_first_of(kDigestCiphers.begin(), kDigestCiphers.end(),
                                           challenge.ciphers.begin(), challenge.ciphers.end());
    if (cipher == kDigestCiphers.end()) {
      return Error(ErrorCode::kUnimplemented,
                   fmt::format("the server encrypts by none of the ciphers Knit has ({})",
                               fmt::join(kDigestCiphers, ", ")));
    }
    cipher_ = *cipher;
  }
  // A token of the longest overhead must leave room for a message.
  if (qop_ != Qop::kAuth && challenge.max_buffer <= 2 * kDigestLayerOverhead) {
    return Error(ErrorCode::kUnimplemented,
                 fmt::format("the server takes no more than {} bytes at once", challenge.max_buffer));
  }
  return {};
}

// In the order of the JDK's DigestMD5Client.
Result<std::string> DigestMd5Client::respond(std::string_view text) {
  KNIT_TRY(const auto challenge, parse_digest_challenge(text));
  KNIT_TRY_VOID(choose(challenge));
  realm_ = challenge.realm;
  nonce_ = challenge.nonce;
  max_buffer_ = challenge.max_buffer;
  ha1_ = session_key(options_, realm_, nonce_);
  options_.password = Secret();

  std::string out;
  if (challenge.utf8) out += "charset=utf-8,";
  out += fmt::format("username={},", quoted(options_.username));
  if (!realm_.empty()) out += fmt::format("realm={},", quoted(realm_));
  out += fmt::format("nonce={},nc={},cnonce={},digest-uri={},maxbuf={},response={},qop={}", quoted(nonce_),
                     kNonceCount, quoted(options_.cnonce), quoted(digest_uri()), kDefaultMaxBuffer,
                     digest("AUTHENTICATE"), to_string(qop_));
  if (!cipher_.empty()) out += fmt::format(",cipher={}", quoted(cipher_));
  if (!options_.authzid.empty()) out += fmt::format(",authzid={}", quoted(options_.authzid));
  if (out.size() > kMaxDigestResponse) {
    return Error(ErrorCode::kResourceExhausted,
                 fmt::format("this token needs a DIGEST-MD5 response of {} bytes; servers take {}",
                             out.size(), kMaxDigestResponse));
  }
  if (qop_ != Qop::kAuth) {
    layer_ = std::make_unique<DigestMd5Layer>(DigestMd5Layer::Role::kClient, ha1_.bytes(), cipher_);
  }
  return out;
}

// RFC 2831 section 2.1.2.1: the response, or with an empty method the server's proof.
std::string DigestMd5Client::digest(std::string_view method) const {
  std::string a2 = fmt::format("{}:{}", method, digest_uri());
  if (qop_ != Qop::kAuth) a2 += ":00000000000000000000000000000000";
  const Secret ha1(base::hex_encode(ha1_.bytes()));
  const std::string rest = fmt::format(":{}:{}:{}:{}:{}", nonce_, kNonceCount, options_.cnonce,
                                       to_string(qop_), base::hex_encode(md5(a2)));
  return base::hex_encode(Md5().update(ha1.bytes()).update(rest).finish());
}

Status DigestMd5Client::verify(std::string_view text) {
  if (text.size() > kMaxDigestChallenge)
    return Error(ErrorCode::kDataLoss, "DIGEST-MD5: the server's proof is too long");
  KNIT_TRY(const auto directives, parse_digest_directives(text));
  const auto proof = std::find_if(directives.begin(), directives.end(),
                                  [](const DigestDirective& d) { return d.name == "rspauth"; });
  if (proof == directives.end()) {
    return Error(ErrorCode::kUnauthenticated,
                 "DIGEST-MD5: the server gives no proof that it knows the token");
  }
  if (!equal_in_constant_time(proof->value, digest(""))) {
    return Error(
        ErrorCode::kUnauthenticated,
        "DIGEST-MD5: the server's proof is wrong; something other than the expected daemon may be answering");
  }
  return {};
}

std::size_t DigestMd5Client::max_message() const {
  KNIT_ASSERT(complete(), "max_message() before the authentication ended");
  if (!layer_) return std::string::npos;
  return max_buffer_ - layer_->overhead();
}

Result<std::string> DigestMd5Client::wrap(std::string_view message) {
  KNIT_ASSERT(complete(), "wrap() before the authentication ended");
  if (!layer_) return std::string(message);
  KNIT_ASSERT(message.size() <= max_message(), "a message longer than max_message()");
  return layer_->wrap(message);
}

Result<std::string> DigestMd5Client::unwrap(std::string_view token) {
  KNIT_ASSERT(complete(), "unwrap() before the authentication ended");
  if (!layer_) return std::string(token);
  return layer_->unwrap(token);
}

}  // namespace knit::security
