// The masters this library was built with.
#pragma once

#include <vector>

#include "client/masters.h"

namespace knit {

// Generated (cmake/KnitMasters.cmake). Empty in builds without a master.
std::vector<client::MasterProgram> built_masters();

}  // namespace knit
