#include "io/pool.h"

#include <boost/asio/post.hpp>
#include <exception>

#include "base/try.h"
#include "io/loop_impl.h"
#include "io/wait.h"

namespace knit::io::detail {

Task<Status> run_on_pool(std::function<void()> work) {
  namespace asio = boost::asio;
  KNIT_CO_TRY_VOID(co_await check_cancelled());
  auto& loop = current_loop();
  if (!loop.pool) loop.pool.emplace(4);
  struct Call {
    Event ended;
    std::exception_ptr thrown;
  };
  auto call = std::make_shared<Call>();
  ++loop.calls_on_pool;
  asio::post(*loop.pool,
             [&loop, work = std::move(work), call, guard = asio::make_work_guard(loop.context)]() mutable {
               try {
                 work();
               } catch (...) {
                 call->thrown = std::current_exception();
               }
               work = nullptr;  // what it holds goes before its caller goes on
               asio::post(guard.get_executor(), [&loop, call] {
                 --loop.calls_on_pool;
                 call->ended.set();
               });
             });
  KNIT_CO_TRY_VOID(co_await call->ended.wait());
  if (call->thrown) std::rethrow_exception(call->thrown);
  co_return Status();
}

}  // namespace knit::io::detail
