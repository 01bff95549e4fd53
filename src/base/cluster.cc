#include <fmt/format.h>
#include <knit/cluster.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace knit {
namespace {

template <class Enum, std::size_t N>
std::string_view name_of(const std::array<std::string_view, N>& names, Enum value) {
  const auto index = static_cast<std::size_t>(value);
  return index < N ? names[index] : names[0];
}

constexpr std::array<std::string_view, 9> kApplicationStates = {
    "UNKNOWN", "NEW", "NEW_SAVING", "SUBMITTED", "ACCEPTED", "RUNNING", "FINISHED", "FAILED", "KILLED"};
constexpr std::array<std::string_view, 6> kFinalStatuses = {"UNKNOWN", "UNDEFINED", "SUCCEEDED",
                                                            "FAILED",  "KILLED",    "ENDED"};
constexpr std::array<std::string_view, 8> kLogAggregations = {
    "UNKNOWN", "DISABLED", "NOT_START", "RUNNING", "SUCCEEDED", "FAILED", "TIME_OUT", "RUNNING_WITH_FAILURE"};
constexpr std::array<std::string_view, 9> kNodeStates = {
    "UNKNOWN", "NEW",      "RUNNING",         "UNHEALTHY", "DECOMMISSIONED",
    "LOST",    "REBOOTED", "DECOMMISSIONING", "SHUTDOWN"};
constexpr std::array<std::string_view, 4> kQueueStates = {"UNKNOWN", "STOPPED", "RUNNING", "DRAINING"};
constexpr std::array<std::string_view, 4> kContainerStates = {"UNKNOWN", "NEW", "RUNNING", "COMPLETE"};

}  // namespace

std::string_view to_string(ApplicationState state) {
  return name_of(kApplicationStates, state);
}
std::string_view to_string(FinalStatus status) {
  return name_of(kFinalStatuses, status);
}
std::string_view to_string(LogAggregation status) {
  return name_of(kLogAggregations, status);
}
std::string_view to_string(NodeState state) {
  return name_of(kNodeStates, state);
}
std::string_view to_string(QueueState state) {
  return name_of(kQueueStates, state);
}
std::string_view to_string(ContainerState state) {
  return name_of(kContainerStates, state);
}

Result<ApplicationState> parse_application_state(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return std::toupper(c); });
  for (std::size_t i = 1; i < kApplicationStates.size(); ++i) {
    if (kApplicationStates[i] == upper) return static_cast<ApplicationState>(i);
  }
  return Error(
      ErrorCode::kInvalidArgument,
      fmt::format("'{}' is not an application state; the states are NEW, NEW_SAVING, SUBMITTED, ACCEPTED, "
                  "RUNNING, FINISHED, FAILED, KILLED",
                  text.substr(0, 60)));
}

bool has_ended(ApplicationState state) {
  return state == ApplicationState::kFinished || state == ApplicationState::kFailed ||
         state == ApplicationState::kKilled;
}

}  // namespace knit
