#include "master/setup.h"

#include <fmt/format.h>

#include <charconv>
#include <map>
#include <utility>

#include "base/try.h"
#include "conf/load.h"
#include "conf/site_xml.h"
#include "conf/yarn_settings.h"

namespace knit::master {
namespace {

Result<std::string> variable(const conf::Environment& environment, std::string_view name) {
  auto value = environment.get_or_empty(name);
  if (value.empty()) {
    return Error(
        ErrorCode::kFailedPrecondition,
        fmt::format("{} is not set: this program is started by YARN, as an application's master", name));
  }
  return value;
}

Result<std::int32_t> port(const conf::Environment& environment, std::string_view name) {
  KNIT_TRY(const auto text, variable(environment, name));
  std::int32_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size() || number < 1 || number > 65535) {
    return Error(ErrorCode::kInvalidArgument, fmt::format("{} is '{}', which is no port", name, text));
  }
  return number;
}

// What the ResourceManager puts into a master's environment (AMLauncher.setupTokens), in ms.
std::optional<WallTime> submission_time(const conf::Environment& environment) {
  const auto text = environment.get_or_empty("APP_SUBMIT_TIME_ENV");
  std::int64_t ms = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), ms);
  if (failed != std::errc() || end != text.data() + text.size() || ms <= 0) return std::nullopt;
  return WallTime(std::chrono::milliseconds(ms));
}

}  // namespace

Result<Identity> identity_from(const conf::Environment& environment) {
  Identity identity;
  KNIT_TRY(const auto container, variable(environment, "CONTAINER_ID"));
  KNIT_TRY(identity.container, ContainerId::parse(container).with_context("CONTAINER_ID"));
  KNIT_TRY(identity.node.host, variable(environment, "NM_HOST"));
  KNIT_TRY(identity.node.port, port(environment, "NM_PORT"));
  KNIT_TRY(const auto web_port, port(environment, "NM_HTTP_PORT"));
  identity.node_http_address = fmt::format("{}:{}", identity.node.host, web_port);
  identity.submitted = submission_time(environment);
  return identity;
}

Result<security::Credentials> credentials_from(const conf::Environment& environment) {
  KNIT_TRY(const auto path, variable(environment, "HADOOP_TOKEN_FILE_LOCATION"));
  KNIT_TRY(auto bytes, conf::local_files(security::kMaxCredentialsSize)(path));
  auto credentials = security::parse_credentials(bytes).with_context(path);
  security::wipe(bytes);
  return credentials;
}

Result<control::LaunchFile> read_launch_file(const std::string& path) {
  KNIT_TRY(const auto bytes, conf::local_files(control::kMaxLaunchFile)(path));
  return control::decode_launch_file(bytes);
}

NodeSettings settings_from(const conf::Environment& environment, const control::LaunchFile& file,
                           Notes& notes) {
  NodeSettings out;
  auto node = conf::load(environment, {});
  if (node) {
    out.node = *std::move(node);
  } else {
    const bool none = node.error().code() == ErrorCode::kFailedPrecondition;
    notes.say(none ? std::string("this node tells its containers of no configuration; the client's is used")
                   : fmt::format("this node's configuration is not used: {}", node.error().message()));
    out.node = conf::Settings(environment, {});
  }
  std::map<std::string, conf::Property> properties;
  for (const auto& [key, value] : file.settings) {
    properties[key] = conf::Property{key, value, false, "the client's settings", 0};
  }
  for (const auto& entry : out.node.entries()) {
    properties[entry.key] = conf::Property{entry.key, entry.raw, false, entry.origin.file, entry.origin.line};
  }
  std::vector<conf::Property> ordered;
  for (auto& [key, property] : properties) ordered.push_back(std::move(property));
  out.merged = conf::Settings(environment, std::move(ordered), {}, out.node.directory(), out.node.files());
  return out;
}

Result<std::vector<io::HostPort>> scheduler_addresses(const NodeSettings& settings) {
  auto endpoints = conf::master_scheduler(settings.node);
  if (!endpoints) endpoints = conf::master_scheduler(settings.merged);
  if (!endpoints) return std::move(endpoints).error();
  std::vector<io::HostPort> addresses;
  for (const auto& endpoint : *endpoints) addresses.push_back({endpoint.host, endpoint.port});
  return addresses;
}

}  // namespace knit::master
