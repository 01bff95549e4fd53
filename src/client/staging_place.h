// Where a user's staging directory is.
#pragma once

#include <knit/result.h>

#include <string>

#include "fs/file_system.h"

namespace knit::client {

class Session;

struct StagingPlace {
  fs::FileSystem* file_system = nullptr;
  std::string path;         // normalized: ".../.knit"
  bool is_default = false;  // HOME/.knit, Knit's own
};

// `given` (--staging-dir: a URI or a path, a relative one below the HDFS home), else the setting
// knit.staging.dir, else HOME/.knit. Asks no machine. Errors: Session::file_system's, kInvalidArgument for a
// path that cannot be.
Result<StagingPlace> staging_place(Session& session, const std::string& given);

}  // namespace knit::client
