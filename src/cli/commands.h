// The commands, each file's registered by one function.
#pragma once

#include "cli/context.h"

namespace knit::cli {

void add_cluster_commands(CLI::App& app, Context& context);      // ls, nodes, queues, config, kill
void add_application_commands(CLI::App& app, Context& context);  // status, describe, wait

}  // namespace knit::cli
