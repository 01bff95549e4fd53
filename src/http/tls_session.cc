#include "http/tls_session.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <exception>
#include <utility>

#include "base/try.h"
#include "security/openssl.h"
#include "security/x509.h"

namespace knit::http {
namespace {

using security::FreeBy;
using SslContext = std::unique_ptr<SSL_CTX, FreeBy<SSL_CTX_free>>;
using Ssl = std::unique_ptr<SSL, FreeBy<SSL_free>>;

// The certificates of the other end: one of ours takes 600 bytes.
constexpr std::uint32_t kMaxPeerCertificates = 8 << 10;
// 128 bits or more: what the certificates, ciphers and groups below have anyway.
constexpr int kSecurityLevel = 2;

constexpr const char* kCiphers12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305";
constexpr const char* kCiphers13 =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

void must(bool done) {
  KNIT_ASSERT(done, "OpenSSL does not take a setting of TLS, or no memory is left");
}

int to_int(std::size_t size) {
  return static_cast<int>(std::min<std::size_t>(size, 1 << 30));
}

SslContext make_context(bool is_server) {
  SslContext made(SSL_CTX_new_ex(security::openssl_context(), nullptr,
                                 is_server ? TLS_server_method() : TLS_client_method()));
  SSL_CTX* context = made.get();
  must(context != nullptr);
  // Each of them, whatever the machine's configuration has as default.
  must(SSL_CTX_set_min_proto_version(context, is_server ? TLS1_2_VERSION : TLS1_3_VERSION) == 1);
  must(SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1);
  SSL_CTX_set_security_level(context, kSecurityLevel);
  must(SSL_CTX_set_cipher_list(context, kCiphers12) == 1);
  must(SSL_CTX_set_ciphersuites(context, kCiphers13) == 1);
  must(SSL_CTX_set1_groups_list(context, "X25519:P-256") == 1);
  must(SSL_CTX_set1_sigalgs_list(context, "ECDSA+SHA256") == 1);
  SSL_CTX_clear_options(context, SSL_CTX_get_options(context));
  SSL_CTX_set_options(context, SSL_OP_ENABLE_MIDDLEBOX_COMPAT | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE);
  must(SSL_CTX_set_num_tickets(context, 0) == 1);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_max_cert_list(context, kMaxPeerCertificates);
  return made;
}

}  // namespace

struct TlsContext::State {
  // In place of OpenSSL's own judgement of a certificate. C calls it, so nothing may be thrown.
  static int judge(X509_STORE_CTX* chain, void*);

  End end;
  security::PeerVerifier verifier;
  SslContext context;
  std::string own_name;
};

struct TlsSession::State {
  State(std::shared_ptr<const TlsContext> of, WallTime at) : context(std::move(of)), now(at) {}

  // For the next operation. What another has left in the thread's queue of errors would be taken for its own.
  SSL* ready() const {
    ERR_clear_error();
    return ssl.get();
  }
  // Why the last operation failed.
  Error failure(int returned);
  Error refused_by_peer(std::string_view alert) const;

