// The one place where a coroutine of io goes to sleep by other means than a socket.
#pragma once

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <list>
#include <memory>
#include <optional>
#include <utility>

#include "io/loop_impl.h"
#include "io/task.h"

namespace knit::io {

// One coroutine that waits to be woken. A wake() that finds it awake lets its next park() pass at once. Lives
// in the frame of the coroutine that parks.
class Waiter {
 public:
  Waiter() = default;
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  void wake(bool cancelled = false) {
    if (!parked_) {
      woken_early_ = true;
      return;
    }
    const auto parked = std::move(**parked_);
    current_loop().parked.erase(*std::exchange(parked_, std::nullopt));
    parked->resume(cancelled);
  }

  // True if the wait ended because this task was cancelled. Not cancellable: ends only by wake().
  Task<bool> park(bool cancellable = true) {
    if (cancellable) {
      const auto state = co_await boost::asio::this_coro::cancellation_state;
      if (state.cancelled() != boost::asio::cancellation_type::none) co_return true;
    }
    if (std::exchange(woken_early_, false)) co_return false;
    co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&, void(bool)>(
        [this, cancellable](auto handler) {
          auto slot = boost::asio::get_associated_cancellation_slot(handler);
          if (cancellable && slot.is_connected()) {
            slot.assign([this](boost::asio::cancellation_type) { wake(true); });
          }
          auto& all = current_loop().parked;
          parked_ = all.insert(all.end(), std::make_unique<ParkedAs<decltype(handler)>>(std::move(handler)));
        },
        boost::asio::use_awaitable);
  }

 private:
  // Boost 1.81's any_completion_handler recurses without end when moved, hence this type erasure of our own.
  template <class Handler>
  struct ParkedAs final : Parked {
    explicit ParkedAs(Handler handler) : handler(std::move(handler)) {}
    void resume(bool cancelled) override {
      auto slot = boost::asio::get_associated_cancellation_slot(handler);
      if (slot.is_connected()) slot.clear();
      boost::asio::post(current_loop().context, [handler = std::move(handler), cancelled]() mutable {
        std::move(handler)(cancelled);
      });
    }
    Handler handler;
  };

  std::optional<std::list<std::unique_ptr<Parked>>::iterator> parked_;
  bool woken_early_ = false;
};

}  // namespace knit::io
