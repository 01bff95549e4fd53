// knit run: plans, submits, and follows.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <cstdio>

#include "cli/commands.h"
#include "cli/context.h"
#include "cli/follow.h"
#include "cli/reports.h"
#include "cli/run_options.h"
#include "cli/signals.h"
#include "cli/standard_streams.h"
#include "cli/transfer_progress.h"

namespace knit::cli {
namespace {

namespace json = boost::json;

struct Run {
  RunOptions options;
  RunView view;
  bool detach = false;
  bool dry_run = false;
};

// What happens until the application is accepted.
class SubmitProgress final : public TransferProgress {
 public:
  explicit SubmitProgress(bool quiet) : quiet_(quiet) {}
  void on_upload(const std::string& file, std::uint64_t sent, std::uint64_t total) override {
    if (!quiet_) TransferProgress::on_upload(file, sent, total);
  }
  void on_notice(const std::string& text) override {
    if (!quiet_) tell("knit: {}\n", text);
  }

 private:
  bool quiet_;
};

json::value to_json(const Plan& plan) {
  json::array files;
  for (const auto& file : plan.files) {
    files.push_back(json::object{{"source", file.source},
                                 {"name", file.name},
                                 {"target", file.target},
                                 {"size", file.size},
                                 {"upload", file.upload},
                                 {"archive", file.archive}});
  }
  json::array warnings;
  for (const auto& warning : plan.warnings) warnings.push_back(json::string(warning));
  return json::object{{"name", plan.name},
                      {"queue", plan.queue},
                      {"user", plan.user},
                      {"staging", plan.staging},
                      {"instances", plan.instances},
                      {"instance", cli::to_json(plan.instance)},
                      {"master", cli::to_json(plan.master)},
                      {"files", std::move(files)},
                      {"warnings", std::move(warnings)}};
}

void print(const Plan& plan) {
  const auto line = [](std::string_view name, const std::string& value) {
    fmt::print("{:<10} {}\n", name, value);
  };
  line("name", plan.name);
  line("user", plan.user);
  line("queue", plan.queue.empty() ? "the cluster's default" : plan.queue);
  line("instances", fmt::format("{}, each {}", plan.instances, to_text(plan.instance)));
  line("master", to_text(plan.master));
  line("staging", plan.staging);
  std::uint64_t bytes = 0;
  std::vector<std::vector<std::string>> rows;
  for (const auto& file : plan.files) {
    if (file.upload) bytes += file.size;
    rows.push_back({file.name, to_string(ByteSize::bytes(static_cast<std::int64_t>(file.size))),
                    file.upload ? "upload" : "there", file.archive ? "unpack" : "", file.source,
                    file.target});
  }
  line("upload", to_string(ByteSize::bytes(static_cast<std::int64_t>(bytes))));
  fmt::print("\n");
  print_table({"FILE", "SIZE", "STATE", "", "SOURCE", "TARGET"}, rows);
  for (const auto& warning : plan.warnings) tell("knit: warning: {}\n", warning);
}

int dry_run(Context& context, const RunSpec& spec) {
  const auto plan = must(context.client().plan(spec));
  if (context.json) {
    print_json(to_json(plan));
  } else {
    print(plan);
  }
  return kExitSucceeded;
}

int run(Context& context, Run& command) {
  const auto spec = must(run_spec(command.options, context));
  if (command.view.exit_code_from >= spec.instances) {
    return fail(Error(ErrorCode::kInvalidArgument,
                      fmt::format("--exit-code-from {}: with --instances {} they are 0 to {}",
                                  command.view.exit_code_from, spec.instances, spec.instances - 1)));
  }
  if (command.dry_run) return dry_run(context, spec);
  Signals signals;  // before the client starts its thread
  const auto id = [&] {
    SubmitProgress progress(command.view.quiet || context.json);
    return must(context.client().submit(spec, progress, signals.stop()));
  }();
  if (command.detach) {
    // Whoever reads it may be gone: the application runs all the same.
    const auto text = to_string(id) + "\n";
    std::fwrite(text.data(), 1, text.size(), stdout);
    if (std::fflush(stdout) != 0) tell("knit: {} was submitted\n", to_string(id));
    return kExitSucceeded;
  }
  command.view.instances = spec.instances;
  command.view.start_timeout = spec.start_timeout;
  command.view.staging_dir = spec.staging_dir;
  return follow_and_report(context, signals, id, command.view);
}

}  // namespace

void add_run_command(CLI::App& app, Context& context) {
  auto* command =
      app.add_subcommand("run", "run a command in containers: knit run [options] -- COMMAND ARG...");
  auto state = std::make_shared<Run>();
  add_run_options(*command, state->options);
  command->add_flag("-d,--detach", state->detach, "only submit; print the application's id");
  command->add_flag("--dry-run", state->dry_run,
                    "say what would be uploaded and asked for, checked against the cluster; change nothing");
  add_view_options(*command, state->view);
  command->callback(
      [&context, state] { context.action = [&context, state] { return run(context, *state); }; });
}

}  // namespace knit::cli
