// The user's staging directory: what applications need while they live, what they leave as a record, and the
// cache.
//
//   STAGING/apps/APP_ID/   launch.json from the client, the master's journals; while the application lives
//   STAGING/runs/APP_ID    the record of a run, for 30 days
//   STAGING/cache/         see cache.h
//   STAGING/.swept         empty; its modification time is when records and cache were last swept
//
// All 0700. Belongs to the user alone: whoever can write here can put his own program into the user's
// containers.
#pragma once

#include <knit/cluster.h>
#include <knit/result.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "client/application_service.h"
#include "client/cache.h"
#include "client/staging_place.h"
#include "control/launch_file.h"
#include "fs/file_system.h"

namespace knit::client {

inline constexpr auto kKeepRecords = std::chrono::hours(30 * 24);
inline constexpr auto kKeepUnused = std::chrono::hours(7 * 24);

// The member of LaunchFile::settings that says which cluster runs the application: staging directories are
// shared by the clusters that share an HDFS.
inline constexpr const char* kClusterSetting = "knit.cluster";

// Belongs to one loop; the file system outlives it. Every wait inside is bounded.
class Staging {
 public:
  // `cluster` names the ResourceManager as it stands in launch files.
  Staging(StagingPlace place, std::string user, std::string cluster);

  fs::FileSystem& file_system() { return fs_; }
  const std::string& directory() const { return place_.path; }
  std::string uri() const { return fs_.uri() + place_.path; }
  const std::string& cluster() const { return cluster_; }
  Cache& cache() { return cache_; }

  // Whether applications can be staged here, without changing anything: kNotFound if HOME does not exist,
  // kUnimplemented if the folder lies, or would lie, in an encryption zone, and kPermissionDenied if it
  // belongs to somebody else or others may write to it, saying what to do.
  io::Task<Status> check();
  // check(), and makes what is missing.
  io::Task<Status> prepare();

  io::Task<Result<fs::FileStatus>> write_launch_file(control::LaunchFile file);
  // For an application that was not submitted, or not accepted.
  io::Task<Status> discard(ApplicationId id);
  // For one that has ended: keeps its journal as the record of the run, if the master could not, and removes
  // the rest. Nothing to do where that has been done.
  io::Task<Status> settle(ApplicationId id);

  // The paths in the cache that applications name which live, or may.
  io::Task<Result<std::set<std::string>>> in_use(ApplicationService& service);
  // Settles what has ended. A few times a day (thousands of records are a long list) also removes records
  // after 30 days and what the cache holds in vain for 7. Goes on after errors; gives the first.
  io::Task<Status> sweep(ApplicationService& service);
  // Cache::collect with what is in use here.
  io::Task<Result<std::vector<Cache::Entry>>> collect(ApplicationService& service,
                                                      std::chrono::milliseconds age);

 private:
  struct Application {
    ApplicationId id;
    bool over = false;  // false also where nobody knows
  };
  io::Task<Result<std::vector<Application>>> applications(ApplicationService& service);
  io::Task<bool> is_over(ApplicationService& service, ApplicationId id, WallTime touched);
  io::Task<Result<std::optional<control::LaunchFile>>> launch_file(ApplicationId id);
  io::Task<std::string> newest_journal(ApplicationId id);
  io::Task<Status> keep_record(ApplicationId id);
  io::Task<Status> sweep_records();
  // True a few times a day, for one client of those that ask.
  io::Task<Result<bool>> sweep_is_due();
  io::Task<Status> check_home();
  io::Task<Status> check_above();
  Status refuse_encrypted(const fs::FileStatus& folder) const;

  StagingPlace place_;
  fs::FileSystem& fs_;
  std::string user_, cluster_;
  Cache cache_;
  std::map<ApplicationId, control::LaunchFile> launch_files_;  // never change once written
};

}  // namespace knit::client
