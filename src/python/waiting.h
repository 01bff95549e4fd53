// Waiting for the Client as a Python program must: other threads run, and Ctrl-C ends it.
#pragma once

#include <knit/result.h>

#include <functional>
#include <optional>
#include <stop_token>

#include "python/errors.h"

namespace knit::python {

// Runs `work` here without the GIL: for what is bounded and cannot be broken off.
void run_without_gil(const std::function<void()>& work);

// Runs `call` on a thread of its own and waits for its end without the GIL, looking for signals now and then.
// Where the handler of a signal raises (KeyboardInterrupt), the call is told to stop; when it has ended that
// exception is thrown. Called with the GIL held; what `call` throws is thrown here.
void wait_without_gil(const std::function<void(std::stop_token)>& call);

template <class T>
T wait_for(const std::function<Result<T>(std::stop_token)>& call) {
  std::optional<Result<T>> result;
  wait_without_gil([&](std::stop_token stop) { result.emplace(call(std::move(stop))); });
  return must(*std::move(result));
}

}  // namespace knit::python
