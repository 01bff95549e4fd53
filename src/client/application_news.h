// What a master can be asked for while its application runs.
#pragma once

#include <knit/cluster.h>

#include "control/service.h"
#include "io/task.h"

namespace knit::client {

class ApplicationNews {
 public:
  virtual ~ApplicationNews() = default;
  // Of the application as it was reported; waits for as long as the question says. Ends by itself.
  virtual io::Task<Result<control::FollowAnswer>> news(ApplicationReport report,
                                                       control::FollowRequest request) = 0;
};

}  // namespace knit::client
