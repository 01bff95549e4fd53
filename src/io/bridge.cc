#include "io/bridge.h"

#include <future>
#include <memory>

#include "base/try.h"
#include "io/spawn.h"

namespace knit::io::detail {

void call_on_void(Loop& loop, std::function<Task<void>()> make, std::stop_token stop) {
  KNIT_ASSERT(Loop::current() != &loop, "a blocking call from the loop's own thread");
  std::promise<void> ended;
  auto child = std::make_shared<Child>();
  loop.post([&, child] {
    child->start(make(), [&ended, child] {
      try {
        child->rethrow();
        ended.set_value();
      } catch (...) {
        ended.set_exception(std::current_exception());
      }
    });
  });
  std::stop_callback cancel(stop, [&loop, child] { loop.post([child] { child->cancel(); }); });
  ended.get_future().get();
  // The child is the loop's: let it go there.
  loop.post([child = std::move(child)] {});
}

}  // namespace knit::io::detail
