// The journal of one application: which container was which instance, when, and how it ended. Nothing in YARN
// says that after the end. JSON lines in apps/APP_ID/journal, appended by the master and hflushed, read by
// clients while it grows; at the end it is renamed and so becomes the record runs/APP_ID.
//
// Each attempt of the master writes a file of its own, so that a master that YARN took for dead disturbs
// nothing. It begins with the bytes of its predecessor, up to the last whole line; its own MasterStarted
// behind them says that they are all there. So the newest file that holds its own attempt's MasterStarted is
// the whole story; until then, and where there is none, the one before it is.
#pragma once

#include <knit/cluster.h>
#include <knit/run_spec.h>

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "app/exit.h"

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
  std::int32_t control_port = 0;  // 0: it cannot be asked
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

using app::ExitClass;
using app::to_string;

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

// What a run that failed wrote last, as its NodeManager showed it afterwards: for clusters that keep no logs.
struct InstanceOutput {
  struct Stream {
    std::string file;          // "stdout"
    std::uint64_t length = 0;  // of all that was written
    std::string bytes;         // the end of it, at most kMaxOutputBytes
  };
  ContainerId container;
  WallTime time{};
  std::vector<Stream> streams;  // at most kMaxOutputStreams
  std::string unavailable;      // why there is nothing of it; else empty
};
inline constexpr std::size_t kMaxOutputBytes = 64u << 10;
inline constexpr std::size_t kMaxOutputStreams = 2;

// Before instances that were added on request are asked for, and before removed ones are stopped.
struct Scaled {
  WallTime time{};
  std::int32_t total = 0;          // numbers given out so far: 0 to total - 1
  std::set<std::int32_t> removed;  // now; at most kMaxRemoved, more take several entries
  bool held = false;               // no instance is left on request: the application waits
};
inline constexpr std::size_t kMaxRemoved = 50'000;

// The owner wants another run of this instance; before its container is stopped.
struct RestartRequested {
  std::int32_t instance = 0;
  WallTime time{};
};

// The owner has asked for the end; before anything is stopped.
struct StopRequested {
  WallTime time{};
  std::chrono::milliseconds grace{};  // from SIGTERM to SIGKILL
};

// Last line, just before unregistering.
struct ApplicationEnded {
  WallTime time{};
  FinalStatus status = FinalStatus::kUndefined;
  std::string diagnostics;
};

using JournalEntry = std::variant<MasterStarted, InstanceStarting, InstanceStarted, InstanceEnded,
                                  InstanceOutput, Scaled, RestartRequested, StopRequested, ApplicationEnded>;

// One line without its newline, never longer than kMaxJournalLine: long texts are cut, and a command that is
// too long is left out but for its first word.
std::string encode(const JournalEntry& entry);
// kDataLoss for what is malformed, kUnimplemented for an entry of a kind that only a newer Knit knows.
Result<JournalEntry> decode_journal_line(std::string_view line);

inline constexpr std::size_t kMaxJournalLine = 1u << 20;
inline constexpr std::size_t kMaxJournalText = 16u << 10;  // diagnostics, reasons

// Reads a journal that grows: feed it bytes, take whole entries. A last line without newline waits for its
// rest. A malformed line is kDataLoss with its number, and so is one that is too long; nothing can be read
// after it.
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
// Of one attempt of the master: .../journal, from the second on .../journal.2, ...
std::string journal_path(std::string_view staging, const ApplicationId& id, std::int32_t attempt = 1);
std::string record_path(std::string_view staging, const ApplicationId& id);  // STAGING/runs/APP_ID

}  // namespace knit::control
