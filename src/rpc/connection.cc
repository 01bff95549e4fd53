#include "rpc/connection.h"

#include <fmt/format.h>
#include <knit/duration.h>

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "io/task_group.h"

namespace knit::rpc {
namespace {

constexpr std::size_t kReadSize = 16 * 1024;
// How long the server's last words are waited for after a write failed: a FATAL with the reason may be on its
// way.
constexpr std::chrono::milliseconds kLastWords{1'000};

std::string text(io::Duration duration) {
  return to_text(std::chrono::ceil<std::chrono::milliseconds>(duration));
}

}  // namespace

Connection::Connection(Settings settings)
    : settings_(std::move(settings)),
      name_(fmt::format("{} at {}", settings_.service, io::to_string(settings_.address))),
      reader_(Negotiation::kMaxFrame),
      table_(settings_.limits.max_request),
      liveness_(settings_.limits, io::now()) {}

Connection::~Connection() = default;

io::Task<void> Connection::run(std::shared_ptr<Connection> self, io::Deadline deadline) {
  const io::TimePoint start = io::now();
  Status opened = co_await io::run_until(deadline, self->open());
  if (self->state_ == State::kClosed) {
    if (self->stream_) self->stream_->close();
    co_return;
  }
  if (!opened) {
    Error why = std::move(opened).error();
    if (why.code() == ErrorCode::kDeadlineExceeded) {
      why = Error(
          ErrorCode::kUnavailable,
          fmt::format("{} within {}",
                      self->authenticating_ ? "accepts connections, but did not answer" : "no connection",
                      text(io::now() - start)));
    }
    self->close(std::move(why).with_context(self->name_));
    co_return;
  }
  self->state_ = State::kOpen;
  self->reader_.set_limit(self->settings_.limits.max_response);
  self->calls_changed();
  self->opened_.set();

  io::TaskGroup beside;
  beside.spawn(write_calls(self));
  beside.spawn(keep_alive(self));
  Status ended = co_await self->read_answers();
  self->close(std::move(ended).error().with_context(self->name_));
  co_await beside.stop();
}

io::Task<Status> Connection::open() {
  auto connected = co_await settings_.connect(settings_.address);
  if (!connected) {
    Error why = std::move(connected).error();
    // A name that does not resolve is one more way not to reach the service; another address may.
    if (why.code() == ErrorCode::kNotFound) why = Error(ErrorCode::kUnavailable, why.message());
    co_return why;
  }
  stream_ = *std::move(connected);
  buffer_.resize(kReadSize);
  if (state_ == State::kClosed) co_return Error(ErrorCode::kCancelled, "closed");
  authenticating_ = true;
  KNIT_CO_TRY_VOID(co_await authenticate());
  authenticating_ = false;
  co_return Status();
}

io::Task<Status> Connection::authenticate() {
  const Identity& identity = settings_.identity;
  Negotiation negotiation(identity);
  std::string send = negotiation.start();
  while (!negotiation.done()) {
    KNIT_CO_TRY_VOID(co_await stream_->write(io::as_bytes(send)));
    KNIT_CO_TRY(auto frame, co_await read_frame());
    KNIT_CO_TRY(send, negotiation.receive(std::move(frame)));
  }
  const auto user = identity.token ? std::nullopt : std::optional(identity.user);
  first_output_ = send + context_frame(settings_.caller, settings_.protocol, user);
  co_return Status();
}

io::Task<Result<std::string>> Connection::read_frame() {
  while (true) {
    if (auto frame = reader_.next()) co_return *std::move(frame);
    KNIT_CO_TRY_VOID(reader_.append({}));  // what was met after the last whole frame
    KNIT_CO_TRY(const std::size_t n, co_await stream_->read_some(buffer_));
    if (n == 0) {
      co_return Error(ErrorCode::kUnavailable,
                      heard_ ? "it closed the connection" : "it closed the connection without an answer");
    }
    heard_ = true;
    liveness_.received(io::now());
    // An error comes to light when the frames before it are read.
    std::ignore = reader_.append(std::span(buffer_).first(n));
  }
}

io::Task<Status> Connection::read_answers() {
  while (true) {
    KNIT_CO_TRY(auto frame, co_await read_frame());
    KNIT_CO_TRY(const auto ended, table_.on_frame(std::move(frame)));
    if (ended) wake(*ended);
    calls_changed();
  }
}

io::Task<void> Connection::write_calls(std::shared_ptr<Connection> self) {
  while (self->state_ == State::kOpen) {
    if (!self->table_.has_output() && !self->ping_due_) {
      self->output_.reset();
      if (!co_await self->output_.wait()) co_return;
      continue;
    }
    std::string bytes = std::exchange(self->first_output_, {});
    bytes = bytes.empty() ? self->table_.take_output() : bytes + self->table_.take_output();
    if (std::exchange(self->ping_due_, false)) bytes += ping_frame(self->settings_.caller);
    Status written = co_await self->stream_->write(io::as_bytes(bytes));
    if (written) continue;
    if (!co_await io::sleep_for(kLastWords)) co_return;
    self->close(std::move(written).error().with_context(self->name_));
  }
}

io::Task<void> Connection::keep_alive(std::shared_ptr<Connection> self) {
  while (self->state_ == State::kOpen) {
    self->liveness_changed_.reset();
    Status changed = co_await io::run_until(self->liveness_.due(), self->liveness_changed_.wait());
    if (!changed && changed.error().code() == ErrorCode::kCancelled) co_return;
    switch (self->liveness_.act(io::now())) {
      case Liveness::Action::kNothing:
        break;
      case Liveness::Action::kPing:
        self->ping_due_ = true;
        self->output_.set();
        break;
      case Liveness::Action::kClose:
        self->close(Error(ErrorCode::kUnavailable, self->name_ + ": closed, it was idle"));
    }
  }
}

io::Task<Connection::Outcome> Connection::call(std::shared_ptr<Connection> self, CallHeader header,
                                               std::string request, io::Deadline connect_deadline,
                                               io::Duration timeout) {
  if (!self->usable()) co_return Outcome{Error(ErrorCode::kUnavailable, self->name_ + ": closed")};
  const std::int32_t id = header.call_id;
  auto frame = call_frame(self->settings_.caller, header, request);
  request = {};
  if (auto added = self->table_.add(id, std::move(frame), io::now()); !added) {
    co_return Outcome{std::move(added).error().with_context(self->name_)};
  }
  auto ended = std::make_shared<io::Event>();
  self->waiting_[id] = ended;
  self->calls_changed();
  self->output_.set();

  Status waited = co_await io::run_until(connect_deadline, self->opened_.wait());
  const bool connected = self->state_ != State::kConnecting;
  if (waited) waited = co_await io::run_until(io::after(timeout), ended->wait());
  self->waiting_.erase(id);
  // An answer that is there counts, whatever ended the waiting.
  if (auto end = self->table_.take(id)) {
    self->calls_changed();
    co_return Outcome{std::move(end->result), end->sent};
  }
  const bool silent = self->table_.is_silent_since(id, self->liveness_.last_received());
  const bool sent = self->table_.abandon(id);
  Error why = std::move(waited).error();
  if (why.code() == ErrorCode::kDeadlineExceeded) {
    why = connected ? self->no_answer(header.method, timeout) : self->not_connected(why);
    // Not a word since the call was made: the machine may be gone, and no further call should find that out.
    if (connected && silent) self->retire();
  }
  if (self->table_.abandoned() > CallTable::kMaxAbandoned) self->retire();
  self->calls_changed();
  co_return Outcome{std::move(why), sent};
}

Error Connection::not_connected(const Error& why) const {
  return Error(ErrorCode::kUnavailable, fmt::format("{}: not connected in time ({})", name_, why.message()));
}

Error Connection::no_answer(std::string_view method, io::Duration timeout) const {
  return Error(ErrorCode::kDeadlineExceeded,
               fmt::format("{}: no answer to {} within {}", name_, method, text(timeout)));
}

void Connection::retire() {
  retired_ = true;
  calls_changed();
}

void Connection::close(Error why) {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  if (stream_) stream_->close();
  for (const std::int32_t id : table_.fail(why)) wake(id);
  opened_.set();
  liveness_changed_.set();
}

void Connection::wake(std::int32_t call_id) {
  if (const auto found = waiting_.find(call_id); found != waiting_.end()) found->second->set();
}

void Connection::calls_changed() {
  if (state_ == State::kClosed) return;
  if (liveness_.set_open(table_.open(), io::now())) liveness_changed_.set();
  if (retired_ && table_.open() == 0 && waiting_.empty())
    close(Error(ErrorCode::kUnavailable, name_ + ": closed"));
}

}  // namespace knit::rpc
