// Reading the texts in which the ResourceManager tells what happened to an application. A core.
#pragma once

#include <knit/cluster.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace knit::client {

// What stands after `label` as "<memory:256, vCores:1>" (Resource.toString).
std::optional<Resource> resource_after(std::string_view text, std::string_view label);

// Without the "[Mon Nov 23 02:58:44 +0000 2026] " of SchedulerApplicationAttempt or the
// "[2026-11-23 02:58:02.902]" of a NodeManager, and without white space around.
std::string_view without_time(std::string_view text);

// How an application's last master ended, from "Application A failed N times ... due to WHY. Failing the
// application." (RMAppImpl.getAppAttemptFailedDiagnostics,
// RMAppAttemptImpl.getAMContainerCrashedDiagnostics).
struct MasterFailure {
  enum class Kind {
    kContainer,  // its container ended: exit_status and details say how
    kSilent,     // no heartbeats any more
    kLaunch,     // the NodeManager refused or could not be asked: details
    kOther,      // details
  };
  Kind kind = Kind::kOther;
  int times = 1;
  std::int32_t exit_status = 0;
  std::string details;  // without Hadoop's advice about tracking pages
};
std::optional<MasterFailure> parse_master_failure(std::string_view diagnostics);

// "Application A was killed by user U at ADDRESS with diagnostic message: TEXT"
// (ClientRMService.forceKillApplication; 2.10 has no message, REST no address).
struct Killed {
  std::string user, address, message;
};
std::optional<Killed> parse_killed(std::string_view diagnostics);

// The first line that tells something, at most 500 bytes: no stack frames, no Java class in front.
std::string first_line(std::string_view text);

}  // namespace knit::client
