#include "master/environment.h"

#include <fmt/format.h>

#include <utility>

#include "base/try.h"
#include "control/keys.h"
#include "yarn/local_resource.h"
#include "yarn/quoting.h"

namespace knit::master {
namespace {

constexpr const char* kInstance = "KNIT_INSTANCE";
constexpr const char* kRestartCount = "KNIT_RESTART_COUNT";
constexpr const char* kMemory = "KNIT_MEMORY_MIB";

// A key and two certificates.
constexpr std::size_t kIdentitySize = 2048;

Result<std::map<std::string, std::string>> common_environment(const control::LaunchFile& file,
                                                              const ControlAccess& control) {
  std::map<std::string, std::string> variables;
  variables["KNIT_APPLICATION_ID"] = to_string(file.application);
  variables["KNIT_ROLE"] = "main";
  variables["KNIT_INSTANCES"] = std::to_string(file.spec.instances);
  variables["KNIT_VCORES"] = std::to_string(file.spec.resource.vcores);
  variables["PATH"] = file.default_path.empty() ? std::string(kDefaultPath) : file.default_path;
  variables["LANG"] = file.default_lang.empty() ? std::string(kDefaultLang) : file.default_lang;
  if (!control.url.empty()) variables["KNIT_MASTER_URL"] = control.url;
  if (file.simple_authentication) variables["HADOOP_USER_NAME"] = file.user;
  for (const auto& [name, value] : file.spec.environment) variables[name] = value;
  return yarn::quote_environment(variables);
}

}  // namespace

Result<ContainerTemplate> ContainerTemplate::make(const control::LaunchFile& file,
                                                  security::Credentials credentials, yarn::AccessLists access,
                                                  ControlAccess control) {
  ContainerTemplate out;
  KNIT_TRY(out.common_.environment, common_environment(file, control));
  std::string before;
  if (!control.url.empty()) {
    KNIT_TRY(before, yarn::quote_once(control::kUnpackKeys));
  }
  KNIT_TRY(auto command, yarn::exec_command(before, file.spec.command, yarn::kLogRedirection));
  out.common_.commands.push_back(std::move(command));
  for (const auto& staged : file.files) {
    KNIT_TRY(auto resource,
             yarn::local_resource(staged.uri, ByteSize::bytes(staged.size),
                                  WallTime(std::chrono::milliseconds(staged.modified_ms)), staged.archive)
                 .with_context(fmt::format("file '{}'", staged.name)));
    out.common_.resources.emplace(staged.name, std::move(resource));
  }
  out.common_.access = std::move(access);
  out.credentials_ = std::move(credentials);
  out.control_ = std::move(control);
  return out;
}

yarn::LaunchContext ContainerTemplate::context(const app::Run& run, const Resource& granted) const {
  yarn::LaunchContext context = common_;
  auto credentials = credentials_;
  if (!control_.url.empty()) {
    if (const auto identity = control_.issue(run.instance)) control::add_identity(credentials, *identity);
  }
  context.tokens = credentials.serialize();
  // Numbers need no quoting; emplace leaves alone what the user set.
  context.environment.emplace(kInstance, std::to_string(run.instance));
  context.environment.emplace(kRestartCount, std::to_string(run.restart));
  context.environment.emplace(kMemory, std::to_string(granted.memory.mib_rounded_up()));
  return context;
}

std::size_t ContainerTemplate::size() const {
  std::size_t size = 1024 + kIdentitySize;
  for (const auto& [alias, token] : credentials_.tokens())
    size += alias.size() + token.identifier.size() + token.password.size() + 100;
  for (const auto& [alias, secret] : credentials_.secrets()) size += alias.size() + secret.size() + 10;
  for (const auto& command : common_.commands) size += command.size();
  for (const auto& [name, value] : common_.environment) size += name.size() + value.size() + 100;
  for (const auto& [name, resource] : common_.resources) size += name.size() + resource.path.size() + 300;
  return size;
}

}  // namespace knit::master
