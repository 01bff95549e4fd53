// How long the client waits for the machines behind a file system. For client's own files.
#pragma once

#include <chrono>

#include "io/wait.h"

namespace knit::client {

// A call to a NameNode, retries and failover to its partner included.
inline constexpr auto kNameNodeDeadline = std::chrono::seconds(60);
// One piece of a file, a pipeline that is built anew included.
inline constexpr auto kDataDeadline = std::chrono::minutes(5);
// Undoing after a failure or an interruption, as a whole.
inline constexpr auto kCleanupDeadline = std::chrono::seconds(10);

template <class T>
io::Task<Result<T>> bounded(io::Task<Result<T>> call, io::Duration limit = kNameNodeDeadline) {
  co_return co_await io::run_until(io::after(limit), std::move(call));
}

// Undoing, also in a cancelled task. True if it was one: its caller must end, for its operations work again.
// What cannot be undone now is left to a later sweep.
inline io::Task<bool> clean_up(io::Task<Status> steps) {
  const auto cancelled = co_await io::check_cancelled();
  co_await io::begin_cleanup();
  (void)co_await bounded(std::move(steps), kCleanupDeadline);
  co_return !cancelled;
}
inline Error given_up() {
  return Error(ErrorCode::kCancelled, "given up");
}

}  // namespace knit::client
