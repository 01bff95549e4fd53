// DIGEST-MD5's security layer (RFC 2831 sections 2.3 and 2.4): what protects each message after an
// authentication with integrity or privacy.
#pragma once

#include <knit/result.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "security/secret.h"

namespace knit::security {

// The ciphers Knit has, the preferred first: the JDK offers both and itself takes 3des.
inline constexpr std::array<std::string_view, 2> kDigestCiphers = {"3des", "rc4"};

// What a token is longer than its message, at most, as the JDK reckons it.
inline constexpr std::size_t kDigestLayerOverhead = 26;

// A cipher over one direction of a connection, in place. Its state goes on from one message to the next.
class DigestCipher {
 public:
  virtual ~DigestCipher() = default;
  // Length 1: any number of bytes can be enciphered.
  virtual std::size_t block_size() const = 0;
  // `bytes` is a multiple of the block size.
  virtual void encrypt(std::string& bytes) = 0;
  virtual void decrypt(std::string& bytes) = 0;
};

// One end of one connection's layer. Tokens are message, 10 bytes of HMAC, type 0001 and a sequence number;
// with a cipher, message and HMAC are encrypted.
class DigestMd5Layer {
 public:
  enum class Role { kClient, kServer };

  // `ha1` is H(A1) of the authentication. `cipher` is one of kDigestCiphers, or empty for integrity alone.
  DigestMd5Layer(Role role, std::string_view ha1, std::string_view cipher);

  std::string wrap(std::string_view message);
  // kDataLoss if the token is not the next one, whole and genuine; nothing may be unwrapped after that.
  Result<std::string> unwrap(std::string_view token);
  std::size_t overhead() const { return sending_.cipher ? kDigestLayerOverhead : 16; }

 private:
  struct Direction {
    Secret signing_key;
    std::unique_ptr<DigestCipher> cipher;  // null for integrity alone
    std::uint32_t sequence = 0;            // of the next message
  };
  static Direction make_direction(bool from_client, std::string_view ha1, std::string_view cipher);

  Direction sending_;
  Direction receiving_;
  bool broken_ = false;
};

}  // namespace knit::security
