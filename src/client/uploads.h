// Driver: the logs that NodeManagers uploaded of one application, where the cluster's settings say that they
// are.
#pragma once

#include <knit/result.h>

#include <memory>
#include <vector>

#include "conf/yarn_settings.h"
#include "io/task.h"
#include "logs/aggregated.h"

namespace knit::client {

// The folders of one application; all may hold something. The file systems must outlive their use.
using UploadFolders = std::vector<logs::LogFolder>;

// Of 2.10 to 3.5 (LogAggregationUtils).
logs::LogLayout log_layout(const conf::LogSettings& settings);

// logs::open_node_file within a deadline.
io::Task<Result<std::unique_ptr<logs::NodeLog>>> open_upload(logs::NodeFile file);

// The cluster says that no more will be uploaded.
bool is_final(LogAggregation state);

}  // namespace knit::client
