#include "client/log_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace knit::client {

bool wants_container(const LogsOptions& options, const ContainerRun& run) {
  if (options.container) return run.id == *options.container;
  if (options.master && options.instance) return run.is_master() || run.instance == *options.instance;
  if (options.master) return run.is_master();
  if (options.instance) return run.instance == *options.instance;
  return true;
}

bool wants_file(const LogsOptions& options, std::string_view file) {
  if (!options.log.empty()) return options.log == file;
  return file != "launch_container.sh" && file != "directory.info" && file != "prelaunch.out";
}

Result<LogChoice> choose_logs(const LogsOptions& options, const ApplicationId& id, const RunState* state,
                              const std::vector<ContainerRun>& known, bool ended) {
  if (options.instance && !state) {
    return Error(
        ErrorCode::kFailedPrecondition,
        fmt::format("which container was instance {} of {} is not known: there is no journal of it that can "
                    "be read; choose with --container",
                    *options.instance, to_string(id)));
  }
  LogChoice choice;
  choice.complete = state != nullptr;
  for (const auto& run : state ? state->containers() : known) {
    if (wants_container(options, run)) choice.runs.push_back(run);
  }
  const auto order = [](const ContainerRun& run) {
    return std::tuple(run.is_master() ? INT32_MAX : run.instance, run.restart, run.id);
  };
  std::stable_sort(choice.runs.begin(), choice.runs.end(),
                   [&](const ContainerRun& a, const ContainerRun& b) { return order(a) < order(b); });
  if (!choice.runs.empty()) return choice;

  if (options.container) {
    if (options.container->attempt.application != id) {
      return Error(ErrorCode::kNotFound,
                   fmt::format("{} is no container of {}", to_string(*options.container), to_string(id)));
    }
    if (state || !ended) {
      return Error(ErrorCode::kNotFound,
                   fmt::format("{} has no container {}{}", to_string(id), to_string(*options.container),
                               state ? "" : " that runs; logs of others come when it has ended"));
    }
    choice.runs.emplace_back().id = *options.container;
    choice.runs.back().instance = ContainerRun::kUnknown;
    choice.complete = true;
    return choice;
  }
  if (options.instance) {
    const auto count = state->master().instances;
    if (*options.instance < 0 || *options.instance >= count) {
      return Error(ErrorCode::kNotFound, fmt::format("{} has the instances 0 to {}, not {}", to_string(id),
                                                     count - 1, *options.instance));
    }
    return Error(ErrorCode::kNotFound, fmt::format("instance {} of {} {}", *options.instance, to_string(id),
                                                   ended ? "was never started" : "has not been started yet"));
  }
  return choice;
}

}  // namespace knit::client
