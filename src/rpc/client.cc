#include "rpc/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <random>
#include <utility>

#include "base/try.h"
#include "io/task_group.h"
#include "rpc/error_map.h"
#include "rpc/failover.h"
#include "security/random.h"

namespace knit::rpc {
namespace {

std::function<double()> random_chance() {
  return [engine = std::minstd_rand(std::random_device{}())]() mutable {
    return std::uniform_real_distribution<double>(0, 1)(engine);
  };
}

// What the last try at each address ended with.
class Trail {
 public:
  void add(std::size_t address, const Error& error) { errors_.insert_or_assign(address, error.message()); }

  // The error of the whole call: the last one, and those of the other addresses behind it. They name their
  // addresses.
  Error summary(const Error& last, std::size_t last_address) const {
    std::string message = last.message();
    for (const auto& [address, text] : errors_) {
      if (address != last_address) message += "; " + text;
    }
    return Error(last.code(), std::move(message), last.remote_exception());
  }

 private:
  std::map<std::size_t, std::string> errors_;
};

}  // namespace

struct Client::Impl {
  Impl(Service service_in, Limits limits_in, Wiring wiring_in)
      : service(std::move(service_in)), limits(limits_in), wiring(std::move(wiring_in)) {
    KNIT_ASSERT(!service.addresses.empty(), service.name + " has no address");
    connections.resize(service.addresses.size());
    if (!wiring.connect) wiring.connect = io::connect;
    if (!wiring.chance) wiring.chance = random_chance();
  }

  static io::Task<Result<std::string>> call(std::shared_ptr<Impl> self, std::string method,
                                            std::string request, CallOptions options);
  Status admit(const std::string& method, const std::string& request);
  std::shared_ptr<Connection> connection(std::size_t address, io::Deadline deadline);
  std::string name(std::size_t address) const;
  std::string caller_context() const { return service.caller_context ? service.caller_context() : ""; }
  io::Duration patience(io::Duration timeout) const;
  void close_all(const Error& why);

  Service service;
  Limits limits;
  Wiring wiring;
  std::vector<std::shared_ptr<Connection>> connections;  // by address; null: none
  std::vector<std::weak_ptr<Connection>> retired;        // running empty
  std::size_t last_good = 0;                             // the address that answered last
  bool answered = false;                                 // any address ever did
  std::uint32_t next_call_id = 0;
  bool closed = false;
  io::Event closing;
  io::TaskGroup tasks;  // the connections' lives
};

Status Client::Impl::admit(const std::string& method, const std::string& request) {
  if (closed) return Error(ErrorCode::kCancelled, service.name + ": the client was closed");
  if (request.size() > limits.max_request) {
    return Error(ErrorCode::kResourceExhausted,
                 fmt::format("{}: a request of {} bytes for {} is over the limit of {} bytes", service.name,
                             request.size(), method, limits.max_request));
  }
  if (wiring.client_id.empty()) {
    KNIT_TRY(wiring.client_id, security::random_bytes(kClientIdSize));
  }
  return {};
}

std::string Client::Impl::name(std::size_t address) const {
  return fmt::format("{} at {}", service.name, io::to_string(service.addresses[address]));
}

std::shared_ptr<Connection> Client::Impl::connection(std::size_t address, io::Deadline deadline) {
  auto& slot = connections[address];
  if (slot && slot->usable()) {
    slot->set_caller_context(caller_context());
    return slot;
  }
  if (slot) {
    std::erase_if(retired, [](const auto& old) { return old.expired(); });
    retired.push_back(slot);
  }
  slot = std::make_shared<Connection>(Connection::Settings{.service = service.name,
                                                           .protocol = service.protocol,
                                                           .address = service.addresses[address],
                                                           .identity = service.identity,
                                                           .caller = {wiring.client_id, caller_context()},
                                                           .limits = limits,
                                                           .connect = wiring.connect});
  tasks.spawn(Connection::run(slot, deadline));
  return slot;
}

// How long a try waits for its answer.
io::Duration Client::Impl::patience(io::Duration timeout) const {
  if (answered || !limits.first_answer) return timeout;
  return std::min<io::Duration>(timeout, *limits.first_answer / static_cast<int>(connections.size()));
}

void Client::Impl::close_all(const Error& why) {
  for (const auto& weak : std::exchange(retired, {})) {
    if (const auto old = weak.lock()) old->close(why);
  }
  for (auto& slot : connections) {
    if (const auto open = std::exchange(slot, nullptr)) open->close(why);
  }
}

io::Task<Result<std::string>> Client::Impl::call(std::shared_ptr<Impl> self, std::string method,
                                                 std::string request, CallOptions options) {
  KNIT_CO_TRY_VOID(self->admit(method, request));
  const auto call_id = static_cast<std::int32_t>(self->next_call_id++ & 0x7fffffff);
  const io::Duration timeout = options.timeout.value_or(self->limits.call_timeout);
  Attempts attempts(self->limits, self->connections.size(), self->last_good, self->answered, io::now());
  Trail trail;
  while (true) {
    const std::size_t address = attempts.address();
    const io::Deadline deadline = attempts.connect_deadline(io::now());
    const CallHeader header{call_id, attempts.retry_count(), method, self->service.protocol};
    const io::Duration patience = self->patience(timeout);
    auto outcome =
        co_await Connection::call(self->connection(address, deadline), header, request, deadline, patience);
    if (outcome.result) {
      self->last_good = address;
      self->answered = true;
      co_return std::move(outcome.result);
    }
    Error error = std::move(outcome.result).error();
    // Nobody who hangs from the start is there: to be given up as one who cannot be connected to.
    const bool absent = patience < timeout && error.code() == ErrorCode::kDeadlineExceeded;
    if (absent) error = Error(ErrorCode::kUnavailable, error.message());
    const Disposition next = disposition(error, options.repeat, outcome.sent);
    if (next == Disposition::kFail) {
      // The service is alive if it answered this call.
      if (!error.remote_exception().empty()) self->answered = true;
      co_return error;
    }
    if (!error.remote_exception().empty()) error = std::move(error).with_context(self->name(address));
    trail.add(address, error);
    const auto again = attempts.after(next, error, outcome.sent && !absent, io::now(), self->wiring.chance());
    if (!again) co_return trail.summary(error, address);
    Status waited = co_await io::run_until(*again, self->closing.wait());
    if (waited || self->closed)
      co_return Error(ErrorCode::kCancelled, self->service.name + ": the client was closed");
    if (waited.error().code() == ErrorCode::kCancelled) co_return waited.error();
  }
}

Client::Client(Service service, Limits limits, Wiring wiring)
    : impl_(std::make_shared<Impl>(std::move(service), limits, std::move(wiring))) {}

Client::~Client() {
  impl_->closed = true;
  impl_->close_all(Error(ErrorCode::kCancelled, impl_->service.name + ": the client was closed"));
  impl_->closing.set();
  impl_->tasks.cancel();
}

io::Task<Result<std::string>> Client::call(std::string method, std::string request, CallOptions options) {
  return Impl::call(impl_, std::move(method), std::move(request), options);
}

void Client::use_token(security::Token token) {
  impl_->service.identity.token = std::move(token);
  for (auto& slot : impl_->connections) {
    if (!slot) continue;
    impl_->retired.push_back(slot);
    std::exchange(slot, nullptr)->retire();
  }
}

const Service& Client::service() const {
  return impl_->service;
}

}  // namespace knit::rpc
