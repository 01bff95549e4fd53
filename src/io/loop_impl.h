// The inside of Loop, for io's own files.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>

#include "io/loop.h"

namespace knit::io {

// Timers live in one ordered map over one steady timer, so that a test can let time pass by hand.
class TimerQueue {
 public:
  using Key = std::pair<TimePoint, std::uint64_t>;

  explicit TimerQueue(bool manual) : manual_(manual) {}
  // Without a context manual time works, real time does not fire.
  void attach(boost::asio::io_context& context) { timer_.emplace(context); }
  void detach() { timer_.reset(); }

  TimePoint now() const { return manual_ ? manual_now_ : TimePoint(std::chrono::steady_clock::now()); }
  // `fire` runs on the loop once `when` has come, unless removed before.
  Key add(TimePoint when, std::function<void()> fire);
  void remove(const Key& key) { timers_.erase(key); }
  std::optional<TimePoint> next() const;
  void set_now(TimePoint now) { manual_now_ = now; }
  void fire_due();

 private:
  void arm();

  bool manual_;
  TimePoint manual_now_{std::chrono::hours(1)};
  std::optional<boost::asio::steady_timer> timer_;
  std::optional<TimePoint> armed_for_;
  std::map<Key, std::function<void()>> timers_;
  std::uint64_t next_id_ = 0;
};

// A coroutine that sleeps until somebody wakes it (waiter.h). The loop owns it, for a sleeping coroutine owns
// its own frame and would otherwise never be freed when the loop ends first.
struct Parked {
  virtual ~Parked() = default;
  virtual void resume(bool cancelled) = 0;
};

struct Loop::Impl {
  explicit Impl(Time time) : time(time), timers(time == Time::kManual) { timers.attach(context); }
  // The context's end destroys suspended coroutines, whose timers are then still removed from the queue.
  ~Impl() {
    timers.detach();
    while (!parked.empty()) {
      const auto first = std::move(parked.front());
      parked.pop_front();
    }
  }

  Time time;
  TimerQueue timers;
  // Asio's hint 1 counts outstanding work wrongly when a handler polls its own context, as a test's handler
  // that calls advance() does; with 2 it counts right.
  boost::asio::io_context context{time == Time::kManual ? 2 : 1};
  std::list<std::unique_ptr<Parked>> parked;
  std::optional<boost::asio::thread_pool> pool;  // made when first needed
  std::size_t calls_on_pool = 0;
};

// The loop this thread runs; a Bug where none does.
Loop::Impl& current_loop();

}  // namespace knit::io
