// Following an application on the terminal: the same for `run` and `attach`.
#pragma once

#include <knit/client.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "cli/context.h"
#include "cli/signals.h"

namespace knit::cli {

// How the user wants to see it.
struct RunView {
  bool logs = true;            // --no-logs
  bool prefix = true;          // --no-prefix
  bool quiet = false;          // -q: no progress, no notices, no summary of a success
  std::int32_t instances = 0;  // as asked for; 0: not known here
  int exit_code_from = -1;     // --exit-code-from
  std::optional<std::chrono::milliseconds> start_timeout;
  std::string staging_dir;  // as in the RunSpec
};

// Adds --no-logs, --no-prefix, -q and --exit-code-from.
void add_view_options(CLI::App& command, RunView& view);

// Shows what the application does until it has ended: its containers' stdout on stdout, all else on stderr;
// with -o json everything as JSON lines on stdout. The first SIGINT or SIGTERM (one that came before the call
// too) asks the application to stop, a second one kills it, a third ends without waiting; SIGHUP, and a
// stdout that takes no more, end and leave the application running. Gives the exit code.
int follow_and_report(Context& context, Signals& signals, const ApplicationId& id, const RunView& view);

}  // namespace knit::cli
