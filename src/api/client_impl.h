// The inside of knit::Client, for api's own files.
#pragma once

#include <knit/client.h>
#include <unistd.h>

#include <thread>

#include "client/session.h"
#include "io/bridge.h"
#include "io/loop.h"

namespace knit {

struct Client::Impl {
  Impl() : thread([this] { loop.run_forever(); }) {}
  ~Impl() {
    (void)io::call_on<bool>(loop, [this]() -> io::Task<Result<bool>> {
      if (session) co_await session->close();
      session.reset();
      co_return true;
    });
    loop.stop();
    thread.join();
  }

  // Runs `make()` on the loop and waits for its end.
  template <class T>
  Result<T> call(std::function<io::Task<Result<T>>()> make, std::stop_token stop = {}) {
    if (getpid() != owner) {
      return Error(ErrorCode::kFailedPrecondition,
                   "this Client was made before a fork; open a new one in the child process");
    }
    return io::call_on<T>(loop, std::move(make), std::move(stop));
  }

  // The same for what is done for one application.
  template <class T>
  Result<T> call(const ApplicationId& id, std::function<io::Task<Result<T>>()> make,
                 std::stop_token stop = {}) {
    const auto marked = [&] {
      session->about(id);
      return make();
    };
    return call<T>(marked, std::move(stop));
  }

  const pid_t owner = getpid();
  io::Loop loop;
  std::unique_ptr<client::Session> session;
  std::thread thread;  // last: it starts when everything else is there
};

}  // namespace knit
