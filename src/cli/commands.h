// The commands, each file's registered by one function.
#pragma once

#include "cli/context.h"

namespace knit::cli {

void add_cluster_commands(CLI::App& app, Context& context);      // ls, nodes, queues, config, kill
void add_application_commands(CLI::App& app, Context& context);  // status, describe, wait
void add_run_command(CLI::App& app, Context& context);           // run
void add_cache_commands(CLI::App& app, Context& context);        // cache ls, gc
void add_fs_commands(CLI::App& app, Context& context);           // fs ...
void add_follow_commands(CLI::App& app, Context& context);       // attach
void add_control_commands(CLI::App& app, Context& context);      // stop, scale, restart, containers, key
void add_logs_command(CLI::App& app, Context& context);          // logs
void add_doctor_commands(CLI::App& app, Context& context);       // doctor, completion

}  // namespace knit::cli
