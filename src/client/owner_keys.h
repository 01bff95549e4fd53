// The owner's keys to running applications, in files of this machine. A driver.
#pragma once

#include <knit/ids.h>
#include <knit/result.h>

#include <string>

#include "client/application_service.h"
#include "conf/environment.h"
#include "fs/file_system.h"
#include "security/certificates.h"

namespace knit::client {

// $XDG_STATE_HOME/knit/keys, or ~/.local/state/knit/keys. kFailedPrecondition where neither is told.
Result<std::string> keys_folder(const conf::Environment& environment);

// One file an application, APP_ID.pem: the owner's key, its certificate and the authority's, as PEM. Folder
// and files are the user's alone (700, 600); a file that others can read is refused. Not in HDFS, because on
// a cluster without authentication anyone can read anybody's files there.
class OwnerKeys {
 public:
  // `files` is this machine's and must outlive it.
  OwnerKeys(fs::FileSystem& files, std::string folder) : files_(files), folder_(std::move(folder)) {}

  io::Task<Status> keep(ApplicationId id, security::Identity identity);
  // kNotFound says what to do about it.
  io::Task<Result<security::Identity>> find(ApplicationId id);
  // The file's text, for another machine of the owner. It is the key.
  io::Task<Result<security::Secret>> text(ApplicationId id);
  // Keeps such a text. kInvalidArgument and kDataLoss for one that is no owner's.
  io::Task<Result<ApplicationId>> add(security::Secret text);
  // Nothing to do where there is none.
  io::Task<Status> forget(ApplicationId id);
  // Forgets the keys of applications that have ended, a few at a time; what goes wrong is left for the next.
  io::Task<void> sweep(ApplicationService& service);

 private:
  std::string path(const ApplicationId& id) const;

  fs::FileSystem& files_;
  std::string folder_;
};

// Those of this machine's user.
Result<OwnerKeys> open_owner_keys(const conf::Environment& environment);

}  // namespace knit::client
