// Driver: a stream through TLS.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "http/tls_session.h"
#include "io/stream.h"
#include "io/wait.h"

namespace knit::http {

// What the other end wrote into `raw`, decrypted. Begins with handshake(), which must succeed before anything
// is read or written; deadlines by io::run_until around each call. A write that was cancelled leaves the
// connection fit only to be closed, as with any stream. Errors beside the stream's own: TlsSession's.
class TlsStream final : public io::Stream {
 public:
  TlsStream(std::unique_ptr<io::Stream> raw, std::shared_ptr<const TlsContext> context);

  // Where it fails, the other end has been told why.
  io::Task<Status> handshake();
  // Whom the other end has proven to be, after the handshake.
  const security::PeerName& peer_name() const { return session_.peer(); }
  bool met_plain_http() const { return session_.met_plain_http(); }
  // The connection itself.
  io::Stream& raw() { return *raw_; }

  io::Task<Result<std::size_t>> read_some(std::span<std::byte> into) override;
  io::Task<Status> write(std::span<const std::byte> bytes) override;
  // Says that nothing more is written, which close() does not: it is at once.
  io::Task<Status> shut_down();
  void close() override { raw_->close(); }
  std::string peer() const override { return raw_->peer(); }

 private:
  io::Task<Status> send_output();
  io::Task<Status> receive_input();

  // One record of TLS is at most 16 KiB and some; what comes is handed on at once, so this need not hold it.
  static constexpr std::size_t kInput = 8 << 10;
  // What is encrypted and waits to be sent.
  static constexpr std::size_t kOutput = 16 << 10;

  std::unique_ptr<io::Stream> raw_;
  TlsSession session_;
  std::array<std::byte, kInput> input_;
  bool sending_ = false;
  io::Event sent_;
};

}  // namespace knit::http
