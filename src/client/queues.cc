#include "client/queues.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/try.h"
#include "client/bounds.h"
#include "client/web_page.h"
#include "yarn/scheduler_page.h"

namespace knit::client {
namespace {

constexpr std::size_t kMaxShown = 20;

void collect(const QueueInfo& queue, const std::vector<yarn::QueueAccess>& access,
             std::vector<std::string>& out) {
  if (takes_applications(queue) && may_submit(access, queue) == true) out.push_back(queue.name);
  for (const auto& child : queue.children) collect(child, access, out);
}

std::string other_queues(const QueueFacts& facts) {
  return facts.open.empty() ? "" : "; you may submit to " + list_of(facts.open);
}

}  // namespace

bool takes_applications(const QueueInfo& queue) {
  return queue.children.empty() && queue.state != QueueState::kStopped &&
         queue.state != QueueState::kDraining;
}

std::optional<bool> may_submit(const std::vector<yarn::QueueAccess>& access, const QueueInfo& queue) {
  std::optional<bool> may;
  for (const auto& one : access) {
    if (yarn::is_queue(one.queue, queue.name, queue.path)) may = may.value_or(false) || one.may_submit;
  }
  return may;
}

std::vector<std::string> usable_queues(const QueueInfo& root, const std::vector<yarn::QueueAccess>& access) {
  std::vector<std::string> out;
  collect(root, access, out);
  return out;
}

io::Task<Result<std::vector<std::string>>> usable_queues(yarn::ResourceManager& resource_manager) {
  KNIT_CO_TRY(const auto access, co_await bounded(resource_manager.queue_access()));
  KNIT_CO_TRY(const auto root, co_await bounded(resource_manager.queue("root", true, true)));
  co_return usable_queues(root, access);
}

io::Task<Result<QueueFacts>> queue_facts(yarn::ResourceManager& resource_manager, std::string queue) {
  QueueFacts facts;
  const auto info = co_await bounded(resource_manager.queue(queue, true, false));
  if (info) facts.info = *info;
  if (!info && info.error().code() != ErrorCode::kNotFound) co_return info.error();
  if (const auto dot = queue.rfind('.'); !info && dot != std::string::npos) {
    const auto parent = co_await bounded(resource_manager.queue(queue.substr(0, dot), false, false));
    facts.has_parent = parent.has_value();
  }
  const auto access = co_await bounded(resource_manager.queue_access());
  if (access && facts.info) facts.may_submit = may_submit(*access, *facts.info);
  if (!facts.info || !takes_applications(*facts.info) || facts.may_submit == false) {
    if (auto open = co_await usable_queues(resource_manager)) facts.open = *std::move(open);
  }
  co_return facts;
}

Status check_target(const QueueFacts& facts, const std::string& user) {
  if (!facts.info && facts.has_parent) return {};
  if (!facts.info) return Error(ErrorCode::kNotFound, "there is no such queue" + other_queues(facts));
  if (!facts.info->children.empty()) {
    std::vector<std::string> children;
    for (const auto& child : facts.info->children) children.push_back(child.name);
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("applications run in its parts alone: {}", fmt::join(children, ", ")));
  }
  if (!takes_applications(*facts.info)) {
    return Error(ErrorCode::kPermissionDenied,
                 fmt::format("the queue is {} and takes no applications; an administrator can start it{}",
                             to_string(facts.info->state), other_queues(facts)));
  }
  if (facts.may_submit == false) {
    return Error(ErrorCode::kPermissionDenied,
                 fmt::format("'{}' may not submit to this queue{}", user, other_queues(facts)));
  }
  return {};
}

std::string list_of(const std::vector<std::string>& queues) {
  const auto count = std::min(queues.size(), kMaxShown);
  const auto end = queues.begin() + static_cast<std::ptrdiff_t>(count);
  return fmt::format("{}{}", fmt::join(queues.begin(), end, ", "), queues.size() > count ? ", ..." : "");
}

io::Task<std::optional<Resource>> maximum_in_queue(Session& session, std::string queue) {
  const auto page = co_await read_resource_manager_page(session, std::string(yarn::kSchedulerPage));
  co_return page ? yarn::maximum_in_queue(*page, queue) : std::nullopt;
}

}  // namespace knit::client
