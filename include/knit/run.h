// What can be known about one application while it runs and when it has ended, and how it is told.
#pragma once

#include <knit/cluster.h>
#include <knit/export.h>
#include <knit/ids.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace knit {

// One instance as the journal or the record of the run tells it.
struct InstanceReport {
  std::int32_t instance = 0;
  std::int32_t restarts = 0;
  std::string state;  // "starting", "running", "succeeded", "failed", "lost", ...
  ContainerId container;
  NodeId node;
  std::optional<WallTime> started, ended;
  std::optional<std::int32_t> exit_status;
  std::string exit_class;  // "succeeded", "failed", "memory", "lost", "preempted", "killed", "launch"
  std::string reason;
};

// The whole of what is known about an application.
struct Description {
  ApplicationReport report;
  std::vector<AttemptReport> attempts;
  std::vector<InstanceReport> instances;  // empty where there is neither journal nor record
  std::string why;                        // why it waits, or why it ended; empty while all is well
  std::vector<std::string> hints;         // what the user can do
  bool known_to_resource_manager = true;  // false: told from the record alone
};

enum class Outcome {
  kSucceeded,
  kFailed,
  kKilled,        // by a person
  kLifetimeOver,  // by the ResourceManager, as its lifetime was over
  kNeverStarted,  // withdrawn, as nothing ran within its start timeout
};

// How a followed or awaited application ended.
struct RunResult {
  ApplicationReport report;
  Outcome outcome = Outcome::kSucceeded;
  std::string diagnostics;
  std::int32_t instances = 0;                          // asked for; 0 where that is not known
  std::map<std::int32_t, std::int32_t> exit_statuses;  // by instance, where known
};

enum class OutputStream { kStdout, kStderr };
// kPart: the line goes on in the next call, for it is longer than 1 MiB. kNone: the output ended without a
// newline.
enum class LineEnd { kNewline, kPart, kNone };

// What a running application looks like from outside.
struct Progress {
  ApplicationState state = ApplicationState::kUnknown;
  std::int32_t instances = 0, pending = 0, running = 0, done = 0, failed = 0;
  std::chrono::milliseconds elapsed{0};
  std::string waiting_for;  // why nothing runs yet; empty when something does
};

// Told, on the runtime's thread, what happens while something long goes on. Must not block for long and must
// not call the Client.
class KNIT_EXPORT RunObserver {
 public:
  virtual ~RunObserver() = default;
  virtual void on_upload(const std::string& file, std::uint64_t sent, std::uint64_t total) {
    (void)file, (void)sent, (void)total;
  }
  virtual void on_progress(const Progress& progress) { (void)progress; }
  // One whole line of a container, without its newline: any bytes.
  virtual void on_line(std::int32_t instance, OutputStream stream, std::string_view line, LineEnd end) {
    (void)instance, (void)stream, (void)line, (void)end;
  }
  // Something the user should know: a restart, a lost node, output that could not be read.
  virtual void on_notice(const std::string& text) { (void)text; }
};

struct FollowOptions {
  bool logs = true;
  // The application is withdrawn, by a kill that says why, if it still waits for its master this long after
  // its submission. None: what the application was submitted with.
  std::optional<std::chrono::milliseconds> start_timeout;
  std::string staging_dir;  // as in its RunSpec
  std::stop_token stop;     // ends following, not the application: the result is kCancelled
};

struct LogsOptions {
  std::optional<std::int32_t> instance;  // none: all
  bool master = false;                   // the master's logs
  std::optional<ContainerId> container;
  // "stdout", "stderr", another name; empty: all but what YARN itself writes for each container
  // (launch_container.sh, directory.info, prelaunch.out).
  std::string log;
  std::optional<std::int64_t> tail_lines;
  bool follow = false;
  std::chrono::milliseconds timeout{60'000};  // for every container's log to be there
  std::stop_token stop;
};

// One piece of a container's log.
struct LogPiece {
  std::string container, node, file;
  std::optional<std::int32_t> instance;
  std::span<const std::byte> bytes;
  bool begins = false;  // the first piece of this file
};

}  // namespace knit
