// From other threads into the loop, and back.
#pragma once

#include <knit/result.h>

#include <functional>
#include <optional>
#include <stop_token>

#include "io/loop.h"
#include "io/task.h"

namespace knit::io {

namespace detail {
void call_on_void(Loop& loop, std::function<Task<void>()> make, std::stop_token stop);
}  // namespace detail

// Runs a task on a loop that another thread runs and waits for its end. When `stop` is set the task is
// cancelled, and still waited for. Never from the loop's own thread. What the task throws is thrown here.
template <class T>
Result<T> call_on(Loop& loop, std::function<Task<Result<T>>()> make, std::stop_token stop = {}) {
  std::optional<Result<T>> out;
  detail::call_on_void(
      loop,
      [&]() -> Task<void> {
        return [](std::function<Task<Result<T>>()>& make, std::optional<Result<T>>& out) -> Task<void> {
          out.emplace(co_await make());
        }(make, out);
      },
      stop);
  return std::move(*out);
}

}  // namespace knit::io
