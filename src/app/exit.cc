#include "app/exit.h"

#include <array>
#include <utility>

namespace knit::app {
namespace {

constexpr std::array<std::pair<ExitClass, std::string_view>, 7> kNames = {{
    {ExitClass::kSucceeded, "succeeded"},
    {ExitClass::kFailed, "failed"},
    {ExitClass::kMemory, "memory"},
    {ExitClass::kLost, "lost"},
    {ExitClass::kPreempted, "preempted"},
    {ExitClass::kKilled, "killed"},
    {ExitClass::kLaunch, "launch"},
}};

}  // namespace

std::string_view to_string(ExitClass exit_class) {
  for (const auto& [value, name] : kNames) {
    if (value == exit_class) return name;
  }
  return "unknown";
}

Result<ExitClass> parse_exit_class(std::string_view text) {
  for (const auto& [value, name] : kNames) {
    if (name == text) return value;
  }
  return Error(ErrorCode::kDataLoss, "'" + std::string(text) + "' is no class of exits");
}

}  // namespace knit::app
