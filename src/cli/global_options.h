// Options that may stand anywhere before "--".
#pragma once

#include "cli/context.h"

namespace knit::cli {

void add_global_options(CLI::App& app, Context& context);

// The arguments in the order CLI11 wants them (last first), without the program's name and without what
// stands from the first "--" of a `run` on: that is the user's command and goes into the context byte for
// byte.
std::vector<std::string> split_command_line(int argc, char** argv, Context& context);

}  // namespace knit::cli
