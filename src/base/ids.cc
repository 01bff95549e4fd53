#include <fmt/format.h>
#include <knit/ids.h>

#include <charconv>
#include <optional>
#include <vector>

namespace knit {
namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

template <class Int>
std::optional<Int> number(std::string_view digits) {
  Int value{};
  if (digits.empty() || digits[0] < '0' || digits[0] > '9') return std::nullopt;
  const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (ec != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

Error malformed(std::string_view text, std::string_view kind, std::string_view example) {
  return Error(ErrorCode::kInvalidArgument,
               fmt::format("'{}' is not {} id; it looks like {}", text.substr(0, 120), kind, example));
}

}  // namespace

Result<ApplicationId> ApplicationId::parse(std::string_view text) {
  const auto parts = split(text, '_');
  if (parts.size() == 3 && parts[0] == "application") {
    const auto timestamp = number<std::int64_t>(parts[1]);
    const auto id = number<std::int32_t>(parts[2]);
    if (timestamp && id) return ApplicationId{*timestamp, *id};
  }
  return malformed(text, "an application", "application_1763862000000_0042");
}

Result<ApplicationAttemptId> ApplicationAttemptId::parse(std::string_view text) {
  const auto parts = split(text, '_');
  if (parts.size() == 4 && parts[0] == "appattempt") {
    const auto timestamp = number<std::int64_t>(parts[1]);
    const auto id = number<std::int32_t>(parts[2]);
    const auto attempt = number<std::int32_t>(parts[3]);
    if (timestamp && id && attempt) return ApplicationAttemptId{{*timestamp, *id}, *attempt};
  }
  return malformed(text, "an application attempt", "appattempt_1763862000000_0042_000001");
}

Result<ContainerId> ContainerId::parse(std::string_view text) {
  auto parts = split(text, '_');
  std::int64_t epoch = 0;
  bool ok = parts[0] == "container";
  if (ok && parts.size() == 6 && parts[1].starts_with('e')) {
    const auto e = number<std::int64_t>(parts[1].substr(1));
    ok = e && *e < (1 << 23);
    epoch = e.value_or(0);
    parts.erase(parts.begin() + 1);
  }
  if (ok && parts.size() == 5) {
    const auto timestamp = number<std::int64_t>(parts[1]);
    const auto app = number<std::int32_t>(parts[2]);
    const auto attempt = number<std::int32_t>(parts[3]);
    const auto id = number<std::int64_t>(parts[4]);
    if (timestamp && app && attempt && id && *id <= 0xffffffffffLL) {
      return ContainerId{{{*timestamp, *app}, *attempt}, (epoch << 40) | *id};
    }
  }
  return malformed(text, "a container", "container_1763862000000_0042_01_000003");
}

Result<NodeId> NodeId::parse(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon != std::string_view::npos && colon > 0) {
    const auto port = number<std::int32_t>(text.substr(colon + 1));
    if (port && *port <= 65535) return NodeId{std::string(text.substr(0, colon)), *port};
  }
  return malformed(text, "a node", "node7.example.com:45454");
}

std::string to_string(const ApplicationId& id) {
  return fmt::format("application_{}_{:04}", id.cluster_timestamp, id.id);
}

std::string to_string(const ApplicationAttemptId& id) {
  return fmt::format("appattempt_{}_{:04}_{:06}", id.application.cluster_timestamp, id.application.id,
                     id.attempt);
}

std::string to_string(const ContainerId& id) {
  const auto& app = id.attempt.application;
  const std::string epoch = id.epoch() > 0 ? fmt::format("e{:02}_", id.epoch()) : "";
  return fmt::format("container_{}{}_{:04}_{:02}_{:06}", epoch, app.cluster_timestamp, app.id,
                     id.attempt.attempt, id.sequence());
}

std::string to_string(const NodeId& id) {
  return fmt::format("{}:{}", id.host, id.port);
}

}  // namespace knit
