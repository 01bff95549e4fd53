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

namespace {

// For messages.
constexpr std::size_t kNamed = 10;

std::string names_of(const std::vector<ContainerRun>& runs) {
  std::string text;
  for (std::size_t i = 0; i < runs.size() && i < kNamed; ++i) {
    text += (i > 0 ? ", " : "") + to_string(runs[i].id);
  }
  if (runs.size() > kNamed) text += fmt::format(" and {} more", runs.size() - kNamed);
  return text;
}

// The container that nobody knows, where its log may have been uploaded all the same.
Result<LogChoice> choose_unknown(const ContainerId& container, const ApplicationId& id, const RunState* state,
                                 const std::vector<ContainerRun>& there, bool ended) {
  if (state || !ended) {
    auto text = fmt::format("{} has no container {}{}", to_string(id), to_string(container),
                            state ? "" : " that runs; logs of others come when it has ended");
    if (!there.empty()) text += "; there are: " + names_of(there);
    return Error(ErrorCode::kNotFound, std::move(text));
  }
  LogChoice choice;
  choice.runs.emplace_back().id = container;
  choice.runs.back().instance = ContainerRun::kUnknown;
  choice.complete = true;
  return choice;
}

}  // namespace

Status check_choice(const LogsOptions& options, const ApplicationId& id, const RunState* state) {
  if (options.tail_lines && *options.tail_lines > kMaxTailLines) {
    return Error(
        ErrorCode::kInvalidArgument,
        fmt::format("at most {} last lines can be asked for, not {}; leave the number out to get all",
                    kMaxTailLines, *options.tail_lines));
  }
  if (options.container && options.container->attempt.application != id) {
    return Error(ErrorCode::kNotFound,
                 fmt::format("{} is no container of {}", to_string(*options.container), to_string(id)));
  }
  if (!options.instance) return {};
  if (!state) {
    return Error(
        ErrorCode::kFailedPrecondition,
        fmt::format("which container was instance {} of {} is not known: there is no journal of it that can "
                    "be read; choose with --container",
                    *options.instance, to_string(id)));
  }
  const auto count = state->master().instances;
  if (*options.instance >= 0 && *options.instance < count) return {};
  return Error(ErrorCode::kNotFound,
               count == 1 ? fmt::format("{} has only instance 0, not {}", to_string(id), *options.instance)
                          : fmt::format("{} has the instances 0 to {}, not {}", to_string(id), count - 1,
                                        *options.instance));
}

Result<LogChoice> choose_logs(const LogsOptions& options, const ApplicationId& id, const RunState* state,
                              const std::vector<ContainerRun>& known, bool ended) {
  LogChoice choice;
  choice.complete = state != nullptr;
  const auto& there = state ? state->containers() : known;
  for (const auto& run : there) {
    if (wants_container(options, run)) choice.runs.push_back(run);
  }
  const auto order = [](const ContainerRun& run) {
    return std::tuple(run.is_master() ? INT32_MAX : run.instance, run.restart, run.id);
  };
  std::stable_sort(choice.runs.begin(), choice.runs.end(),
                   [&](const ContainerRun& a, const ContainerRun& b) { return order(a) < order(b); });
  if (!choice.runs.empty()) return choice;
  if (options.container) return choose_unknown(*options.container, id, state, there, ended);
  if (options.instance) {
    return Error(ErrorCode::kNotFound, fmt::format("instance {} of {} {}", *options.instance, to_string(id),
                                                   ended ? "was never started" : "has not been started yet"));
  }
  return choice;
}

}  // namespace knit::client
