#include "yarn/scheduler_page.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <string>

#include "base/json.h"

namespace knit::yarn {
namespace {

namespace json = boost::json;

std::string_view text_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  const auto* text = value ? value->if_string() : nullptr;
  return text ? std::string_view(text->data(), text->size()) : std::string_view();
}

// 0 where it is no amount.
std::int64_t amount_of(const json::object& object, std::string_view name, std::int64_t most) {
  const auto* value = object.if_contains(name);
  const auto* amount = value ? value->if_int64() : nullptr;
  return amount && *amount > 0 && *amount <= most ? *amount : 0;
}

bool is_below(std::string_view path, std::string_view end) {
  return path.size() > end.size() && path.ends_with(end) && path[path.size() - end.size() - 1] == '.';
}

std::optional<Resource> maximum_of(const json::object& queue) {
  for (const std::string_view name : {"maximumAllocation", "maxContainerAllocation"}) {
    const auto* value = queue.if_contains(name);
    const auto* maximum = value ? value->if_object() : nullptr;
    if (!maximum) continue;
    const auto memory = amount_of(*maximum, "memory", INT64_MAX >> 20);
    const auto vcores = amount_of(*maximum, "vCores", INT32_MAX);
    if (memory > 0 && vcores > 0)
      return Resource{ByteSize::mib(memory), static_cast<std::int32_t>(vcores), {}};
  }
  return std::nullopt;
}

// Queues are objects with a name, somewhere inside each other: the schedulers differ in where. parse_json
// bounds the depth.
std::optional<Resource> find(const json::value& value, std::string_view queue) {
  if (const auto* list = value.if_array()) {
    for (const auto& element : *list) {
      if (auto found = find(element, queue)) return found;
    }
  }
  const auto* object = value.if_object();
  if (!object) return std::nullopt;
  const auto name = text_of(*object, "queueName");
  const auto path = text_of(*object, "queuePath");
  if (!name.empty() && !queue.empty() && is_queue(queue, name, path)) return maximum_of(*object);
  for (const auto& [key, member] : *object) {
    if (auto found = find(member, queue)) return found;
  }
  return std::nullopt;
}

}  // namespace

bool is_queue(std::string_view queue, std::string_view name, std::string_view path) {
  const auto full = path.empty() ? name : path;
  return queue == name || queue == full || is_below(full, queue) || is_below(queue, full);
}

std::optional<Resource> maximum_in_queue(std::string_view page, std::string_view queue) {
  const auto root = base::parse_json(page, kLargestSchedulerPage);
  return root ? find(*root, queue) : std::nullopt;
}

}  // namespace knit::yarn
