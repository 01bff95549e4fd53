// The journal of one application: which container was which instance, when, and how it ended. Nothing in YARN
// says that after the end. JSON lines in apps/APP_ID/journal, appended by the master and hflushed, read by
// clients while it grows; at the end it becomes the record runs/APP_ID.
#pragma once

#include <knit/cluster.h>
#include <knit/run_spec.h>

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace knit::control {

// First line of each master attempt.
struct MasterStarted {
  ApplicationAttemptId attempt;
  ContainerId container;
  NodeId node;
  std::string node_http_address;
  WallTime time{};
  std::string name, user, queue;  // for records read when the ResourceManager has forgotten
  std::int32_t instances = 0;
  std::vector<std::string> command;
};

// Written, and flushed, before each startContainers.
struct InstanceStarting {
  std::int32_t instance = 0;
  std::int32_t restart = 0;
  ContainerId container;
  NodeId node;
  std::string node_http_address;
  WallTime time{};
};

// The NodeManager accepted it.
struct InstanceStarted {
  ContainerId container;
  WallTime time{};
};

enum class ExitClass {
  kSucceeded,
  kFailed,     // the command's own fault: non-zero exit
  kMemory,     // over its memory limit
  kLost,       // node lost, disks, aborted: not the user's fault, asked for again
  kPreempted,  // likewise
  kKilled,     // by a person, by us at the end, or by the ResourceManager
  kLaunch,     // could not be launched or localized
};
std::string_view to_string(ExitClass exit_class);

struct InstanceEnded {
  std::int32_t instance = 0;
  std::int32_t restart = 0;
  ContainerId container;
  WallTime time{};
  std::int32_t exit_status = 0;  // YARN's or the process's
  ExitClass exit_class = ExitClass::kSucceeded;
  std::string reason;       // one sentence for people
  std::string diagnostics;  // the NodeManager's, with the last lines of stderr; at most 16 KiB
  bool final = false;       // this instance will not be started again
};

// Last line, just before unregistering.
struct ApplicationEnded {
  WallTime time{};
  FinalStatus status = FinalStatus::kUndefined;
  std::string diagnostics;
};

using JournalEntry =
    std::variant<MasterStarted, InstanceStarting, InstanceStarted, InstanceEnded, ApplicationEnded>;

// One line without its newline.
std::string encode(const JournalEntry& entry);
Result<JournalEntry> decode_journal_line(std::string_view line);

// Reads a journal that grows: feed it bytes, take whole entries. A last line without newline waits for its
// rest. A malformed line is kDataLoss with its number; lines are at most 1 MiB.
class JournalReader {
 public:
  // Appends bytes and gives the entries they complete. Unknown kinds of entries (a newer Knit's) are skipped.
  Result<std::vector<JournalEntry>> feed(std::string_view bytes);
  std::uint64_t bytes_read() const { return bytes_read_; }

 private:
  std::string partial_;
  std::uint64_t bytes_read_ = 0, line_ = 0;
};

// Where things lie under a staging directory.
std::string application_directory(std::string_view staging, const ApplicationId& id);  // STAGING/apps/APP_ID
std::string journal_path(std::string_view staging, const ApplicationId& id);           // .../journal
std::string record_path(std::string_view staging, const ApplicationId& id);            // STAGING/runs/APP_ID

}  // namespace knit::control
