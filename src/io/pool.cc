#include "io/pool.h"

#include <boost/asio/post.hpp>

#include "base/try.h"
#include "io/loop_impl.h"
#include "io/wait.h"

namespace knit::io::detail {

Task<Status> run_on_pool(std::function<void()> work) {
  namespace asio = boost::asio;
  KNIT_CO_TRY_VOID(co_await check_cancelled());
  auto& loop = current_loop();
  if (!loop.pool) loop.pool.emplace(4);
  auto done = std::make_shared<Event>();
  asio::post(*loop.pool,
             [work = std::move(work), done, guard = asio::make_work_guard(loop.context)]() mutable {
               work();
               asio::post(guard.get_executor(), [done] { done->set(); });
             });
  co_return co_await done->wait();
}

}  // namespace knit::io::detail
