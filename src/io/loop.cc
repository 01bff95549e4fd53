#include "io/loop.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>

#include "base/try.h"
#include "io/loop_impl.h"
#include "io/wait.h"

namespace knit::io {
namespace {

namespace asio = boost::asio;

thread_local Loop* t_current = nullptr;

class CurrentScope {
 public:
  explicit CurrentScope(Loop* loop) : before_(t_current) { t_current = loop; }
  ~CurrentScope() { t_current = before_; }

 private:
  Loop* before_;
};

Task<void> never_throwing_cancellation(Task<void> task) {
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await std::move(task);
}

}  // namespace

TimerQueue::Key TimerQueue::add(TimePoint when, std::function<void()> fire) {
  const Key key{when, next_id_++};
  timers_.emplace(key, std::move(fire));
  arm();
  return key;
}

std::optional<TimePoint> TimerQueue::next() const {
  if (timers_.empty()) return std::nullopt;
  return timers_.begin()->first.first;
}

void TimerQueue::fire_due() {
  // What a timer's function adds for "now" waits for the next round, so that a loop of zero sleeps cannot
  // hang this.
  const TimePoint now = this->now();
  const std::uint64_t newest = next_id_;
  for (auto it = timers_.begin(); it != timers_.end() && it->first.first <= now;) {
    if (it->first.second >= newest) {
      ++it;
      continue;
    }
    auto fire = std::move(it->second);
    timers_.erase(it);
    fire();
    it = timers_.begin();
  }
}

void TimerQueue::arm() {
  if (manual_ || timers_.empty() || !timer_) return;
  const TimePoint first = timers_.begin()->first.first;
  if (armed_for_ && *armed_for_ <= first) return;
  armed_for_ = first;
  timer_->expires_at(std::chrono::time_point_cast<std::chrono::steady_clock::duration>(first));
  timer_->async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    armed_for_.reset();
    fire_due();
    arm();
  });
}

Loop::Loop(Time time) : impl_(std::make_unique<Impl>(time)) {}

Loop::~Loop() {
  if (impl_->pool) impl_->pool->join();
  CurrentScope scope(this);
  // Coroutines that still wait are destroyed with the context and may ask for their loop meanwhile.
  delete impl_.get();
  (void)impl_.release();
}

void Loop::run_void(Task<void> task) {
  CurrentScope scope(this);
  bool done = false;
  std::exception_ptr thrown;
  asio::co_spawn(impl_->context, never_throwing_cancellation(std::move(task)), [&](std::exception_ptr error) {
    done = true;
    thrown = error;
  });
  impl_->context.restart();
  while (!done) {
    // Manual time: sockets may still bring something in a moment of real time, a call on the pool in more.
    const bool manual = impl_->time == Time::kManual;
    const std::chrono::milliseconds patience(impl_->calls_on_pool > 0 ? 60'000 : 500);
    const auto ran = manual ? impl_->context.run_one_for(patience) : impl_->context.run_one();
    if (ran == 0)
      throw Bug(manual ? "everything waits and no time passes: advance() the loop"
                       : "the loop has nothing left to do, but its main task has not ended");
  }
  if (thrown) std::rethrow_exception(thrown);
}

void Loop::run_forever() {
  CurrentScope scope(this);
  auto guard = asio::make_work_guard(impl_->context);
  impl_->context.restart();
  impl_->context.run();
}

void Loop::stop() {
  impl_->context.stop();
}

void Loop::post(std::function<void()> work) {
  asio::post(impl_->context, std::move(work));
}

void Loop::run_ready() {
  CurrentScope scope(this);
  impl_->context.restart();
  while (impl_->context.poll() > 0) {
  }
}

void Loop::advance(Duration d) {
  KNIT_ASSERT(impl_->time == Time::kManual, "only a loop with manual time can be advanced");
  CurrentScope scope(this);
  const TimePoint until = impl_->timers.now() + d;
  run_ready();
  while (const auto next = impl_->timers.next()) {
    if (*next > until) break;
    impl_->timers.set_now(std::max(*next, impl_->timers.now()));
    impl_->timers.fire_due();
    run_ready();
  }
  impl_->timers.set_now(until);
  run_ready();
}

TimePoint Loop::now() const {
  return impl_->timers.now();
}

std::chrono::sys_time<std::chrono::milliseconds> Loop::wall_now() const {
  using std::chrono::milliseconds;
  if (impl_->time == Time::kReal)
    return std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
  // An arbitrary fixed day, so that tests may compare texts.
  const auto start = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);
  return start + std::chrono::duration_cast<milliseconds>(impl_->timers.now().time_since_epoch());
}

Loop* Loop::current() {
  return t_current;
}

Loop::Impl& current_loop() {
  KNIT_ASSERT(t_current != nullptr, "no event loop runs on this thread");
  return t_current->impl();
}

TimePoint now() {
  return current_loop().timers.now();
}

Deadline after(Duration duration) {
  const TimePoint start = now();
  return duration >= kNoDeadline - start ? kNoDeadline : start + duration;
}

std::chrono::sys_time<std::chrono::milliseconds> wall_now() {
  KNIT_ASSERT(t_current != nullptr, "no event loop runs on this thread");
  return t_current->wall_now();
}

}  // namespace knit::io
