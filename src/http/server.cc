#include "http/server.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "base/try.h"

namespace knit::http {
namespace {

// After a failure to accept (no file descriptors are left): it must not be tried in a busy loop.
constexpr std::chrono::milliseconds kAcceptPause{200};
// How long, and for how many bytes, the client's rest is read after the last answer: what is unread when a
// socket closes makes TCP throw away what was sent last, which says why.
constexpr std::chrono::seconds kGoodbye{2};
constexpr std::size_t kMaxRest = 1 << 20;
constexpr std::size_t kRead = 4 << 10;

constexpr const char* kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

io::Task<Status> read_rest(io::Stream* stream) {
  std::byte buffer[1024];
  for (std::size_t total = 0; total < kMaxRest;) {
    KNIT_CO_TRY(const std::size_t n, co_await stream->read_some(buffer));
    if (n == 0) break;
    total += n;
  }
  co_return Status();
}

io::Task<Status> joined(io::TaskGroup* tasks) {
  co_await tasks->join();
  co_return Status();
}

Reply try_again(std::string why) {
  Reply busy = error_reply(Error(ErrorCode::kUnavailable, std::move(why)));
  busy.headers.push_back({.name = "Retry-After", .value = "1"});
  return busy;
}

std::string whole_answer(const Reply& reply, bool head_only, bool closes) {
  return to_text(reply, {.head_only = head_only, .closes = closes, .now = io::wall_now()});
}

// Until the client closes, or sends on: who sends a further request waits for the first answer.
io::Task<void> watch_end(TlsStream& stream, RequestParser& parser, io::Event& gone) {
  std::byte buffer[kRead];
  const auto read = co_await stream.read_some(buffer);
  if (read && *read > 0) {
    parser.feed(std::span(buffer).first(*read));
  } else if (read || read.error().code() != ErrorCode::kCancelled) {
    gone.set();
  }
}

}  // namespace

// Enters a connection while its task runs.
class Server::Entry {
 public:
  Entry(Slots& slots, io::Stream& stream)
      : slots_(slots), at_(slots.insert(slots.end(), Slot{.stream = &stream, .since = io::now()})) {}
  ~Entry() { slots_.erase(at_); }
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;
  Slot& operator*() { return *at_; }

 private:
  Slots& slots_;
  Slots::iterator at_;
};

Result<std::unique_ptr<Server>> Server::listen(const std::string& address, PortRange ports,
                                               const security::Identity& identity, Handler handler,
                                               ServerOptions options) {
  KNIT_TRY(auto context, TlsContext::create(TlsContext::End::kMaster, identity));
  for (std::uint32_t port = ports.first;; ++port) {
    auto listener = io::Listener::open(address, static_cast<std::uint16_t>(port));
    if (listener)
      return std::make_unique<Server>(*std::move(listener), std::move(context), std::move(handler),
                                      std::move(options));
    if (listener.error().code() != ErrorCode::kUnavailable) return std::move(listener).error();
    if (port >= ports.last)
      return std::move(listener).error().with_context(
          fmt::format("no port from {} to {} can be listened on", ports.first, ports.last));
  }
}

Server::Server(std::unique_ptr<io::Listener> listener, std::shared_ptr<const TlsContext> context,
               Handler handler, ServerOptions options)
    : listener_(std::move(listener)),
      context_(std::move(context)),
      handler_(std::move(handler)),
      options_(std::move(options)) {
  tasks_.spawn(accept_all());
}

Status Server::renew(const security::Identity& identity) {
  KNIT_TRY(context_, TlsContext::create(TlsContext::End::kMaster, identity));
  return {};
}

io::Task<void> Server::stop(io::Deadline deadline) {
  stopping_ = true;
  listener_->close();
  for (Slot& slot : slots_)
    if (slot.phase != Phase::kBusy) slot.stream->close();
  // At the deadline the group's tasks are cancelled, too, and waited for.
  static_cast<void>(co_await io::run_until(deadline, joined(&tasks_)));
}

void Server::note(const std::string& text) {
  if (++notes_ > kMaxNotes) return;
  options_.note(notes_ < kMaxNotes ? text : text + " (the last refusal that is told)");
}

io::Task<void> Server::accept_all() {
  while (!stopping_) {
    auto stream = co_await listener_->accept();
    if (stream) {
      tasks_.spawn(serve(*std::move(stream)));
      if (!co_await make_room()) co_return;
      continue;
    }
    if (stopping_ || stream.error().code() == ErrorCode::kCancelled) co_return;
    note(stream.error().message());
    if (!co_await io::sleep_for(kAcceptPause)) co_return;
  }
}

std::size_t Server::count(Phase phase) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(slots_, [&](const Slot& slot) { return slot.phase == phase && !slot.evicted; }));
}

