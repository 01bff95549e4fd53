// Why an application waits, and why it ended, in sentences. A core: what the ResourceManager, the queue, the
// nodes and the record of the run say goes in; nothing is asked. The texts that are recognised are those of
// Hadoop 2.10 to 3.5 (SchedulerApplicationAttempt.AMState, CSAMContainerLaunchDiagnosticsConstants,
// FiCaSchedulerApp, RMAppImpl, RMAppAttemptImpl, ClientRMService, RMAppLifetimeMonitor); any other is passed
// on as it is.
#pragma once

#include <knit/cluster.h>
#include <knit/run.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace knit::client {

struct Reason {
  std::string why;                 // a sentence without a full stop; empty: nothing to say
  std::vector<std::string> hints;  // what the user can do
  bool operator==(const Reason&) const = default;
};

// What is known while an application waits; what was not asked for, or could not be had, is left out.
struct WaitFacts {
  ApplicationReport report;
  std::optional<QueueInfo> queue;
  std::optional<std::vector<NodeReport>> nodes;
  std::optional<Resource> master;    // as it was asked for
  std::optional<Resource> instance;  // of each of its containers
};

// Of an application that has not ended and of which nothing runs yet but perhaps its master.
Reason why_waiting(const WaitFacts& facts);

// Of one that has ended; empty after a success.
Reason why_ended(const ApplicationReport& report);

// Of one that has ended.
Outcome outcome_of(const ApplicationReport& report);

}  // namespace knit::client
