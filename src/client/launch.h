// Running something: what it would take, and doing it. And the cache that remains.
#pragma once

#include <knit/files.h>
#include <knit/result.h>
#include <knit/run.h>
#include <knit/run_spec.h>

#include <chrono>
#include <string>
#include <vector>

#include "client/masters.h"
#include "client/session.h"

namespace knit::client {

struct LaunchOptions {
  std::vector<MasterProgram> masters;  // that belong with this library
  std::string master_directory;        // empty: beside the program or the library
};

// Checks the specification against itself, this machine, the cluster and the staging directory, in that
// order; changes nothing. Errors are the user's to mend and name the option, or those of the daemons.
io::Task<Result<Plan>> plan_run(Session& session, RunSpec spec, LaunchOptions options);

// The same checks, then Submission::run. Meanwhile sweeps the staging directory of what earlier runs have
// left; what goes wrong there is nobody's concern here.
io::Task<Result<ApplicationId>> submit_run(Session& session, RunSpec spec, LaunchOptions options,
                                           RunObserver& observer);

// For an application of Knit's that has ended: keeps its record and removes its folder, at most a few seconds
// long. What goes wrong is mended by the next sweep. Nothing to do for anybody else's application.
io::Task<void> settle_run(Session& session, ApplicationId id, std::string staging_dir);

io::Task<Result<std::vector<CacheEntry>>> list_cache(Session& session);
// Removes what was unused for `age` and is named by no live application; gives what was removed.
io::Task<Result<std::vector<CacheEntry>>> collect_cache(Session& session, std::chrono::hours age);

}  // namespace knit::client
