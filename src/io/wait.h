// Deadlines, cancellation, sleeping and being woken.
//
// Cancellation is a value: a cancelled task's every operation in io answers ErrorCode::kCancelled at once,
// until begin_cleanup(). It is a state, not an edge: it cannot be missed.
#pragma once

#include <knit/result.h>

#include <memory>
#include <optional>

#include "io/clock.h"
#include "io/task.h"

namespace knit::io {

namespace detail {
// Runs `work` as a child that is cancelled when the deadline passes or the caller is cancelled; always waits
// for its end. True if the deadline passed first.
Task<bool> run_child(Deadline deadline, Task<void> work);

template <class T>
Task<void> store(Task<Result<T>> work, std::optional<Result<T>>& out) {
  out.emplace(co_await std::move(work));
}
Error deadline_error();
}  // namespace detail

// The only way to set a deadline. Gives `work`'s own result; where the deadline passed and `work` therefore
// ended with kCancelled, it is kDeadlineExceeded. A value that arrives although the deadline passed is kept,
// for what was done (a container started) was done. Returns only when `work` has ended.
template <class T>
Task<Result<T>> run_until(Deadline deadline, Task<Result<T>> work) {
  std::optional<Result<T>> out;
  const bool late = co_await detail::run_child(deadline, detail::store(std::move(work), out));
  if (late && !out->has_value() && out->error().code() == ErrorCode::kCancelled)
    co_return detail::deadline_error();
  co_return std::move(*out);
}

// kCancelled if this task has been cancelled. For loops that await nothing else in io.
Task<Status> check_cancelled();

// From here on this task's operations work again although it was cancelled, so that it can undo or say
// goodbye. Bound what follows by run_until. A second cancellation cancels again.
Task<void> begin_cleanup();

Task<Status> sleep_until(TimePoint when);
Task<Status> sleep_for(Duration duration);

// Lets others run.
Task<Status> yield();

// Somebody waits for something to happen on the same loop. Any number of waiters.
class Event {
 public:
  Event();
  ~Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  // Wakes all that wait, and lets later waits pass at once until reset().
  void set();
  void reset();
  bool is_set() const;
  // Wakes all that wait now, without letting later waits pass.
  void pulse();
  // Not cancellable: ends by set() or pulse() alone, also in a cancelled task, which remains cancelled.
  Task<Status> wait(bool cancellable = true);

 private:
  struct State;
  class Registration;
  std::shared_ptr<State> state_;
};

}  // namespace knit::io
