#include "python/waiting.h"

#include <nanobind/nanobind.h>
#include <unistd.h>

#include <chrono>
#include <exception>
#include <future>
#include <thread>

namespace nb = nanobind;

namespace knit::python {
namespace {

// How long a signal may go unnoticed.
constexpr auto kSlice = std::chrono::milliseconds(50);

bool interpreter_ends() {
#if PY_VERSION_HEX >= 0x030d0000
  return Py_IsFinalizing() != 0;
#else
  return _Py_IsFinalizing() != 0;
#endif
}

// A daemon thread that asks for the GIL while the main thread ends the interpreter would be unwound by
// CPython (before 3.14) through frames that must not be: it stays here until the process has ended, as it
// does from 3.14 on.
void take_gil(PyThreadState* state) {
  while (interpreter_ends() && gettid() != getpid()) pause();
  PyEval_RestoreThread(state);
}

}  // namespace

void run_without_gil(const std::function<void()>& work) {
  auto* state = PyEval_SaveThread();
  work();
  take_gil(state);
}

void wait_without_gil(const std::function<void(std::stop_token)>& call) {
  std::stop_source stop;
  std::promise<void> promise;
  const auto ended = promise.get_future().share();
  std::thread worker([&] {
    try {
      call(stop.get_token());
      promise.set_value();
    } catch (...) {
      promise.set_exception(std::current_exception());
    }
  });
  std::optional<nb::python_error> interrupt;
  auto* state = PyEval_SaveThread();
  while (ended.wait_for(kSlice) != std::future_status::ready) {
    take_gil(state);
    if (PyErr_CheckSignals() != 0) {
      interrupt.emplace();
      stop.request_stop();
    }
    state = PyEval_SaveThread();
  }
  worker.join();
  take_gil(state);
  if (interrupt) throw *interrupt;
  ended.get();
}

}  // namespace knit::python
