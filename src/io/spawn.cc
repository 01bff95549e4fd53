#include "io/spawn.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include "io/loop_impl.h"

namespace knit::io {
namespace {

namespace asio = boost::asio;

Task<void> with_quiet_cancellation(Task<void> task) {
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await std::move(task);
}

}  // namespace

struct Child::State {
  asio::cancellation_signal signal;
  std::function<void()> on_end;
  std::exception_ptr thrown;
  bool ended = false;
};

Child::Child() : state_(std::make_shared<State>()) {}

Child::~Child() {
  state_->on_end = nullptr;
  if (!state_->ended) state_->signal.emit(asio::cancellation_type::terminal);
}

void Child::start(Task<void> task, std::function<void()> on_end) {
  state_->on_end = std::move(on_end);
  asio::co_spawn(
      current_loop().context, with_quiet_cancellation(std::move(task)),
      asio::bind_cancellation_slot(state_->signal.slot(), [state = state_](std::exception_ptr thrown) {
        state->ended = true;
        state->thrown = thrown;
        if (auto on_end = std::exchange(state->on_end, nullptr)) on_end();
      }));
}

void Child::cancel() {
  if (!state_->ended) state_->signal.emit(asio::cancellation_type::terminal);
}

bool Child::ended() const {
  return state_->ended;
}

void Child::rethrow() const {
  if (state_->thrown) std::rethrow_exception(state_->thrown);
}

}  // namespace knit::io
