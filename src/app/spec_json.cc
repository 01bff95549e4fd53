#include "app/spec_json.h"

#include "base/utf8.h"

namespace knit::app {
namespace {

namespace json = boost::json;
using base::json_bytes;
using base::json_text;
using base::JsonReader;

// Limits of what is read; Linux takes no more arguments and variables than these in one call of exec.
constexpr std::size_t kMaxWords = 100'000;
constexpr std::size_t kMaxFiles = 10'000;
constexpr std::size_t kMaxTags = 1'000;
constexpr std::size_t kMaxResourceTypes = 1'000;

template <class T>
std::int32_t int32(JsonReader& in, std::string_view name, T fallback) {
  return static_cast<std::int32_t>(in.integer_or(name, fallback, INT32_MIN, INT32_MAX));
}

std::optional<std::chrono::milliseconds> duration(JsonReader& in, std::string_view name) {
  if (!in.has(name)) return std::nullopt;
  return std::chrono::milliseconds(in.integer(name));
}

}  // namespace

json::value encode_spec(const RunSpec& spec) {
  json::object out;
  json::array command;
  for (const auto& word : spec.command) command.push_back(json_bytes(word));
  out["command"] = std::move(command);
  out["instances"] = spec.instances;

  json::object resource{{"memory_bytes", spec.resource.memory.bytes()}, {"vcores", spec.resource.vcores}};
  json::object others;
  for (const auto& [name, value] : spec.resource.others) others[base::to_utf8(name)] = value;
  resource["others"] = std::move(others);
  out["resource"] = std::move(resource);

  json::array files;
  for (const auto& file : spec.files) {
    files.push_back(json::object{
        {"source", json_bytes(file.source)}, {"name", json_bytes(file.name)}, {"archive", file.archive}});
  }
  out["files"] = std::move(files);
  json::array environment;
  for (const auto& [name, value] : spec.environment) {
    environment.push_back(json::object{{"name", json_bytes(name)}, {"value", json_bytes(value)}});
  }
  out["environment"] = std::move(environment);

  out["name"] = json_text(spec.name);
  out["queue"] = json_text(spec.queue);
  out["type"] = json_text(spec.type);
  json::array tags;
  for (const auto& tag : spec.tags) tags.push_back(json_text(tag));
  out["tags"] = std::move(tags);
  out["priority"] = spec.priority;
  out["node_label"] = json_text(spec.node_label);
  if (spec.lifetime) out["lifetime_ms"] = spec.lifetime->count();
  if (spec.start_timeout) out["start_timeout_ms"] = spec.start_timeout->count();
  out["max_restarts"] = spec.max_restarts;
  out["max_failures"] = spec.max_failures;
  out["fail_fast"] = spec.fail_fast;
  out["master_memory_bytes"] = spec.master_memory.bytes();
  if (spec.master_attempts) out["master_attempts"] = *spec.master_attempts;
  out["staging_dir"] = json_text(spec.staging_dir);
  if (!spec.master_bind.empty()) out["master_bind"] = json_text(spec.master_bind);
  if (spec.master_ports.last != 0)
    out["master_ports"] = json::object{{"first", spec.master_ports.first}, {"last", spec.master_ports.last}};
  return out;
}

RunSpec decode_spec(JsonReader in) {
  RunSpec spec;
  spec.command = in.byte_list("command", kMaxWords);
  spec.instances = int32(in, "instances", spec.instances);
  if (in.has("resource")) {
    JsonReader resource = in.object("resource");
    spec.resource.memory =
        ByteSize::bytes(resource.integer_or("memory_bytes", spec.resource.memory.bytes(), 0));
    spec.resource.vcores = int32(resource, "vcores", spec.resource.vcores);
    spec.resource.others = resource.integer_map("others", kMaxResourceTypes);
  }
  for (JsonReader& file : in.objects("files", kMaxFiles)) {
    spec.files.push_back(FileSpec{file.bytes("source"), file.has("name") ? file.bytes("name") : std::string(),
                                  file.boolean_or("archive", false)});
  }
  for (JsonReader& variable : in.objects("environment", kMaxWords)) {
    std::string name = variable.bytes("name");
    spec.environment.emplace_back(std::move(name), variable.bytes("value"));
  }
  spec.name = in.text_or("name", spec.name);
  spec.queue = in.text_or("queue", spec.queue);
  spec.type = in.text_or("type", spec.type);
  spec.tags = in.texts("tags", kMaxTags);
  spec.priority = int32(in, "priority", spec.priority);
  spec.node_label = in.text_or("node_label", spec.node_label);
  spec.lifetime = duration(in, "lifetime_ms");
  spec.start_timeout = duration(in, "start_timeout_ms");
  spec.max_restarts = int32(in, "max_restarts", spec.max_restarts);
  spec.max_failures = int32(in, "max_failures", spec.max_failures);
  spec.fail_fast = in.boolean_or("fail_fast", spec.fail_fast);
  spec.master_memory = ByteSize::bytes(in.integer_or("master_memory_bytes", spec.master_memory.bytes(), 0));
  if (in.has("master_attempts")) spec.master_attempts = int32(in, "master_attempts", 0);
  spec.staging_dir = in.text_or("staging_dir", spec.staging_dir);
  spec.master_bind = in.text_or("master_bind", "");
  if (in.has("master_ports")) {
    JsonReader ports = in.object("master_ports");
    spec.master_ports.first = static_cast<std::uint16_t>(ports.integer("first", 1, UINT16_MAX));
    spec.master_ports.last = static_cast<std::uint16_t>(ports.integer("last", 1, UINT16_MAX));
  }
  return spec;
}

}  // namespace knit::app
