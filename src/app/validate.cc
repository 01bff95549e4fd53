#include "app/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/try.h"
#include "base/utf8.h"

namespace knit::app {
namespace {

Error invalid(std::string message) {
  return Error(ErrorCode::kInvalidArgument, std::move(message));
}

std::string_view last_part(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// What a NodeManager itself puts into a container's directory (ContainerLaunch, 2.10 to 3.5).
constexpr std::array<std::string_view, 5> kReservedNames = {"container_tokens", "launch_container.sh",
                                                            "default_container_executor.sh",
                                                            "default_container_executor_session.sh", "tmp"};

Status check_command(const RunSpec& spec) {
  if (spec.command.empty()) return invalid("no command was given: put it behind --");
  if (spec.command[0].empty()) return invalid("the command's first word is empty");
  for (std::size_t i = 0; i < spec.command.size(); ++i) {
    if (spec.command[i].find('\0') != std::string::npos)
      return invalid(
          fmt::format("argument {} of the command holds a NUL byte, which no program can be given", i));
  }
  return {};
}

Status check_resource(const Resource& resource) {
  if (resource.memory <= ByteSize()) return invalid("--memory must be more than 0");
  if (resource.vcores < 1) return invalid(fmt::format("--vcores {}: must be 1 or more", resource.vcores));
  for (const auto& [name, value] : resource.others) {
    if (name.empty() || has_control(name))
      return invalid("--resource NAME=VALUE: the name is empty or unprintable");
    if (name == "memory-mb" || name == "vcores" || name == "memory") {
      return invalid(fmt::format("--resource {}: say --memory or --vcores", name));
    }
    if (value < 0) return invalid(fmt::format("--resource {}={}: must not be negative", name, value));
  }
  return {};
}

Status check_file(const FileSpec& file, std::set<std::string>& names) {
  const char* option = file.archive ? "--archive" : "--file";
  if (file.source.empty()) return invalid(fmt::format("{}: the source is empty", option));
  const std::string name = name_in_container(file);
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos ||
      has_control(name) || !base::is_utf8(name) || name.size() > kMaxFileName) {
    return invalid(fmt::format("{} {}: '{}' cannot be a file's name in the container: give one with {}#NAME",
                               option, file.source, base::to_utf8(name), file.source));
  }
  if (std::find(kReservedNames.begin(), kReservedNames.end(), name) != kReservedNames.end()) {
    return invalid(
        fmt::format("{} {}: YARN itself puts '{}' into every container: give another name with {}#NAME",
                    option, file.source, name, file.source));
  }
  if (!names.insert(name).second) {
    return invalid(fmt::format("{} {}: two files are to be called '{}': give one another name with {}#NAME",
                               option, file.source, name, file.source));
  }
  return {};
}

Status check_environment(const RunSpec& spec) {
  for (const auto& [name, value] : spec.environment) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    const auto fits = [&](char c) { return letter(c) || (c >= '0' && c <= '9'); };
    if (name.empty() || !letter(name[0]) || !std::all_of(name.begin(), name.end(), fits)) {
      return invalid(
          fmt::format("--env {}: YARN starts containers through bash, which takes only names of letters, "
                      "digits and '_' that do not begin with a digit",
                      base::to_utf8(name.substr(0, 60))));
    }
    if (value.find('\0') != std::string::npos) {
      return invalid(
          fmt::format("--env {}: the value holds a NUL byte, which no program can be given", name));
    }
  }
  return {};
}

// YARN takes a single label here (RMServerUtils and SchedulerUtils refuse "a && b"); NodeLabelUtil says which
// characters (3.4.2).
Status check_label(const std::string& label) {
  if (label.empty()) return {};
  const auto alnum = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  const auto fits = [&](char c) { return alnum(c) || c == '-' || c == '_'; };
  if (label.size() <= 255 && alnum(label[0]) && std::all_of(label.begin(), label.end(), fits)) return {};
  return invalid(fmt::format("--node-label '{}': YARN takes one label of letters, digits, '-' and '_'",
                             base::to_utf8(label.substr(0, 60))));
}

// ClientRMService.checkTags and YarnConfiguration's defaults (3.4.2): a cluster may allow more.
Status check_tags(const RunSpec& spec) {
  for (const auto& tag : spec.tags) {
    if (tag.empty()) return invalid("--tag: is empty");
    if (!std::all_of(tag.begin(), tag.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; }) ||
        has_control(tag)) {
      return invalid(fmt::format("--tag {}: YARN takes printable ASCII alone", base::to_utf8(tag)));
    }
  }
  return {};
}

Status check_policy(const RunSpec& spec) {
  if (spec.instances < 1 || spec.instances > kMaxInstances) {
    return invalid(fmt::format("--instances {}: must be from 1 to {}", spec.instances, kMaxInstances));
  }
  if (spec.max_restarts < 0)
    return invalid(fmt::format("--max-restarts {}: must not be negative", spec.max_restarts));
  if (spec.max_failures < 0)
    return invalid(fmt::format("--max-failures {}: must not be negative", spec.max_failures));
  // From the command line durations come in whole seconds or more; YARN counts lifetimes in seconds.
  if (spec.lifetime && (*spec.lifetime < std::chrono::seconds(1) || *spec.lifetime > kLongestDuration))
    return invalid("--lifetime: must be from 1 s to ten years");
  if (spec.start_timeout && (spec.start_timeout->count() <= 0 || *spec.start_timeout > kLongestDuration))
    return invalid("--start-timeout: must be more than 0 and at most ten years");
  if (spec.master_memory <= ByteSize()) return invalid("--master-memory must be more than 0");
  if (spec.master_attempts && *spec.master_attempts < 1) {
    return invalid(fmt::format("--master-attempts {}: must be 1 or more", *spec.master_attempts));
  }
  const std::string_view address = spec.master_bind;
  const bool numeric = address.find_first_not_of("0123456789.") == address.npos ||
                       (address.find(':') != address.npos &&
                        address.find_first_not_of("0123456789abcdefABCDEF:.") == address.npos);
  if (!numeric) return invalid(fmt::format("--master-bind {}: must be a numeric address", address));
  if (spec.master_ports.first > spec.master_ports.last ||
      (spec.master_ports.first == 0) != (spec.master_ports.last == 0)) {
    return invalid(
        fmt::format("--master-port {}-{}: is no range", spec.master_ports.first, spec.master_ports.last));
  }
  return {};
}

}  // namespace

std::string name_in_container(const FileSpec& file) {
  return file.name.empty() ? std::string(last_part(file.source)) : file.name;
}

std::string application_name(const RunSpec& spec) {
  if (!spec.name.empty()) return spec.name;
  return spec.command.empty() ? std::string() : base::to_utf8(last_part(spec.command[0]));
}

Status validate(const RunSpec& spec) {
  KNIT_TRY_VOID(check_command(spec));
  KNIT_TRY_VOID(check_policy(spec));
  KNIT_TRY_VOID(check_resource(spec.resource));
  std::set<std::string> names;
  for (const auto& file : spec.files) KNIT_TRY_VOID(check_file(file, names));
  KNIT_TRY_VOID(check_environment(spec));
  KNIT_TRY_VOID(check_label(spec.node_label));
  KNIT_TRY_VOID(check_tags(spec));
  for (const auto& [option, text] :
       {std::pair{"--name", &spec.name}, {"--queue", &spec.queue}, {"--type", &spec.type}}) {
    if (has_control(*text) || !base::is_utf8(*text)) {
      return invalid(fmt::format("{}: holds characters that cannot be shown", option));
    }
  }
  return {};
}

}  // namespace knit::app
