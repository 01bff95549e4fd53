#include "security/digest_layer.h"

#include <fmt/format.h>

#include "base/try.h"
#include "security/des.h"
#include "security/md5.h"
#include "security/rc4.h"

namespace knit::security {
namespace {

constexpr std::size_t kMacSize = 10;
constexpr std::size_t kTrailerSize = 6;
constexpr std::string_view kMessageType("\0\1", 2);

// In RFC 2831's words "from" is the client's direction.
constexpr std::string_view kSigningFromClient =
    "Digest session key to client-to-server signing key magic constant";
constexpr std::string_view kSigningFromServer =
    "Digest session key to server-to-client signing key magic constant";
constexpr std::string_view kSealingFromClient = "Digest H(A1) to client-to-server sealing key magic constant";
constexpr std::string_view kSealingFromServer = "Digest H(A1) to server-to-client sealing key magic constant";

std::string big_endian(std::uint32_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
  return out;
}

Error forged(std::string_view what, std::uint32_t sequence) {
  return Error(
      ErrorCode::kDataLoss,
      fmt::format("protected message {} of this connection {}: it was altered on the way, or is none",
                  sequence, what));
}

std::string mac(const Secret& key, std::uint32_t sequence, std::string_view message) {
  return hmac_md5(key.bytes(), big_endian(sequence), message).substr(0, kMacSize);
}

// RFC 2831 section 2.4: keys are Kc's first and second 7 bytes, the initialization vector is its last 8.
class TripleDesCipher final : public DigestCipher {
 public:
  explicit TripleDesCipher(std::string_view kc)
      : cbc_(des_key_from_7_bytes(kc.substr(0, 7)), des_key_from_7_bytes(kc.substr(7, 7)), kc.substr(8, 8)) {}
  std::size_t block_size() const override { return kDesBlockSize; }
  void encrypt(std::string& bytes) override { cbc_.encrypt(bytes); }
  void decrypt(std::string& bytes) override { cbc_.decrypt(bytes); }

 private:
  TripleDesCbc cbc_;
};

class Rc4Cipher final : public DigestCipher {
 public:
  explicit Rc4Cipher(std::string_view kc) : rc4_(kc) {}
  std::size_t block_size() const override { return 1; }
  void encrypt(std::string& bytes) override { rc4_.apply(bytes); }
  void decrypt(std::string& bytes) override { rc4_.apply(bytes); }

 private:
  Rc4 rc4_;
};

}  // namespace

DigestMd5Layer::Direction DigestMd5Layer::make_direction(bool from_client, std::string_view ha1,
                                                         std::string_view cipher) {
  Direction out;
  out.signing_key = Md5().update(ha1).update(from_client ? kSigningFromClient : kSigningFromServer).finish();
  if (cipher.empty()) return out;
  const Secret kc(Md5().update(ha1).update(from_client ? kSealingFromClient : kSealingFromServer).finish());
  if (cipher == "3des") {
    out.cipher = std::make_unique<TripleDesCipher>(kc.bytes());
  } else {
    KNIT_ASSERT(cipher == "rc4", "a cipher that is not in kDigestCiphers");
    out.cipher = std::make_unique<Rc4Cipher>(kc.bytes());
  }
  return out;
}

DigestMd5Layer::DigestMd5Layer(Role role, std::string_view ha1, std::string_view cipher)
    : sending_(make_direction(role == Role::kClient, ha1, cipher)),
      receiving_(make_direction(role == Role::kServer, ha1, cipher)) {}

std::string DigestMd5Layer::wrap(std::string_view message) {
  std::string out;
  out.reserve(message.size() + kDigestLayerOverhead);
  out.append(message);
  const std::string check = mac(sending_.signing_key, sending_.sequence, message);
  if (sending_.cipher) {
    const std::size_t block = sending_.cipher->block_size();
    if (block > 1) {
      const std::size_t pad = block - (message.size() + kMacSize) % block;
      out.append(pad, static_cast<char>(pad));
    }
    out.append(check);
    sending_.cipher->encrypt(out);
  } else {
    out.append(check);
  }
  out.append(kMessageType);
  out.append(big_endian(sending_.sequence++));
  return out;
}

Result<std::string> DigestMd5Layer::unwrap(std::string_view token) {
  KNIT_ASSERT(!broken_, "unwrap() after it failed");
  broken_ = true;
  const std::uint32_t sequence = receiving_.sequence;
  const std::size_t block = receiving_.cipher ? receiving_.cipher->block_size() : 1;
  if (token.size() < kMacSize + kTrailerSize || (token.size() - kTrailerSize) % block != 0) {
    return forged("has an impossible length", sequence);
  }
  std::string body(token.substr(0, token.size() - kTrailerSize));
  const auto trailer = token.substr(body.size());
  if (trailer.substr(0, 2) != kMessageType) return forged("is of an unknown type", sequence);
  if (trailer.substr(2) != big_endian(sequence)) return forged("is out of order", sequence);
  if (receiving_.cipher) receiving_.cipher->decrypt(body);
  const std::string check = body.substr(body.size() - kMacSize);
  body.resize(body.size() - kMacSize);
  // Padding is covered by no checksum, but wrong padding makes a wrong message.
  if (block > 1) {
    const std::size_t pad = body.empty() ? 0 : static_cast<unsigned char>(body.back());
    if (pad < 1 || pad > block || pad > body.size()) return forged("has wrong padding", sequence);
    body.resize(body.size() - pad);
  }
  if (!equal_in_constant_time(check, mac(receiving_.signing_key, sequence, body))) {
    return forged("has a wrong checksum", sequence);
  }
  ++receiving_.sequence;
  broken_ = false;
  return body;
}

}  // namespace knit::security
