#include "control/launch_file.h"

#include <fmt/format.h>

#include "app/spec_json.h"
#include "base/json.h"
#include "base/try.h"
#include "base/utf8.h"

namespace knit::control {
namespace {

namespace json = boost::json;
using base::json_bytes;
using base::json_text;

constexpr std::int64_t kVersion = 1;
constexpr std::size_t kMaxFiles = 10'000;
constexpr std::size_t kMaxSettings = 10'000;

json::array encode_files(const std::vector<StagedFile>& files) {
  json::array out;
  for (const auto& staged : files) {
    out.push_back(json::object{{"name", json_bytes(staged.name)},
                               {"uri", json_bytes(staged.uri)},
                               {"size", staged.size},
                               {"modified_ms", staged.modified_ms},
                               {"archive", staged.archive}});
  }
  return out;
}

std::vector<StagedFile> decode_files(std::vector<base::JsonReader> list) {
  std::vector<StagedFile> files;
  for (base::JsonReader& staged : list) {
    StagedFile one;
    one.name = staged.bytes("name");
    one.uri = staged.bytes("uri");
    one.size = staged.integer("size", 0);
    one.modified_ms = staged.integer("modified_ms", 0);
    one.archive = staged.boolean_or("archive", false);
    files.push_back(std::move(one));
  }
  return files;
}

json::array encode_nodes(const std::vector<UsableNode>& nodes) {
  json::array out;
  for (const auto& node : nodes) {
    out.push_back(json::object{{"name", json_text(node.name)},
                               {"rack", json_text(node.rack)},
                               {"room", node.room},
                               {"most", node.most}});
  }
  return out;
}

std::vector<UsableNode> decode_nodes(std::vector<base::JsonReader> list) {
  std::vector<UsableNode> nodes;
  for (base::JsonReader& in : list) {
    UsableNode node{in.text("name"), in.text("rack")};
    node.room = static_cast<std::int32_t>(in.integer_or("room", 0, 0, INT32_MAX));
    node.most = static_cast<std::int32_t>(in.integer_or("most", 0, 0, INT32_MAX));
    nodes.push_back(std::move(node));
  }
  return nodes;
}

}  // namespace

std::string encode(const LaunchFile& file) {
  json::object out;
  out["version"] = kVersion;
  out["application"] = to_string(file.application);
  out["user"] = json_text(file.user);
  out["spec"] = app::encode_spec(file.spec);
  out["files"] = encode_files(file.files);
  out["master_files"] = encode_files(file.master_files);
  out["nodes"] = encode_nodes(file.nodes);
  out["staging_uri"] = json_text(file.staging_uri);
  out["simple_authentication"] = file.simple_authentication;
  out["default_path"] = json_bytes(file.default_path);
  out["default_lang"] = json_bytes(file.default_lang);
  json::object settings;
  for (const auto& [key, value] : file.settings) settings[base::to_utf8(key)] = json_text(value);
  out["settings"] = std::move(settings);
  return base::to_json(out);
}

Result<LaunchFile> decode_launch_file(std::string_view text) {
  KNIT_TRY(const auto value, base::parse_json(text, kMaxLaunchFile).with_context("launch file"));
  base::JsonReader in(value, "launch file");
  const std::int64_t version = in.integer("version");
  KNIT_TRY_VOID(in.status());
  if (version != kVersion) {
    return Error(
        ErrorCode::kUnimplemented,
        fmt::format("launch file: has version {}, and this master reads version {}: it was started by "
                    "another release of Knit",
                    version, kVersion));
  }
  LaunchFile file;
  file.application = in.parsed("application", ApplicationId::parse);
  file.user = in.text("user");
  file.spec = app::decode_spec(in.object("spec"));
  file.files = decode_files(in.objects("files", kMaxFiles));
  file.master_files = decode_files(in.objects("master_files", kMaxFiles));
  file.nodes = decode_nodes(in.objects("nodes", kMaxUsableNodes));
  file.staging_uri = in.text("staging_uri");
  file.simple_authentication = in.boolean_or("simple_authentication", true);
  file.default_path = in.has("default_path") ? in.bytes("default_path") : "";
  file.default_lang = in.has("default_lang") ? in.bytes("default_lang") : "";
  file.settings = in.text_map("settings", kMaxSettings);
  KNIT_TRY_VOID(in.status());
  return file;
}

}  // namespace knit::control
