// From a specification to an application that the ResourceManager has accepted, or to nothing at all.
#pragma once

#include <knit/files.h>
#include <knit/result.h>
#include <knit/run.h>
#include <knit/run_spec.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "client/application_service.h"
#include "client/local_files.h"
#include "client/masters.h"
#include "client/owner_keys.h"
#include "client/plan.h"
#include "client/staging.h"
#include "conf/settings.h"
#include "control/launch_file.h"
#include "security/credentials.h"

namespace knit::client {

// What a submission works with. Everything outlives it.
struct SubmissionTools {
  ApplicationService& service;
  Staging& staging;
  const conf::Settings& settings;
  std::string user;
  // As Session::file_system.
  std::function<Result<fs::FileSystem*>(const std::string& uri, std::string_view what)> file_system;
  std::vector<FoundMaster> masters;
  OwnerKeys* keys = nullptr;  // null: the application has no control channel
};

// How long the ResourceManager may take to accept or refuse what was submitted.
inline constexpr auto kAcceptDeadline = std::chrono::seconds(60);

// One submission. Belongs to one loop. Every wait inside is bounded.
class Submission {
 public:
  Submission(SubmissionTools tools, RunSpec spec) : tools_(std::move(tools)), spec_(std::move(spec)) {}

  // Whether every file of the specification can be had, without reading any. Errors name the option.
  io::Task<Status> check_files();
  // What staging would do. Packs and reads local files, uploads nothing.
  io::Task<Result<std::vector<Plan::File>>> plan_files();

  // What the master may ask for by name. Before run().
  void name_nodes(std::vector<control::UsableNode> nodes) { nodes_ = std::move(nodes); }
  // Stages, submits as `id` and waits until the application is accepted. After an error, and after a
  // cancellation until then, nothing of it is left: neither running nor in HDFS, but for what the cache
  // holds. Errors: what the ResourceManager says when it refuses, as kPermissionDenied, kNotFound (queue),
  // kResourceExhausted (limits of the queue), kInvalidArgument; kDeadlineExceeded after kAcceptDeadline.
  io::Task<Status> run(ApplicationId id, RunObserver& observer);

 private:
  struct Staged {
    control::StagedFile file;
    CacheKey key;         // of those in the cache
    bool cached = false;  // false: used in place
  };
  io::Task<Result<Staged>> use_in_place(FileSpec file);
  io::Task<Result<Staged>> stage(const LocalFile& local, std::string name, std::string shown,
                                 RunObserver& observer);
  io::Task<Result<LocalFile>> open_master(FoundMaster master);
  io::Task<Status> stage_all(RunObserver& observer);
  io::Task<Status> enter(ApplicationId id, RunObserver& observer);
  io::Task<Status> make_keys(ApplicationId id);
  io::Task<Result<bool>> still_staged();
  io::Task<Status> wait_until_accepted(ApplicationId id);
  io::Task<Status> undo(ApplicationId id);
  control::LaunchFile launch_file(ApplicationId id) const;
  Result<yarn::SubmissionContext> context(ApplicationId id, const fs::FileStatus& launch) const;
  std::string temporary_directory() const;

  SubmissionTools tools_;
  RunSpec spec_;
  std::vector<Staged> masters_, files_;
  std::vector<control::UsableNode> nodes_;
  security::Credentials credentials_;  // of the master's container
  bool submitted_ = false;             // or perhaps: the answer was lost
};

// What a refusal by the ResourceManager means, from its words. `error` is that of the submit call. Cores.
Error refused_at_submit(Error error);
Error refused_later(const ApplicationReport& report);
// Whether it is one of these, and another queue might take the application.
bool refuses_queue(const Error& error);

// The settings that the master needs of its client's, without secrets.
std::map<std::string, std::string> settings_for_master(const conf::Settings& settings);

}  // namespace knit::client
