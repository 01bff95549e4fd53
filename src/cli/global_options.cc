#include "cli/global_options.h"

#include <knit/duration.h>

#include <algorithm>

namespace knit::cli {

void add_global_options(CLI::App& app, Context& context) {
  app.fallthrough();
  app.add_option("--config,--conf", context.options.config_directory, "folder of the *-site.xml files");
  app.add_option_function<std::vector<std::string>>(
         "-D",
         [&context](const std::vector<std::string>& values) {
           for (const auto& value : values) {
             const auto equals = value.find('=');
             if (equals == std::string::npos || equals == 0) {
               throw CLI::ValidationError("-D", "write KEY=VALUE, not '" + value + "'");
             }
             context.options.properties.emplace_back(value.substr(0, equals), value.substr(equals + 1));
           }
         },
         "one Hadoop setting KEY=VALUE, over the files (repeat)")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option_function<std::string>(
         "-o,--output", [&context](const std::string& format) { context.json = format == "json"; },
         "table or json")
      ->check(CLI::IsMember({"table", "json"}));
  app.add_flag("-v,--verbose", context.verbose, "say as whom Knit speaks to which cluster, on stderr");
  app.add_option_function<std::string>(
      "--connect-timeout",
      [&context](const std::string& text) {
        const auto timeout = parse_duration(text);
        if (!timeout) throw CLI::ValidationError("--connect-timeout", timeout.error().message());
        if (timeout->count() == 0) throw CLI::ValidationError("--connect-timeout", "must be more than 0");
        context.options.connect_timeout = *timeout;
      },
      "how long a machine may take to answer at first (default 10s)");
}

std::vector<std::string> split_command_line(int argc, char** argv, Context& context) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  // Behind the "--" of other commands stand their own arguments.
  if (dashes != arguments.end() && std::find(arguments.begin(), dashes, "run") != dashes) {
    context.has_command = true;
    context.command.assign(dashes + 1, arguments.end());
    arguments.erase(dashes, arguments.end());
  }
  std::reverse(arguments.begin(), arguments.end());
  return arguments;
}

}  // namespace knit::cli
