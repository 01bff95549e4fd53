// Background work that somebody owns.
#pragma once

#include <memory>
#include <string>

#include "io/task.h"

namespace knit::io {

// Tasks that run beside their owner. The owner calls `co_await stop()` (cancels all, waits for their ends) or
// `co_await join()` before it goes; a group destroyed with running tasks cancels them and lets them end on
// the loop by themselves, so they must not refer to the owner then. An owner that is cancelled in stop() or
// join() cancels its tasks, waits for their ends all the same, and is still cancelled afterwards. An
// exception (Bug) in a task is thrown by stop() and join().
class TaskGroup {
 public:
  TaskGroup();
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  // Starts `task` on the current loop: it runs at once, up to its first wait.
  void spawn(Task<void> task);
  std::size_t running() const;
  // Cancels every task without waiting.
  void cancel();
  Task<void> stop();
  Task<void> join();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace knit::io
