// Calls that block, away from the loop's thread.
#pragma once

#include <knit/result.h>

#include <functional>
#include <memory>
#include <optional>

#include "io/task.h"

namespace knit::io {

namespace detail {
// Runs `work` on the pool and waits for it; kCancelled leaves it running, so `work` must own what it touches.
Task<Status> run_on_pool(std::function<void()> work);
}  // namespace detail

// Runs a blocking call on one of at most 4 threads. What it throws is thrown here. If the waiting task is
// cancelled the call goes on, and its result is dropped: `call` must own everything it uses.
template <class T>
Task<Result<T>> run_blocking(std::function<Result<T>()> call) {
  auto out = std::make_shared<std::optional<Result<T>>>();
  Status ended = co_await detail::run_on_pool([out, call = std::move(call)] { out->emplace(call()); });
  if (!ended) co_return std::move(ended).error();
  co_return std::move(**out);
}

}  // namespace knit::io
