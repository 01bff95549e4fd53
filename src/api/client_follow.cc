#include <fmt/format.h>
#include <knit/client.h>
#include <knit/duration.h>

#include "api/client_impl.h"
#include "base/try.h"
#include "client/application_view.h"
#include "client/control.h"
#include "client/describe.h"
#include "client/log_reader.h"
#include "io/wait.h"

namespace knit {

Result<Description> Client::describe(const ApplicationId& id) {
  return impl_->call<Description>(id, [&] { return client::describe_application(*impl_->session, id); });
}

Result<RunResult> Client::wait(const ApplicationId& id, std::optional<std::chrono::milliseconds> timeout,
                               std::stop_token stop) {
  const auto make = [&]() -> io::Task<Result<RunResult>> {
    const auto deadline = timeout ? io::after(*timeout) : io::kNoDeadline;
    auto result = co_await io::run_until(deadline, client::await_application(*impl_->session, id));
    if (!result && result.error().code() == ErrorCode::kDeadlineExceeded && timeout &&
        io::now() >= deadline) {
      co_return Error(ErrorCode::kDeadlineExceeded,
                      fmt::format("{} has not ended within {}", to_string(id), to_text(*timeout)));
    }
    if (result) co_await client::forget_key(*impl_->session, id);
    co_return result;
  };
  return impl_->call<RunResult>(id, make, std::move(stop));
}

Result<RunResult> Client::follow(const ApplicationId& id, const FollowOptions& options,
                                 RunObserver& observer) {
  const auto make = [&]() -> io::Task<Result<RunResult>> {
    auto result = co_await client::follow_application(*impl_->session, id, options, observer);
    if (result) co_await client::forget_key(*impl_->session, id);
    co_return result;
  };
  return impl_->call<RunResult>(id, make, options.stop);
}

Status Client::logs(const ApplicationId& id, const LogsOptions& options,
                    const std::function<Status(const LogPiece&)>& sink,
                    const std::function<void(const std::string&)>& notice) {
  const auto make = [&]() -> io::Task<Result<bool>> {
    KNIT_CO_TRY_VOID(co_await client::read_application_logs(*impl_->session, id, options, {sink, notice}));
    co_return true;
  };
  auto done = impl_->call<bool>(id, make, options.stop);
  return done ? Status() : Status(std::move(done).error());
}

}  // namespace knit
