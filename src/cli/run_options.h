// The options of `knit run` that say what to run, as a RunSpec.
#pragma once

#include <knit/run_spec.h>

#include <optional>
#include <string>
#include <vector>

#include "cli/context.h"

namespace knit::cli {

// Filled while the command line is read.
struct RunOptions {
  RunSpec spec;
  std::string shell_text;  // -c
  bool has_shell_text = false;
  std::optional<FileSpec> script;
  std::vector<std::string> unexpected;  // words in front of "--" that are no options
};

void add_run_options(CLI::App& command, RunOptions& options);

// The specification with its command, from -c, from --script or from behind "--". kInvalidArgument where
// there is none, or more than one.
Result<RunSpec> run_spec(const RunOptions& options, const Context& context);

// For a command line without "--" that cannot be parsed: our words if it has a command all the same, whose
// options were taken for ours; else "". `app` is the whole program, after parsing.
std::string misplaced_command(const CLI::App& app);

// Of an environment file: NAME=VALUE a line, byte for byte; NAME alone takes this process's value; empty
// lines and those that begin with '#' are skipped. kNotFound, kInvalidArgument with the line.
Result<std::vector<std::pair<std::string, std::string>>> read_environment_file(const std::string& path);

// "SRC", "SRC#NAME".
FileSpec parse_file(const std::string& text, bool archive);

}  // namespace knit::cli
