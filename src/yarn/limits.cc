#include "yarn/limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "base/try.h"
#include "base/utf8.h"
#include "yarn/units.h"

namespace knit::yarn {
namespace {

Error refused(std::string message) {
  return Error(ErrorCode::kInvalidArgument, std::move(message));
}

bool printable(char c) {
  return c >= 0x20 && c < 0x7f;
}

std::string shown(std::string_view text) {
  std::string out(text.substr(0, 60));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return !printable(c); }, '?');
  return text.size() > 60 ? out + "..." : out;
}

// Java turns bytes that are not UTF-8 into question marks; control characters break every table.
bool is_text(std::string_view text) {
  return base::is_utf8(text) &&
         std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

Status check_text(std::string_view what, std::string_view text, std::size_t longest) {
  if (text.size() > longest) {
    return refused(fmt::format("{} '{}' has {} characters; at most {} are allowed", what, shown(text),
                               text.size(), longest));
  }
  if (!is_text(text)) {
    return refused(fmt::format("{} '{}' must be UTF-8 text without control characters", what, shown(text)));
  }
  return {};
}

Status check_tags(const std::vector<std::string>& tags, const ClusterLimits& limits) {
  if (tags.size() > limits.max_tags) {
    return refused(fmt::format("{} tags were given; this cluster allows {}", tags.size(), limits.max_tags));
  }
  for (const auto& tag : tags) {
    if (tag.empty()) return refused("a tag is empty");
    if (tag.size() > limits.max_tag_length) {
      return refused(fmt::format("tag '{}' has {} characters; this cluster allows {}", shown(tag), tag.size(),
                                 limits.max_tag_length));
    }
    if (!std::all_of(tag.begin(), tag.end(), printable)) {
      return refused(fmt::format("tag '{}' must consist of printable ASCII characters", shown(tag)));
    }
  }
  return {};
}

std::string known_types(const ClusterLimits& limits) {
  std::string list;
  for (const auto& type : limits.types) list += (list.empty() ? "" : ", ") + type.name;
  return list;
}

// A name that stands between double quotes in the launch script, where bash would read these.
bool survives_script(std::string_view name) {
  return is_text(name) && name.find_first_of("\"$`\\") == std::string_view::npos;
}

}  // namespace

void restrict(ClusterLimits& limits, const Resource& maximum, std::string_view queue) {
  auto& most = limits.maximum;
  if (maximum.memory >= most.memory && maximum.vcores >= most.vcores) return;
  most.memory = std::min(most.memory, maximum.memory);
  most.vcores = std::min(most.vcores, maximum.vcores);
  limits.where = fmt::format("in queue '{}'", shown(queue));
}

Status check_resource(std::string_view what, const Resource& resource, const ClusterLimits& limits) {
  if (resource.memory <= ByteSize()) return refused(fmt::format("{} asks for no memory", what));
  if (resource.memory > limits.maximum.memory) {
    return refused(fmt::format("{} asks for {} of memory; one container gets at most {} {}", what,
                               to_string(resource.memory), to_string(limits.maximum.memory), limits.where));
  }
  if (resource.vcores < 1 || resource.vcores > limits.maximum.vcores) {
    return refused(fmt::format("{} asks for {} vcores; one container gets 1 to {} {}", what, resource.vcores,
                               limits.maximum.vcores, limits.where));
  }
  for (const auto& [name, amount] : resource.others) {
    const auto same = [&](const ResourceType& type) { return type.name == name; };
    if (!limits.types.empty() && std::none_of(limits.types.begin(), limits.types.end(), same)) {
      return refused(fmt::format("{} asks for '{}', which this cluster does not offer; it has {}", what,
                                 shown(name), known_types(limits)));
    }
    const auto most = limits.maximum.others.find(name);
    if (amount < 0 || (most != limits.maximum.others.end() && amount > most->second)) {
      return refused(fmt::format("{} asks for {} of '{}'; one container gets at most {} here", what, amount,
                                 shown(name), most == limits.maximum.others.end() ? 0 : most->second));
    }
  }
  return {};
}

Status check_local_resource(std::string_view name, const LocalResource& resource) {
  if (name.empty() || name == "." || name.starts_with('/') || name.starts_with('-')) {
    return refused(fmt::format("'{}' cannot be the name of a file in a container", shown(name)));
  }
  for (std::size_t at = 0; at <= name.size();) {
    const auto end = std::min(name.find('/', at), name.size());
    const auto part = name.substr(at, end - at);
    if (part.empty() || part == "..") {
      return refused(fmt::format("file name '{}' must stay inside the container's directory", shown(name)));
    }
    at = end + 1;
  }
  const bool inner_blank =
      name.find('/') != std::string_view::npos && name.find(' ') != std::string_view::npos;
  if (!survives_script(name) || inner_blank) {
    return refused(
        fmt::format("file name '{}' cannot be used: YARN passes it through bash, and {} would be misread",
                    shown(name), inner_blank ? "a blank in a path" : "control characters, \" $ ` or \\"));
  }
  const std::string_view path = resource.path;
  if (const auto source = path.substr(path.rfind('/') + 1); source.empty() || !survives_script(source)) {
    return refused(fmt::format(
        "the source '{}' of file '{}' cannot be used: YARN passes its last name through bash, where "
        "control characters, \" $ ` and \\ would be misread",
        shown(path), shown(name)));
  }
  return {};
}

Status check_launch_context(const LaunchContext& context) {
  std::map<std::tuple<std::string, std::string, std::int32_t, std::string, LocalResourceType>, std::string>
      names;
  for (const auto& [name, resource] : context.resources) {
    KNIT_TRY_VOID(check_local_resource(name, resource));
    const auto [other, is_new] = names.try_emplace(
        {resource.scheme, resource.host, resource.port, resource.path, resource.type}, name);
    if (!is_new) {
      return refused(fmt::format(
          "files '{}' and '{}' have the same source '{}', which YARN can show a container under one "
          "name only: leave one out, or give a copy that has another name",
          shown(other->second), shown(name), shown(resource.path)));
    }
  }
  return {};
}

Status check_submission(const SubmissionContext& context, const ClusterLimits& limits) {
  KNIT_TRY_VOID(check_text("application name", context.name, kMaximumNameLength));
  KNIT_TRY_VOID(check_text("queue", context.queue, kMaximumNameLength));
  KNIT_TRY_VOID(check_text("application type", context.type, kMaximumTypeLength));
  KNIT_TRY_VOID(check_text("node label", context.node_label, kMaximumNameLength));
  KNIT_TRY_VOID(check_text("node label", context.master_node_label, kMaximumNameLength));
  KNIT_TRY_VOID(check_tags(context.tags, limits));
  // The ResourceManager refuses it with "Invalid application timeout" (RMServerUtils, 3.4.1).
  if (context.lifetime && context.lifetime->count() <= 0) {
    return refused("the lifetime must be at least one second");
  }
  if (context.max_attempts && *context.max_attempts < 1) {
    return refused(fmt::format("{} attempts of the master were asked for; it needs at least one",
                               *context.max_attempts));
  }
  KNIT_TRY_VOID(check_resource("the master", context.resource, limits));
  return check_launch_context(context.master);
}

}  // namespace knit::yarn
