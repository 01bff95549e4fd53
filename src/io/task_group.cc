#include "io/task_group.h"

#include <list>

#include "io/spawn.h"
#include "io/wait.h"
#include "io/waiter.h"

namespace knit::io {

struct TaskGroup::State {
  std::list<Child> children;
  std::exception_ptr thrown;
  Event idle;
};

TaskGroup::TaskGroup() : state_(std::make_shared<State>()) {
  state_->idle.set();
}

TaskGroup::~TaskGroup() = default;

void TaskGroup::spawn(Task<void> task) {
  state_->idle.reset();
  const auto child = state_->children.emplace(state_->children.end());
  child->start(std::move(task), [weak = std::weak_ptr(state_), child] {
    const auto state = weak.lock();
    if (!state) return;
    try {
      child->rethrow();
    } catch (...) {
      if (!state->thrown) state->thrown = std::current_exception();
    }
    state->children.erase(child);
    if (state->children.empty()) state->idle.set();
  });
}

std::size_t TaskGroup::running() const {
  return state_->children.size();
}

void TaskGroup::cancel() {
  for (Child& child : state_->children) child.cancel();
}

Task<void> TaskGroup::stop() {
  cancel();
  return join();
}

Task<void> TaskGroup::join() {
  auto state = state_;
  bool cancelled = false;
  while (!state->children.empty()) {
    if (co_await state->idle.wait(!cancelled)) continue;
    cancelled = true;
    for (Child& child : state->children) child.cancel();
  }
  if (state->thrown) std::rethrow_exception(std::exchange(state->thrown, nullptr));
}

}  // namespace knit::io
