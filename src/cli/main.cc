// knit: reads the command line, runs the command.
#include <fmt/format.h>
#include <knit/version.h>

#include <cstdio>
#include <exception>

#include "cli/commands.h"
#include "cli/context.h"
#include "cli/global_options.h"
#include "cli/run_options.h"
#include "cli/standard_streams.h"

namespace {

int run(int argc, char** argv) {
  knit::cli::Context context;
  CLI::App app("Launches distributed applications on Apache Hadoop YARN, without a JVM.", "knit");
  app.set_version_flag("--version", fmt::format("knit {}", knit::kVersion));
  app.require_subcommand(0, 1);
  knit::cli::add_global_options(app, context);
  knit::cli::add_cluster_commands(app, context);
  knit::cli::add_application_commands(app, context);
  knit::cli::add_run_command(app, context);
  knit::cli::add_follow_commands(app, context);
  knit::cli::add_control_commands(app, context);
  knit::cli::add_logs_command(app, context);
  knit::cli::add_cache_commands(app, context);
  knit::cli::add_fs_commands(app, context);
  knit::cli::add_doctor_commands(app, context);
  auto arguments = knit::cli::split_command_line(argc, argv, context);
  try {
    app.parse(arguments);
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    const auto misplaced = context.has_command ? std::string() : knit::cli::misplaced_command(app);
    knit::cli::tell("knit: error: {}\nTry 'knit --help' or 'knit COMMAND --help'.\n",
                    misplaced.empty() ? error.what() : misplaced);
    return knit::cli::kExitUsage;
  }
  if (context.has_command && !app.got_subcommand("run")) {
    knit::cli::tell("knit: error: only 'knit run' takes a command behind --\n");
    return knit::cli::kExitUsage;
  }
  if (!context.action) {
    knit::cli::tell("{}", app.help());
    return knit::cli::kExitUsage;
  }
  return context.action();
}

}  // namespace

int main(int argc, char** argv) {
  knit::cli::occupy_closed_streams();
  try {
    return knit::cli::finish_output(run(argc, argv));
  } catch (const knit::cli::CommandEnd& end) {
    return end.exit_code;
  } catch (const std::exception& bug) {
    // fmt::print throws where stdout takes nothing.
    if (std::ferror(stdout) != 0) return knit::cli::finish_output(knit::cli::kExitSucceeded);
    knit::cli::tell("knit: bug: {}\nPlease report this with the command you ran.\n", bug.what());
    return knit::cli::kExitFailed;
  }
}