// The one that has been longest in this phase.
Server::Slot* Server::oldest(Phase phase) {
  Slot* found = nullptr;
  for (Slot& slot : slots_)
    if (slot.phase == phase && !slot.evicted && (!found || slot.since < found->since)) found = &slot;
  return found;
}

// Its task ends soon.
void Server::evict(Slot& slot) {
  slot.evicted = true;
  slot.stream->close();
}

// Waits until one more connection can be taken.
io::Task<Status> Server::make_room() {
  while (!stopping_ && count(Phase::kHandshake) >= options_.limits.handshakes) {
    Slot* slot = oldest(Phase::kHandshake);
    const io::TimePoint fair = slot->since + options_.limits.handshake_grace;
    if (io::now() >= fair) {
      evict(*slot);
      break;
    }
    const Status waited = co_await io::run_until(fair, handshake_ended_.wait());
    if (!waited && waited.error().code() == ErrorCode::kCancelled) co_return waited;
  }
  co_return Status();
}

bool Server::admit(const Slot& slot) {
  const ServerLimits& limits = options_.limits;
  const std::size_t most = slot.owner ? limits.connections : limits.connections - limits.for_owner;
  if (count(Phase::kIdle) + count(Phase::kBusy) < most) return true;
  Slot* idle = oldest(Phase::kIdle);
  if (idle) evict(*idle);
  return idle != nullptr;
}

void Server::set_phase(Slot& slot, Phase phase) {
  slot.phase = phase;
  slot.since = io::now();
}

io::Task<void> Server::serve(std::unique_ptr<io::Stream> raw) {
  TlsStream stream(std::move(raw), context_);
  Entry entry(slots_, stream.raw());
  Slot& slot = *entry;
  const bool proven = co_await shake_hands(stream, slot);
  handshake_ended_.pulse();
  if (!proven) co_return;
  slot.owner = stream.peer_name().role == security::Role::kOwner;
  const bool admitted = admit(slot);
  set_phase(slot, admitted ? Phase::kIdle : Phase::kBusy);
  if (admitted) {
    co_await serve_calls(stream, slot);
  } else {
    const Reply busy = try_again("too many connections: try again");
    if (!co_await send(stream, whole_answer(busy, false, true))) co_return;
  }
  co_await say_goodbye(stream);
}

io::Task<bool> Server::shake_hands(TlsStream& stream, const Slot& slot) {
  const auto& limits = options_.limits;
  const Status done = co_await io::run_until(io::after(limits.handshake), stream.handshake());
  if (done) co_return true;
  const ErrorCode code = done.error().code();
  if (slot.evicted || stopping_ || code == ErrorCode::kCancelled) co_return false;
  note(fmt::format("{} is refused: {}", stream.peer(),
                   code == ErrorCode::kDeadlineExceeded
                       ? fmt::format("no TLS handshake within {} s", limits.handshake.count())
                       : done.error().message()));
  if (stream.met_plain_http()) {
    const Reply reply = error_reply(Error(
        ErrorCode::kInvalidArgument, "this port speaks HTTPS, and wants a certificate of the application's"));
    if (!co_await send(stream.raw(), whole_answer(reply, false, true))) co_return false;
  }
  // Nobody waits for the reason where nobody spoke.
  const bool told = code == ErrorCode::kUnauthenticated || code == ErrorCode::kDataLoss;
  if (told) static_cast<void>(co_await io::run_until(io::after(kGoodbye), read_rest(&stream.raw())));
  co_return false;
}

