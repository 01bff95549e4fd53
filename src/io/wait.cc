#include "io/wait.h"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <list>

#include "base/try.h"
#include "io/spawn.h"
#include "io/waiter.h"

namespace knit::io {
namespace {

namespace asio = boost::asio;

Error cancelled() {
  return Error(ErrorCode::kCancelled, "cancelled");
}

// Removes its timer when it goes.
class ScopedTimer {
 public:
  ScopedTimer(TimePoint when, std::function<void()> fire) {
    if (when != kNoDeadline) key_ = current_loop().timers.add(when, std::move(fire));
  }
  ~ScopedTimer() {
    if (key_) current_loop().timers.remove(*key_);
  }
  ScopedTimer(const ScopedTimer&) = delete;
  ScopedTimer& operator=(const ScopedTimer&) = delete;

 private:
  std::optional<TimerQueue::Key> key_;
};

// A child runs at once up to its first wait. That of a cancelled caller lets its own cancellation come first:
// later it would cut off what the child has begun to clean up.
Task<void> once_cancelled(Task<void> work) {
  co_await asio::post(asio::use_awaitable);
  co_await std::move(work);
}

}  // namespace

namespace detail {

Error deadline_error() {
  return Error(ErrorCode::kDeadlineExceeded, "the deadline passed");
}

Task<bool> run_child(Deadline deadline, Task<void> work) {
  const auto state = co_await asio::this_coro::cancellation_state;
  const bool cancelled = state.cancelled() != asio::cancellation_type::none;
  Child child;
  Waiter waiter;
  child.start(cancelled ? once_cancelled(std::move(work)) : std::move(work), [&waiter] { waiter.wake(); });
  bool late = false;
  if (cancelled) child.cancel();
  {
    ScopedTimer timer(deadline, [&] {
      late = true;
      child.cancel();
    });
    // Woken by our own cancellation: pass it on and wait for the end all the same.
    if (!child.ended() && co_await waiter.park()) child.cancel();
    while (!child.ended()) co_await waiter.park(false);
  }
  child.rethrow();
  co_return late;
}

}  // namespace detail

Task<Status> check_cancelled() {
  const auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none) co_return cancelled();
  co_return Status();
}

Task<void> begin_cleanup() {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
}

Task<Status> sleep_until(TimePoint when) {
  Waiter waiter;
  ScopedTimer timer(when, [&waiter] { waiter.wake(); });
  if (co_await waiter.park()) co_return cancelled();
  co_return Status();
}

Task<Status> sleep_for(Duration duration) {
  return sleep_until(after(duration));
}

Task<Status> yield() {
  return sleep_until(now());
}

struct Event::State {
  bool set = false;
  std::list<Waiter*> waiters;

  void wake_all() {
    for (Waiter* waiter : std::exchange(waiters, {})) waiter->wake();
  }
};

class Event::Registration {
 public:
  Registration(State& state, Waiter& waiter) : state_(state), waiter_(waiter) {
    state_.waiters.push_back(&waiter_);
  }
  ~Registration() { state_.waiters.remove(&waiter_); }
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;

 private:
  State& state_;
  Waiter& waiter_;
};

Event::Event() : state_(std::make_shared<State>()) {}
Event::~Event() = default;

void Event::set() {
  state_->set = true;
  state_->wake_all();
}

void Event::reset() {
  state_->set = false;
}
bool Event::is_set() const {
  return state_->set;
}
void Event::pulse() {
  state_->wake_all();
}

Task<Status> Event::wait(bool cancellable) {
  auto state = state_;  // the Event may go while we wait
  if (cancellable) KNIT_CO_TRY_VOID(co_await check_cancelled());
  if (state->set) co_return Status();
  Waiter waiter;
  // Also when the loop goes and destroys this frame in its sleep: what is destroyed next may still pulse.
  const Registration registration(*state, waiter);
  if (co_await waiter.park(cancellable)) co_return cancelled();
  co_return Status();
}

}  // namespace knit::io
