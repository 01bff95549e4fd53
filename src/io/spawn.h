// The one place that starts coroutines beside their parents.
#pragma once

#include <exception>
#include <functional>
#include <memory>

#include "io/task.h"

namespace knit::io {

// One task that runs beside its owner, on the current loop. Destroyed while the task runs, it cancels the
// task and lets it end by itself.
class Child {
 public:
  Child();
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // `on_end` runs on the loop when the task has ended, unless this Child is gone by then.
  void start(Task<void> task, std::function<void()> on_end);
  // Makes every operation of the task in io answer kCancelled.
  void cancel();
  bool ended() const;
  // Throws what the task threw.
  void rethrow() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace knit::io