  std::shared_ptr<const TlsContext> context;
  WallTime now;
  Ssl ssl;
  BIO* in = nullptr;   // owned by ssl
  BIO* out = nullptr;  // owned by ssl
  Result<security::PeerName> peer = Error(ErrorCode::kUnauthenticated, "the other end showed no certificate");
  bool met_plain_http = false;
};

int TlsContext::State::judge(X509_STORE_CTX* chain, void*) {
  auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* session = static_cast<TlsSession::State*>(SSL_get_app_data(ssl));
  const X509* shown = X509_STORE_CTX_get0_cert(chain);
  try {
    const State& ours = *session->context->state_;
    session->peer = ours.end == End::kMaster ? ours.verifier.verify_client(*shown, session->now)
                                             : ours.verifier.verify_master(*shown, session->now);
  } catch (const std::exception& bug) {
    session->peer = Error(ErrorCode::kInternal, bug.what());
  }
  if (session->peer) return 1;
  X509_STORE_CTX_set_error(chain, X509_V_ERR_CERT_REJECTED);
  return 0;
}

TlsContext::TlsContext(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsContext::~TlsContext() = default;

const std::string& TlsContext::own_name() const {
  return state_->own_name;
}

Result<std::shared_ptr<const TlsContext>> TlsContext::create(End end, const security::Identity& identity) {
  KNIT_TRY(auto verifier, security::PeerVerifier::create(identity.authority_pem));
  KNIT_TRY(const auto certificate, security::parse_certificate(identity.certificate_pem));
  KNIT_TRY(const auto name, security::peer_name(*certificate));
  KNIT_TRY(const auto key, security::parse_key(identity.key_pem));
  SslContext made = make_context(end == End::kMaster);
  SSL_CTX* context = made.get();
  if (SSL_CTX_use_certificate(context, certificate.get()) != 1 ||
      SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    ERR_clear_error();
    return Error(ErrorCode::kInvalidArgument, "the key is not that of the " + to_string(name));
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(context, State::judge, nullptr);
  // Tells clients that hold several certificates which one is asked for.
  if (end == End::kMaster) must(SSL_CTX_add_client_CA(context, &verifier.authority()) == 1);
  std::string own_name = fmt::format("{} ({})", to_string(name), security::validity(*certificate));
  return std::shared_ptr<const TlsContext>(new TlsContext(
      std::make_unique<State>(State{end, std::move(verifier), std::move(made), std::move(own_name)})));
}

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context, WallTime now)
    : state_(std::make_unique<State>(std::move(context), now)) {
  const TlsContext::State& common = *state_->context->state_;
  state_->ssl.reset(SSL_new(common.context.get()));
  state_->in = BIO_new(BIO_s_mem());
  state_->out = BIO_new(BIO_s_mem());
  must(state_->ssl && state_->in && state_->out);
  BIO_set_mem_eof_return(state_->in, -1);  // empty: more may come
  SSL* ssl = state_->ssl.get();
  SSL_set_bio(ssl, state_->in, state_->out);
  must(SSL_set_app_data(ssl, state_.get()) == 1);
  if (common.end == TlsContext::End::kMaster) {
    SSL_set_accept_state(ssl);
  } else {
    SSL_set_connect_state(ssl);
  }
}

TlsSession::~TlsSession() = default;

void TlsSession::feed(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const int n = BIO_write(state_->in, bytes.data(), to_int(bytes.size()));
    must(n > 0);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
}

void TlsSession::end_of_input() {
  BIO_set_mem_eof_return(state_->in, 0);
}

bool TlsSession::has_output() const {
  return BIO_ctrl_pending(state_->out) > 0;
}

std::string TlsSession::take_output() {
  std::string bytes(BIO_ctrl_pending(state_->out), '\0');
  if (bytes.empty()) return bytes;
  must(BIO_read(state_->out, bytes.data(), to_int(bytes.size())) == static_cast<int>(bytes.size()));
  return bytes;
}

// The server's alerts that are about our certificate. Everything it can object to is in our own words.
Error TlsSession::State::refused_by_peer(std::string_view alert) const {
  return Error(
      ErrorCode::kUnauthenticated,
      fmt::format("the other end does not accept the certificate of the {} ({}); the clock here says "
                  "{:%Y-%m-%d %H:%M:%S} UTC",
                  context->own_name(), alert, std::chrono::floor<std::chrono::seconds>(now)));
}

Error TlsSession::State::failure(int returned) {
  const int kind = SSL_get_error(ssl.get(), returned);
  const unsigned long code = ERR_peek_error();
  const int reason = ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : 0;
  const char* known = ERR_reason_error_string(code);
  const std::string why = known ? known : fmt::format("error {} of OpenSSL", kind);
  ERR_clear_error();
  switch (reason) {
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      if (!peer) return peer.error();
      break;
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
      return Error(ErrorCode::kUnavailable, "the connection was closed without the end of TLS");
    case SSL_R_HTTP_REQUEST:
      met_plain_http = true;
      return Error(ErrorCode::kDataLoss, "a request of plain HTTP, where HTTPS is spoken");
    case SSL_R_WRONG_VERSION_NUMBER:
      return Error(ErrorCode::kDataLoss, "the other end does not speak TLS");
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
      return refused_by_peer(why);
    default:
      break;
  }
  return Error(ErrorCode::kDataLoss, "TLS failed: " + why);
}

Result<bool> TlsSession::shake_hands() {
  SSL* ssl = state_->ready();
  const int returned = SSL_do_handshake(ssl);
  if (returned == 1) {
    // Never without a certificate that we judged ourselves.
    if (!state_->peer) return state_->peer.error();
    return true;
  }
  if (SSL_get_error(ssl, returned) == SSL_ERROR_WANT_READ) return false;
  return state_->failure(returned);
}

const security::PeerName& TlsSession::peer() const {
  return *state_->peer;
}

bool TlsSession::met_plain_http() const {
  return state_->met_plain_http;
}

Result<std::optional<std::size_t>> TlsSession::read(std::span<std::byte> into) {
  SSL* ssl = state_->ready();
  const int n = SSL_read(ssl, into.data(), to_int(into.size()));
  if (n > 0) return std::optional(static_cast<std::size_t>(n));
  const int kind = SSL_get_error(ssl, n);
  if (kind == SSL_ERROR_ZERO_RETURN) return std::optional<std::size_t>(0);
  if (kind == SSL_ERROR_WANT_READ) return std::optional<std::size_t>();
  return state_->failure(n);
}

Status TlsSession::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    // The output has room for everything, so a write is whole or fails.
    const int n = SSL_write(state_->ready(), bytes.data(), to_int(bytes.size()));
    if (n <= 0) return state_->failure(n);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

void TlsSession::shut_down() {
  if (SSL_shutdown(state_->ready()) < 0) ERR_clear_error();
}

}  // namespace knit::http
