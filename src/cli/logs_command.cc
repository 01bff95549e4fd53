// knit logs.
#include <fmt/format.h>
#include <knit/duration.h>

#include <charconv>

#include "cli/commands.h"
#include "cli/log_printer.h"
#include "cli/signals.h"
#include "cli/standard_streams.h"
#include "cli/whole_number.h"

namespace knit::cli {
namespace {

struct Options {
  std::string id, instance, container, log, timeout;
  std::optional<std::int64_t> tail;
  bool follow = false;
};

LogsOptions to_options(const Options& options, Signals& signals) {
  LogsOptions out;
  const auto bad = [](const std::string& text) {
    return CommandEnd{fail(Error(ErrorCode::kInvalidArgument, text))};
  };
  if (options.instance == "master") {
    out.master = true;
  } else if (!options.instance.empty()) {
    const auto& text = options.instance;
    std::int32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number < 0) {
      throw bad(fmt::format("--instance is a number from 0 or 'master', not '{}'", text));
    }
    out.instance = number;
  }
  if (!options.container.empty()) out.container = must(ContainerId::parse(options.container));
  out.log = options.log;
  out.tail_lines = options.tail;
  out.follow = options.follow;
  if (!options.timeout.empty()) out.timeout = must(parse_duration(options.timeout));
  out.stop = signals.stop();
  return out;
}

int logs(Context& context, const Options& options) {
  const auto id = parse_application(options.id);
  Signals signals;  // before the client starts its thread
  const auto wanted = to_options(options, signals);
  const bool one_log = !wanted.log.empty() && (wanted.container || wanted.instance);
  LogPrinter printer(stdout, {context.json, !one_log, wanted.follow});
  const auto notice = [](const std::string& text) { tell("knit: {}\n", text); };
  auto done = context.client().logs(
      id, wanted, [&](const LogPiece& piece) { return printer.take(piece); }, notice);
  if (auto finished = printer.finish(); done && !finished) done = finished;
  if (done) return kExitSucceeded;
  // Whoever closed the pipe has seen enough.
  if (done.error().code() == ErrorCode::kCancelled && signals.first() == 0) return kExitSucceeded;
  return fail(done.error());
}

}  // namespace

void add_logs_command(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("logs", "show what an application's containers wrote, running or ended");
  auto options = std::make_shared<Options>();
  command->add_option("APP", options->id, "application id")->required();
  add_staging_option(*command, context);
  command->add_option("--instance", options->instance, "of this instance only, or 'master'");
  command->add_option("--container", options->container, "of this container only")->excludes("--instance");
  command->add_option("--log", options->log, "only this log: stdout, stderr, launch_container.sh, ...");
  command->add_option("--tail", options->tail, "only the last so many lines of each log")
      ->transform(whole_number());
  command->add_option("--timeout", options->timeout,
                      "how long to wait for each container's log (default 60s)");
  command->add_flag("-f,--follow", options->follow, "go on until the application has ended");
  command->callback(
      [&context, options] { context.action = [&context, options] { return logs(context, *options); }; });
}

}  // namespace knit::cli
