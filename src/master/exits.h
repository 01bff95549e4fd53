// From what YARN says about an ended container to what the application model calls an exit. A core.
#pragma once

#include "app/exit.h"
#include "yarn/container.h"

namespace knit::master {

app::Exit to_exit(const yarn::ContainerStatus& status);

}  // namespace knit::master