io::Task<void> Server::serve_calls(TlsStream& stream, Slot& slot) {
  RequestParser parser(options_.limits.request);
  for (std::uint32_t n = 1;; ++n) {
    set_phase(slot, Phase::kIdle);
    const auto what = co_await next_call(stream, parser, slot);
    if (!what && slot.phase == Phase::kBusy && what.error().code() == ErrorCode::kDeadlineExceeded) {
      constexpr int kRequestTimeout = 408;
      const Reply late =
          error_reply(Error(ErrorCode::kDeadlineExceeded, "the request took too long"), kRequestTimeout);
      static_cast<void>(co_await send(stream, whole_answer(late, false, true)));
    }
    if (!what) co_return;
    if (*what == RequestParser::What::kRefused) {
      static_cast<void>(co_await send(stream, whole_answer(parser.refusal(), false, true)));
      co_return;
    }
    set_phase(slot, Phase::kBusy);
    Call call = parser.take();
    const bool head_only = call.method == "HEAD";
    call.peer = stream.peer_name();
    call.deadline = io::after(options_.limits.answer_time);
    std::string text;
    bool closes = false;
    {
      const Reply reply = co_await answer_while_wanted(stream, parser, std::move(call), slot.owner);
      closes = stopping_ || parser.is_last() || n >= options_.limits.requests_per_connection;
      text = whole_answer(reply, head_only, closes);
    }  // from here on there is one copy
    if (!co_await send(stream, std::move(text)) || closes) co_return;
  }
}

// kCall or kRefused. The first byte may be long in coming, the rest may not.
io::Task<Result<RequestParser::What>> Server::next_call(TlsStream& stream, RequestParser& parser,
                                                        Slot& slot) {
  io::Deadline deadline = io::after(options_.limits.idle);
  std::byte buffer[kRead];
  while (true) {
    if (slot.phase == Phase::kIdle && !parser.is_between()) {
      set_phase(slot, Phase::kBusy);
      deadline = io::after(options_.limits.request_time);
    }
    const auto what = parser.next();
    if (what == RequestParser::What::kContinue) {
      KNIT_CO_TRY_VOID(co_await send(stream, kContinue));
    } else if (what != RequestParser::What::kNeedInput) {
      co_return what;
    } else {
      KNIT_CO_TRY(const std::size_t n, co_await io::run_until(deadline, stream.read_some(buffer)));
      if (n == 0) co_return Error(ErrorCode::kUnavailable, "the client has ended the connection");
      parser.feed(std::span(buffer).first(n));
    }
  }
}

io::Task<Reply> Server::answer_while_wanted(TlsStream& stream, RequestParser& parser, Call call, bool owner) {
  io::Event gone;
  call.gone = &gone;
  io::TaskGroup watch;
  watch.spawn(watch_end(stream, parser, gone));
  Reply reply = co_await answer(std::move(call), owner);
  co_await watch.stop();
  co_return reply;
}

io::Task<Reply> Server::answer(Call call, bool owner) {
  if (unsent_ >= options_.limits.unsent * (owner ? 2 : 1))
    co_return try_again("too many answers wait to be taken: try again");
  const std::string what = call.method + " " + call.path;
  const io::Deadline deadline = call.deadline;
  std::string bug;
  try {
    auto reply = co_await io::run_until(deadline, handler_(std::move(call)));
    co_return reply ? *std::move(reply) : error_reply(reply.error());
  } catch (const std::exception& thrown) {
    bug = thrown.what();
  }
  note(fmt::format("bug in the answer to {}: {}", what, bug));
  co_return error_reply(Error(ErrorCode::kInternal, "bug: " + bug));
}

io::Task<Status> Server::send(io::Stream& stream, std::string text) {
  unsent_ += text.size();
  Status sent =
      co_await io::run_until(io::after(options_.limits.write_time), stream.write(io::as_bytes(text)));
  unsent_ -= text.size();
  co_return sent;
}

// The end of a connection whose last answer the client should see.
io::Task<void> Server::say_goodbye(TlsStream& stream) {
  const auto deadline = io::after(kGoodbye);
  if (!co_await io::run_until(deadline, stream.shut_down()) || stopping_) co_return;
  static_cast<void>(co_await io::run_until(deadline, read_rest(&stream.raw())));
}

}  // namespace knit::http
