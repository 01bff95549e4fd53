// The public way into Knit: one object that speaks to one cluster.
//
//   auto client = knit::Client::open({});
//   auto app = (*client)->submit(spec);
//   auto outcome = (*client)->follow(*app, observer);
#pragma once

#include <knit/cluster.h>
#include <knit/result.h>
#include <knit/run_spec.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace knit {

struct ClientOptions {
  std::string config_directory;                                 // empty: found as docs/configuration.md says
  std::vector<std::pair<std::string, std::string>> properties;  // over the files: -D KEY=VALUE
  std::chrono::milliseconds connect_timeout{10'000};            // until a machine must have answered
};

// One setting and where it came from.
struct Setting {
  std::string key, value, origin;
  bool redacted = false;  // the value is a secret and not shown
};

struct ApplicationFilter {
  std::vector<ApplicationState> states;  // empty: all
  std::vector<std::string> users, queues, tags, types;
  std::string name;        // empty: any
  std::int64_t limit = 0;  // newest first; 0: all
};

// One instance as the journal or the record of the run tells it.
struct InstanceReport {
  std::int32_t instance = 0;
  std::int32_t restarts = 0;
  std::string state;  // "starting", "running", "succeeded", "failed", "lost", ...
  ContainerId container;
  NodeId node;
  std::optional<WallTime> started, ended;
  std::optional<std::int32_t> exit_status;
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

enum class Outcome { kSucceeded, kFailed, kKilled, kLifetimeOver };

// How a followed or awaited application ended.
struct RunResult {
  ApplicationReport report;
  Outcome outcome = Outcome::kSucceeded;
  std::string diagnostics;
  std::map<std::int32_t, std::int32_t> exit_statuses;  // by instance, where known
};

enum class OutputStream { kStdout, kStderr };

// What a running application looks like from outside.
struct Progress {
  ApplicationState state = ApplicationState::kUnknown;
  std::int32_t instances = 0, pending = 0, running = 0, done = 0, failed = 0;
  std::chrono::milliseconds elapsed{0};
  std::string waiting_for;  // why nothing runs yet; empty when something does
};

// Told, on the runtime's thread, what happens while something long goes on. Must not block for long and must
// not call the Client.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  virtual void on_upload(const std::string& file, std::uint64_t sent, std::uint64_t total) {
    (void)file, (void)sent, (void)total;
  }
  virtual void on_progress(const Progress& progress) { (void)progress; }
  // One whole line of a container, without its newline.
  virtual void on_line(std::int32_t instance, OutputStream stream, std::string_view line) {
    (void)instance, (void)stream, (void)line;
  }
  // Something the user should know: a restart, a lost node, output that could not be read.
  virtual void on_notice(const std::string& text) { (void)text; }
};

struct FollowOptions {
  bool logs = true;
  std::stop_token stop;  // ends following, not the application: the result is kCancelled
};

struct LogsOptions {
  std::optional<std::int32_t> instance;  // none: all
  bool master = false;                   // the master's logs
  std::optional<ContainerId> container;
  std::string log = "";  // "stdout", "stderr", another name; empty: all
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

// What a submission would upload and ask for.
struct Plan {
  struct File {
    std::string source, name, target;
    std::uint64_t size = 0;
    bool upload = false;  // false: already in the cache, or used in place
    bool archive = false;
  };
  std::vector<File> files;
  std::string name, queue, user, staging;
  std::int32_t instances = 0;
  Resource instance, master;
  std::vector<std::string> warnings;
};

struct CacheEntry {
  std::string name, sha256;
  std::uint64_t size = 0;  // bytes
  WallTime used{};
  bool in_use = false;  // by a live application
};

struct FileInfo {
  std::string path;
  bool directory = false;
  std::uint64_t size = 0;  // bytes
  std::uint16_t permission = 0;
  std::string owner, group;
  std::uint32_t replication = 0;
  std::uint64_t block_size = 0;
  WallTime modified{};
};

// One finding of `knit doctor`.
struct Finding {
  enum class Level { kOk, kWarning, kProblem };
  Level level = Level::kOk;
  std::string what, detail, remedy;
};

// Thread-safe and synchronous: each call posts to the runtime's own thread and waits. Calls with a stop_token
// end with kCancelled when it is set. Never call it from an observer. After fork every call answers
// kFailedPrecondition.
class Client {
 public:
  // Reads the configuration and starts the runtime; talks to no machine. kFailedPrecondition without
  // configuration or for a cluster with Kerberos, naming the setting that says so.
  static Result<std::unique_ptr<Client>> open(const ClientOptions& options);
  ~Client();

  std::string user() const;
  std::vector<Setting> settings() const;

  Result<std::vector<ApplicationReport>> list(const ApplicationFilter& filter);
  Result<ApplicationReport> report(const ApplicationId& id);
  Result<Description> describe(const ApplicationId& id);
  Result<std::vector<NodeReport>> nodes();
  Result<std::vector<QueueInfo>> queues();
  Result<ClusterMetrics> metrics();
  // Through the ResourceManager; true if it was still running. Returns when the ResourceManager says it has
  // ended.
  Result<bool> kill(const ApplicationId& id);
  // kDeadlineExceeded after `timeout`.
  Result<RunResult> wait(const ApplicationId& id, std::optional<std::chrono::milliseconds> timeout,
                         std::stop_token stop = {});

  Result<Plan> plan(const RunSpec& spec);
  // Uploads what is not there yet and submits; returns once the ResourceManager has accepted it. `stop`
  // before that leaves nothing behind.
  Result<ApplicationId> submit(const RunSpec& spec, RunObserver& observer, std::stop_token stop = {});
  // Until the application has ended and its output has been told.
  Result<RunResult> follow(const ApplicationId& id, const FollowOptions& options, RunObserver& observer);
  Status logs(const ApplicationId& id, const LogsOptions& options,
              const std::function<Status(const LogPiece&)>& sink,
              const std::function<void(const std::string&)>& notice);

  Result<std::vector<CacheEntry>> cache_list();
  // Removes entries that were unused for `age` and that no live application names; gives what was removed.
  Result<std::vector<CacheEntry>> cache_collect(std::chrono::hours age);

  Result<std::vector<FileInfo>> list_files(const std::string& path);
  Result<FileInfo> stat_file(const std::string& path);
  Status put(const std::string& local, const std::string& remote, bool overwrite, RunObserver& observer,
             std::stop_token stop = {});
  Status get(const std::string& remote, const std::string& local, bool overwrite, RunObserver& observer,
             std::stop_token stop = {});
  Status read_file(const std::string& path, const std::function<Status(std::span<const std::byte>)>& sink,
                   std::stop_token stop = {});
  Status make_directories(const std::string& path);
  Status move_file(const std::string& from, const std::string& to);
  // Where the trash took it, or empty if it was deleted.
  Result<std::string> remove_file(const std::string& path, bool recursive, bool skip_trash);

  std::vector<Finding> doctor();

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace knit
