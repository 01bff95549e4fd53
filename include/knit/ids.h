// YARN's names for applications, attempts, containers and nodes. Text forms follow Hadoop's
// ApplicationId, ApplicationAttemptId, ContainerId and NodeId (hadoop-yarn-api 3.4.2).
#pragma once

#include <knit/export.h>
#include <knit/result.h>

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace knit {

struct KNIT_EXPORT ApplicationId {
  std::int64_t cluster_timestamp = 0;  // ms since 1970 at which the ResourceManager first started
  std::int32_t id = 0;
  auto operator<=>(const ApplicationId&) const = default;
  // "application_1763862000000_0042"
  static Result<ApplicationId> parse(std::string_view text);
};

struct KNIT_EXPORT ApplicationAttemptId {
  ApplicationId application;
  std::int32_t attempt = 0;  // from 1
  auto operator<=>(const ApplicationAttemptId&) const = default;
  // "appattempt_1763862000000_0042_000001"
  static Result<ApplicationAttemptId> parse(std::string_view text);
};

struct KNIT_EXPORT ContainerId {
  ApplicationAttemptId attempt;
  std::int64_t id = 0;  // low 40 bits: sequence; above them the ResourceManager's epoch (restarts)
  auto operator<=>(const ContainerId&) const = default;
  std::int64_t sequence() const { return id & 0xffffffffffLL; }
  std::int64_t epoch() const { return id >> 40; }
  // "container_1763862000000_0042_01_000003", after a restart of the ResourceManager "container_e17_..."
  static Result<ContainerId> parse(std::string_view text);
};

struct KNIT_EXPORT NodeId {
  std::string host;  // as the NodeManager registered it: never canonicalised
  std::int32_t port = 0;
  auto operator<=>(const NodeId&) const = default;
  // "node7.example.com:45454"
  static Result<NodeId> parse(std::string_view text);
};

KNIT_EXPORT std::string to_string(const ApplicationId& id);
KNIT_EXPORT std::string to_string(const ApplicationAttemptId& id);
KNIT_EXPORT std::string to_string(const ContainerId& id);
KNIT_EXPORT std::string to_string(const NodeId& id);

}  // namespace knit
