// The event loop: one thread that runs every coroutine, timer and socket of a program or of a knit::Runtime.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "io/clock.h"
#include "io/task.h"

namespace knit::io {

// Owns the sockets' reactor, the timers and a pool of at most 4 threads for calls that block. Everything but
// post() belongs to the thread that runs it. Whatever waits on the loop must be gone before it.
class Loop {
 public:
  enum class Time {
    kReal,
    kManual,  // for tests: stands still until advance()
  };
  explicit Loop(Time time = Time::kReal);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs until `task` has ended and returns what it returned. With manual time it throws Bug when the task
  // can never end because everything waits and no time passes.
  template <class T>
  T run(Task<T> task) {
    std::optional<T> out;
    run_void(store(std::move(task), out));
    return std::move(*out);
  }
  void run(Task<void> task) { run_void(std::move(task)); }

  // Runs until stop(); for a runtime's own thread.
  void run_forever();
  // Thread-safe.
  void stop();
  // Thread-safe: runs `work` on the loop's thread soon.
  void post(std::function<void()> work);

  // Manual time: lets `d` pass, firing timers in order and running everything that becomes ready at each.
  void advance(Duration d);
  // Runs whatever is ready now, without letting time pass.
  void run_ready();

  TimePoint now() const;
  std::chrono::sys_time<std::chrono::milliseconds> wall_now() const;

  // The loop that runs on this thread, or nullptr.
  static Loop* current();

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  template <class T>
  static Task<void> store(Task<T> task, std::optional<T>& out) {
    out.emplace(co_await std::move(task));
  }
  void run_void(Task<void> task);
  std::unique_ptr<Impl> impl_;
};

}  // namespace knit::io
