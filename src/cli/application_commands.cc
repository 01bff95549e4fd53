// Commands about one application: what is known, and waiting for its end.
#include <fmt/format.h>
#include <knit/duration.h>

#include <boost/json.hpp>

#include "cli/commands.h"
#include "cli/context.h"
#include "cli/outcome.h"
#include "cli/reports.h"
#include "cli/signals.h"
#include "cli/standard_streams.h"
#include "cli/whole_number.h"

namespace knit::cli {
namespace {

void print_report(const ApplicationReport& report) {
  const auto line = [](std::string_view name, const std::string& value) {
    if (!value.empty()) fmt::print("{:<12} {}\n", name, value);
  };
  line("application", to_string(report.id));
  line("name", report.name);
  line("user", report.user);
  line("queue", report.queue);
  line("state", state_text(report));
  line("started", report.started ? iso_time(*report.started) : "");
  line("elapsed", elapsed_text(report));
  if (report.expires && !has_ended(report.state)) line("expires", iso_time(*report.expires));
  if (!has_ended(report.state)) {
    line("containers", std::to_string(report.running_containers));
    line("uses", to_text(report.used));
  }
  line("diagnostics", report.diagnostics);
}

int status(Context& context, const std::string& application, bool whole) {
  const auto id = parse_application(application);
  const auto description = must(context.client().describe(id));
  if (context.json) {
    print_json(to_json(description));
    return kExitSucceeded;
  }
  print_report(description.report);
  if (!description.why.empty()) fmt::print("{:<12} {}\n", "why", description.why);
  for (const auto& hint : description.hints) fmt::print("{:<12} {}\n", "hint", hint);
  if (!whole) return kExitSucceeded;
  const auto& report = description.report;
  fmt::print("{:<12} {}\n", "type", report.type);
  for (const auto& tag : report.tags) fmt::print("{:<12} {}\n", "tag", tag);
  fmt::print("{:<12} {}\n", "priority", report.priority);
  fmt::print("{:<12} {} MiB-seconds, {} vcore-seconds\n", "consumed", report.memory_mib_seconds,
             report.vcore_seconds);
  fmt::print("{:<12} {}\n", "logs", to_string(report.log_aggregation));
  if (report.state == ApplicationState::kRunning && report.master_port > 0)
    fmt::print("{:<12} {}:{}\n", "master", report.master_host, report.master_port);
  for (const auto& attempt : description.attempts) {
    fmt::print("{:<12} {} {} {}{}{}\n", "attempt", attempt.id.attempt, attempt.state,
               shown(attempt.master_container), attempt.host.empty() ? "" : " on ", attempt.host);
  }
  if (!description.instances.empty()) fmt::print("\n");
  print_instances(description.instances);
  return kExitSucceeded;
}

int wait(Context& context, const std::string& application, const std::string& timeout, int from_instance) {
  const auto id = parse_application(application);
  std::optional<std::chrono::milliseconds> limit;
  if (!timeout.empty()) limit = must(parse_duration(timeout));
  Signals signals;  // before the client starts its thread
  const auto result = must(context.client().wait(id, limit, signals.stop()));
  if (context.json) {
    print_json(to_json(result.report));
  } else {
    print_outcome(result);
  }
  return exit_code_of(result, from_instance);
}

int move(Context& context, const std::string& application, const std::string& queue) {
  const auto id = parse_application(application);
  const auto report = must_change(context.client().move(id, queue));
  if (context.json) {
    print_json(to_json(report));
  } else {
    tell("{} is in queue {}\n", to_string(id), report.queue);
  }
  return kExitSucceeded;
}

}  // namespace

void add_application_commands(CLI::App& app, Context& context) {
  const auto add_status = [&](const char* name, const char* help, bool whole) {
    auto* command = app.add_subcommand(name, help);
    auto id = std::make_shared<std::string>();
    command->add_option("APP", *id, "application id")->required();
    add_staging_option(*command, context);
    command->callback([&context, id, whole] {
      context.action = [&context, id, whole] { return status(context, *id, whole); };
    });
  };
  add_status("status", "the state of an application, and why it waits or ended", false);
  add_status("describe", "everything that is known about an application", true);

  struct MoveOptions {
    std::string id, queue;
  };
  auto* move_command = app.add_subcommand("move", "put an application into another queue");
  auto target = std::make_shared<MoveOptions>();
  move_command->add_option("APP", target->id, "application id")->required();
  move_command->add_option("QUEUE", target->queue, "the queue's name or path")->required();
  move_command->callback([&context, target] {
    context.action = [&context, target] { return move(context, target->id, target->queue); };
  });

  struct WaitOptions {
    std::string id, timeout;
    int instance = -1;
  };
  auto* command = app.add_subcommand("wait", "wait until an application has ended");
  auto options = std::make_shared<WaitOptions>();
  command->add_option("APP", options->id, "application id")->required();
  add_staging_option(*command, context);
  command->add_option("--timeout", options->timeout, "give up after this long (exit code 4)");
  command->add_option("--exit-code-from", options->instance, "end with this instance's exit code")
      ->transform(whole_number());
  command->callback([&context, options] {
    context.action = [&context, options] {
      return wait(context, options->id, options->timeout, options->instance);
    };
  });
}

}  // namespace knit::cli
