// The public way into Knit: one object that speaks to one cluster.
//
//   auto client = knit::Client::open({});
//   auto app = (*client)->submit(spec);
//   auto outcome = (*client)->follow(*app, observer);
#pragma once

#include <knit/cluster.h>
#include <knit/export.h>
#include <knit/files.h>
#include <knit/finding.h>
#include <knit/result.h>
#include <knit/run.h>
#include <knit/run_spec.h>
#include <knit/scale.h>

#include <chrono>
#include <cstdint>
#include <functional>
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
  bool read_files = true;                                       // false: the properties are all there is
  std::string user;                                             // empty: HADOOP_USER_NAME, or the account's
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

// Thread-safe and synchronous: each call posts to the runtime's own thread and waits. Calls with a stop_token
// end with kCancelled when it is set. Never call it from an observer. After fork every call answers
// kFailedPrecondition.
class KNIT_EXPORT Client {
 public:
  // Reads the configuration and starts the runtime; talks to no machine. kFailedPrecondition without
  // configuration or for a cluster with Kerberos, naming the setting that says so.
  static Result<std::unique_ptr<Client>> open(const ClientOptions& options);
  ~Client();

  std::string user() const;
  std::vector<Setting> settings() const;

  Result<std::vector<ApplicationReport>> list(const ApplicationFilter& filter);
  Result<ApplicationReport> report(const ApplicationId& id, std::stop_token stop = {});
  Result<Description> describe(const ApplicationId& id);
  // The running containers that the ResourceManager knows of any application, the master among them; of one
  // that has ended at most the master's.
  Result<std::vector<ContainerReport>> containers(const ApplicationId& id, std::stop_token stop = {});
  Result<std::vector<NodeReport>> nodes(std::stop_token stop = {});
  Result<std::vector<QueueInfo>> queues();
  Result<ClusterMetrics> metrics();
  // The body of GET `path` ("/ws/v1/cluster/info") at the ResourceManager's web address: what its RPC does
  // not tell. Bounded at 2 s and 16 MiB; kUnavailable where no active one answers, kUnimplemented where it
  // speaks TLS alone.
  Result<std::string> resource_manager_page(const std::string& path, std::stop_token stop = {});
  // Through the ResourceManager; true if it was still running. Returns when the ResourceManager says it has
  // ended.
  Result<bool> kill(const ApplicationId& id, std::stop_token stop = {});
  // Into another queue, with everything it has; its report from there, or of where it was already.
  // kFailedPrecondition for one that has ended, kNotFound and kPermissionDenied for the application and for
  // the queue, kUnimplemented where the cluster's scheduler has no queues to move between.
  Result<ApplicationReport> move(const ApplicationId& id, const std::string& queue);
  // Asks each instance to end (SIGTERM), kills what has not after `grace`, and gives the report of the ended
  // application. This, scale() and restart() ask the application's master, with the owner's key that this
  // machine keeps since submit(): kNotFound without application or key, kFailedPrecondition for an
  // application that has ended, kUnavailable where its master does not run yet, has no control channel or
  // cannot be reached from here.
  Result<ApplicationReport> stop(const ApplicationId& id, std::chrono::milliseconds grace = kDefaultGrace,
                                 std::stop_token stop = {});
  Result<ScaleResult> scale(const ApplicationId& id, const ScaleRequest& request, std::stop_token stop = {});
  // Another run of this instance, which counts as a restart and never as a failure.
  Status restart(const ApplicationId& id, std::int32_t instance,
                 std::chrono::milliseconds grace = kDefaultGrace);
  // Every instance by number, then the master as number -1. From the master; where that does not answer, from
  // the journal, and `notice` is told why; after the end from the record.
  Result<std::vector<InstanceReport>> instances(const ApplicationId& id,
                                                const std::function<void(const std::string&)>& notice = {},
                                                std::stop_token stop = {});
  // The owner's key as text, for another machine of the owner, and such a text: gives whose it is.
  Result<std::string> export_key(const ApplicationId& id);
  Result<ApplicationId> import_key(const std::string& text);

  // kDeadlineExceeded after `timeout`.
  Result<RunResult> wait(const ApplicationId& id, std::optional<std::chrono::milliseconds> timeout,
                         std::stop_token stop = {});

  // A variable of this process, as `-e NAME` without a value passes it on.
  static std::optional<std::string> environment_variable(const std::string& name);

  // What submit() would upload and ask for, after the same checks. Changes nothing.
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

  // Of a folder; "" is the home directory.
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

  // Everything that can be tried without starting anything, each with its outcome; also when there is no
  // usable configuration, which is why no Client is needed.
  static std::vector<Finding> doctor(const ClientOptions& options);

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace knit
