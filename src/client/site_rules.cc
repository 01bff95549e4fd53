#include "client/site_rules.h"

#include <fmt/format.h>
#include <knit/duration.h>
#include <knit/port_range.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "base/try.h"
#include "client/site_file.h"

namespace knit::client {
namespace {

constexpr std::string_view kMostInstances = "knit.site.limit.instances";

// An option of `knit run`, and whether a specification uses it.
struct Option {
  std::string_view name;
  bool (*used)(const RunSpec& spec);
};
constexpr Option kOptions[] = {
    {"archive", [](const RunSpec& s) { return std::ranges::any_of(s.files, &FileSpec::archive); }},
    {"env", [](const RunSpec& s) { return !s.environment.empty(); }},
    {"file", [](const RunSpec& s) { return !std::ranges::all_of(s.files, &FileSpec::archive); }},
    {"lifetime", [](const RunSpec& s) { return s.lifetime.has_value(); }},
    {"master-attempts", [](const RunSpec& s) { return s.master_attempts.has_value(); }},
    {"master-bind", [](const RunSpec& s) { return !s.master_bind.empty(); }},
    {"master-memory", [](const RunSpec& s) { return s.master_memory != RunSpec().master_memory; }},
    {"master-port", [](const RunSpec& s) { return s.master_ports.first != 0; }},
    {"max-restarts", [](const RunSpec& s) { return s.max_restarts != 0; }},
    {"node-label", [](const RunSpec& s) { return !s.node_label.empty(); }},
    {"priority", [](const RunSpec& s) { return s.priority != 0; }},
    {"queue", [](const RunSpec& s) { return !s.queue.empty(); }},
    {"resource", [](const RunSpec& s) { return !s.resource.others.empty(); }},
    {"staging-dir", [](const RunSpec& s) { return !s.staging_dir.empty(); }},
    {"start-timeout", [](const RunSpec& s) { return s.start_timeout.has_value(); }},
    {"tag", [](const RunSpec& s) { return !s.tags.empty(); }},
    {"type", [](const RunSpec& s) { return s.type != RunSpec().type; }},
};

Error refused(const conf::Entry& rule, std::string_view what) {
  return Error(ErrorCode::kPermissionDenied, fmt::format("{} ({}); the site's administrator can change that",
                                                         what, to_string(rule.origin)));
}

// A user's own setting where the site's administrator has forbidden the option of the same meaning.
bool sets_staging(const conf::Settings& settings, const conf::Entry& rule) {
  const auto entry = settings.entry("knit.staging.dir");
  return entry && entry->origin.file != rule.origin.file;
}

Status check_forbidden(const conf::Settings& settings, const RunSpec& spec) {
  const auto rule = settings.entry("knit.site.forbidden");
  if (!rule) return {};
  KNIT_TRY(const auto names, settings.get_strings("knit.site.forbidden"));
  for (const auto& name : names) {
    const auto option = std::ranges::find(kOptions, name, &Option::name);
    if (option == std::end(kOptions)) continue;  // of a file that was checked when it was read
    if (option->used(spec) || (name == "staging-dir" && sets_staging(settings, *rule)))
      return refused(*rule, fmt::format("--{} is forbidden here", name));
  }
  return {};
}

// Sets `field` where the site has a default for it and the user has said nothing.
template <class T, class Parse>
Status fill(const conf::Settings& settings, std::string_view key, bool unset, T& field, Parse parse) {
  const auto entry = settings.entry(key);
  if (!entry || !unset) return {};
  KNIT_TRY(auto value, parse(entry->value));
  field = std::move(value);
  return {};
}
Result<std::string> as_text(const std::string& text) {
  return text;
}

Status fill_defaults(const conf::Settings& settings, RunSpec& spec) {
  KNIT_TRY_VOID(fill(settings, "knit.site.default.queue", spec.queue.empty(), spec.queue, as_text));
  KNIT_TRY_VOID(
      fill(settings, "knit.site.default.node-label", spec.node_label.empty(), spec.node_label, as_text));
  KNIT_TRY_VOID(
      fill(settings, "knit.site.default.master-bind", spec.master_bind.empty(), spec.master_bind, as_text));
  KNIT_TRY_VOID(fill(settings, "knit.site.default.master-port", spec.master_ports.first == 0,
                     spec.master_ports, parse_port_range));
  if (settings.is_set("knit.site.default.master-attempts") && !spec.master_attempts) {
    KNIT_TRY(const auto attempts, settings.get_int("knit.site.default.master-attempts", 1, 1000));
    spec.master_attempts = static_cast<std::int32_t>(attempts);
  }
  KNIT_TRY_VOID(fill(settings, "knit.site.default.start-timeout", !spec.start_timeout, spec.start_timeout,
                     parse_duration));
  KNIT_TRY_VOID(fill(settings, "knit.site.default.lifetime", !spec.lifetime, spec.lifetime, parse_duration));
  // Without one an application would outlive the longest that is allowed.
  return fill(settings, "knit.site.limit.lifetime", !spec.lifetime, spec.lifetime, parse_duration);
}

Status check_size(const conf::Settings& settings, std::string_view key, std::string_view option,
                  ByteSize size) {
  const auto rule = settings.entry(key);
  if (!rule) return {};
  KNIT_TRY(const auto most, ByteSize::parse(rule->value));
  if (size <= most) return {};
  return refused(
      *rule, fmt::format("--{} {}: at most {} is allowed here", option, to_string(size), to_string(most)));
}

Status check_limits(const conf::Settings& settings, const RunSpec& spec) {
  KNIT_TRY_VOID(check_instances(settings, spec.instances));
  KNIT_TRY_VOID(check_size(settings, "knit.site.limit.memory", "memory", spec.resource.memory));
  KNIT_TRY_VOID(check_size(settings, "knit.site.limit.master-memory", "master-memory", spec.master_memory));
  if (const auto rule = settings.entry("knit.site.limit.vcores")) {
    KNIT_TRY(const auto most, settings.get_int(rule->key, 1));
    if (spec.resource.vcores > most)
      return refused(*rule,
                     fmt::format("--vcores {}: at most {} are allowed here", spec.resource.vcores, most));
  }
  if (const auto rule = settings.entry("knit.site.limit.lifetime")) {
    KNIT_TRY(const auto most, parse_duration(rule->value));
    if (spec.lifetime > most)
      return refused(*rule, fmt::format("--lifetime {}: at most {} is allowed here", to_text(*spec.lifetime),
                                        to_text(most)));
  }
  return {};
}

}  // namespace

bool can_be_forbidden(std::string_view option) {
  return std::ranges::find(kOptions, option, &Option::name) != std::end(kOptions);
}

Result<RunSpec> apply_site_rules(const conf::Settings& settings, RunSpec spec) {
  KNIT_TRY_VOID(check_forbidden(settings, spec));
  KNIT_TRY_VOID(fill_defaults(settings, spec));
  KNIT_TRY_VOID(check_limits(settings, spec));
  return spec;
}

bool limits_instances(const conf::Settings& settings) {
  return settings.is_set(kMostInstances);
}

Status check_instances(const conf::Settings& settings, std::int64_t count) {
  if (!limits_instances(settings)) return {};
  KNIT_TRY(const auto most, settings.get_int(kMostInstances, 1));
  if (count <= most) return {};
  return refused(*settings.entry(kMostInstances),
                 fmt::format("{} instances: at most {} are allowed here", count, most));
}

}  // namespace knit::client
