// One end of one TLS connection, over bytes. Pure: a core; tls_stream.h drives it.
#pragma once

#include <knit/result.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "security/certificates.h"

namespace knit::http {

// What the connections of one end have in common: who we are and whom we believe. Immutable; shared.
//
// TLS 1.3, and for clients of ours at the server also 1.2: containers bring their own programs, and Python
// and curl of RHEL 7 (OpenSSL 1.0.2), on which many clusters still run, know no 1.3. Only AEAD ciphers with
// forward secrecy, P-256 and X25519, ECDSA with SHA-256; no resumption, no renegotiation, no compression.
// All of it is set here: no configuration file and no variable of OpenSSL's changes it.
class TlsContext {
 public:
  enum class End {
    kMaster,  // the server: believes owners and containers
    kClient,  // believes the master alone; TLS 1.3 only
  };
  // kDataLoss, kResourceExhausted and kInvalidArgument for an identity that is none.
  static Result<std::shared_ptr<const TlsContext>> create(End end, const security::Identity& identity);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // "owner of application_1_0001 (2026-11-26 04:40:24 to 2026-12-03 05:40:24 UTC)", for messages
  const std::string& own_name() const;

 private:
  friend class TlsSession;
  struct State;
  explicit TlsContext(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Give it the network's bytes by feed(), send what take_output() gives after each call, and ask again with
// more input whenever it wants some. After an error nothing but take_output() is of use: it holds the alert
// that tells the other end. Errors: kUnauthenticated where one end does not believe the other, with the
// reason; kUnavailable where the connection ends in the middle; kDataLoss for bytes that are no TLS.
class TlsSession {
 public:
  // `now` judges the other end's certificate.
  TlsSession(std::shared_ptr<const TlsContext> context, WallTime now);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  void feed(std::span<const std::byte> bytes);
  // The connection has closed: nothing more will be fed.
  void end_of_input();
  bool has_output() const;
  std::string take_output();

  // True when it is complete, false where it needs input. A client's is complete before the server has judged
  // it: a refusal comes as the error of the first read.
  Result<bool> shake_hands();
  // After the handshake.
  const security::PeerName& peer() const;
  // The first bytes were a request of plain HTTP; after a server's failed handshake.
  bool met_plain_http() const;

  // How many plain bytes are now in `into`; 0 when the other end has said that no more come; none where it
  // needs input.
  Result<std::optional<std::size_t>> read(std::span<std::byte> into);
  // After the handshake. All of `bytes`; they wait in the output.
  Status write(std::span<const std::byte> bytes);
  // Says that we write no more.
  void shut_down();

 private:
  friend class TlsContext;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace knit::http
