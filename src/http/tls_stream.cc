#include "http/tls_stream.h"

#include <algorithm>
#include <utility>

#include "base/try.h"

namespace knit::http {

TlsStream::TlsStream(std::unique_ptr<io::Stream> raw, std::shared_ptr<const TlsContext> context)
    : raw_(std::move(raw)), session_(std::move(context), io::wall_now()) {}

// The reader has bytes to send now and then, too (a new key): one sends, in order, and the other waits for
// it.
io::Task<Status> TlsStream::send_output() {
  while (sending_) KNIT_CO_TRY_VOID(co_await sent_.wait());
  sending_ = true;
  Status sent;
  while (sent && session_.has_output()) {
    const std::string bytes = session_.take_output();
    sent = co_await raw_->write(io::as_bytes(bytes));
  }
  sending_ = false;
  sent_.pulse();
  co_return sent;
}

io::Task<Status> TlsStream::receive_input() {
  KNIT_CO_TRY(const std::size_t n, co_await raw_->read_some(input_));
  if (n == 0) {
    session_.end_of_input();
  } else {
    session_.feed(std::span(input_).first(n));
  }
  co_return Status();
}

io::Task<Status> TlsStream::handshake() {
  while (true) {
    const auto done = session_.shake_hands();
    const Status sent = co_await send_output();
    // Ours is the better reason: a connection that then breaks only follows from it.
    if (!done) co_return done.error();
    if (!sent) co_return sent;
    if (*done) co_return Status();
    KNIT_CO_TRY_VOID(co_await receive_input());
  }
}

io::Task<Result<std::size_t>> TlsStream::read_some(std::span<std::byte> into) {
  KNIT_CO_TRY_VOID(co_await io::check_cancelled());
  while (true) {
    auto read = session_.read(into);
    if (session_.has_output()) {
      const Status sent = co_await send_output();
      if (read && !sent) co_return sent.error();
    }
    if (!read) co_return std::move(read).error();
    if (*read) co_return **read;
    KNIT_CO_TRY_VOID(co_await receive_input());
  }
}

io::Task<Status> TlsStream::write(std::span<const std::byte> bytes) {
  KNIT_CO_TRY_VOID(co_await io::check_cancelled());
  while (!bytes.empty()) {
    const auto piece = bytes.first(std::min(bytes.size(), kOutput));
    KNIT_CO_TRY_VOID(session_.write(piece));
    KNIT_CO_TRY_VOID(co_await send_output());
    bytes = bytes.subspan(piece.size());
  }
  co_return Status();
}

io::Task<Status> TlsStream::shut_down() {
  session_.shut_down();
  co_return co_await send_output();
}

}  // namespace knit::http
