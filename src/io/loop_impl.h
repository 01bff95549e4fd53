// The inside of Loop, for io's own files.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <map>
#include <optional>

#include "io/loop.h"

namespace knit::io {

// Timers live in one ordered map over one steady timer, so that a test can let time pass by hand.
class TimerQueue {
 public:
  using Key = std::pair<TimePoint, std::uint64_t>;

  TimerQueue(boost::asio::io_context& context, bool manual) : manual_(manual), timer_(context) {}

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
  boost::asio::steady_timer timer_;
  std::optional<TimePoint> armed_for_;
  std::map<Key, std::function<void()>> timers_;
  std::uint64_t next_id_ = 0;
};

struct Loop::Impl {
  explicit Impl(Time time) : time(time), timers(context, time == Time::kManual) {}

  Time time;
  boost::asio::io_context context{1};
  TimerQueue timers;
  std::optional<boost::asio::thread_pool> pool;  // made when first needed
};

// The loop this thread runs; a Bug where none does.
Loop::Impl& current_loop();

}  // namespace knit::io
