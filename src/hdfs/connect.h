// From settings to a file system.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "conf/settings.h"
#include "hdfs/file_system.h"
#include "rpc/limits.h"

namespace knit::hdfs {

// The HDFS named `authority` ("nn.example.com:8020" or a nameservice), as `user`. Talks to no machine.
// Of `limits` those count that say how long a NameNode is waited for at first; the sizes and the rest come
// from the settings. `caller_context` gives what goes into the NameNode's audit log.
Result<std::unique_ptr<HdfsFileSystem>> open_file_system(const conf::Settings& settings,
                                                         const std::string& authority,
                                                         const std::string& user, rpc::Limits limits,
                                                         std::function<std::string()> caller_context);

}  // namespace knit::hdfs
