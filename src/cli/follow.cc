#include "cli/follow.h"

#include <fmt/format.h>
#include <knit/duration.h>
#include <unistd.h>

#include <atomic>
#include <boost/json.hpp>
#include <csignal>
#include <thread>

#include "cli/commands.h"
#include "cli/json_lines.h"
#include "cli/outcome.h"
#include "cli/reports.h"
#include "cli/terminal.h"

namespace knit::cli {
namespace {

namespace json = boost::json;

std::string progress_text(const Progress& progress) {
  std::string text = fmt::format("{}", to_string(progress.state));
  if (progress.instances > 0) {
    text +=
        fmt::format("  {} pending, {} running, {} done", progress.pending, progress.running, progress.done);
    if (progress.failed > 0) text += fmt::format(", {} failed", progress.failed);
  } else if (progress.running > 0) {
    text += fmt::format("  {} containers", progress.running);
  }
  text += "  " + knit::to_text(std::chrono::floor<std::chrono::seconds>(progress.elapsed));
  if (!progress.waiting_for.empty()) text += "  " + progress.waiting_for;
  return text;
}

// For people.
class TextObserver final : public RunObserver {
 public:
  TextObserver(Terminal& terminal, const RunView& view)
      : terminal_(terminal), view_(view), instances_(view.instances), pipe_(isatty(STDOUT_FILENO) != 1) {}

  void on_progress(const Progress& progress) override {
    if (progress.instances > 0) instances_ = progress.instances;
    if (!view_.quiet && terminal_.shows_progress()) terminal_.progress(progress_text(progress));
  }
  void on_line(std::int32_t instance, OutputStream stream, std::string_view line) override {
    std::string text = prefixes() ? fmt::format("{} | ", instance) : std::string();
    text += line;
    stream == OutputStream::kStdout ? terminal_.out(text) : terminal_.err(text);
  }
  void on_notice(const std::string& text) override {
    if (!view_.quiet) terminal_.err("knit: " + text);
  }

 private:
  // One instance into a pipe is most often meant for another program.
  bool prefixes() const { return view_.prefix && !(instances_ == 1 && pipe_); }

  Terminal& terminal_;
  const RunView& view_;
  std::int32_t instances_;
  bool pipe_;
};

// For programs: one JSON object a line.
class JsonObserver final : public RunObserver {
 public:
  explicit JsonObserver(Terminal& terminal) : terminal_(terminal) {}

  void on_progress(const Progress& progress) override {
    json::object event{{"event", "progress"},
                       {"state", json_text(to_string(progress.state))},
                       {"instances", progress.instances},
                       {"pending", progress.pending},
                       {"running", progress.running},
                       {"done", progress.done},
                       {"failed", progress.failed},
                       {"waiting_for", json_text(progress.waiting_for)}};
    auto text = json::serialize(event);
    if (text == last_) return;
    last_ = text;
    event["elapsed_ms"] = progress.elapsed.count();
    write(event);
  }
  void on_line(std::int32_t instance, OutputStream stream, std::string_view line) override {
    write({{"event", "line"},
           {"instance", instance},
           {"stream", stream == OutputStream::kStdout ? "stdout" : "stderr"},
           {"line", json_text(line)}});
  }
  void on_notice(const std::string& text) override {
    write({{"event", "notice"}, {"text", json_text(text)}});
  }
  void on_end(const RunResult& result) {
    json::object statuses;
    for (const auto& [instance, status] : result.exit_statuses) statuses[std::to_string(instance)] = status;
    write({{"event", "end"},
           {"diagnostics", json_text(result.diagnostics)},
           {"exit_statuses", std::move(statuses)},
           {"application", to_json(result.report)}});
  }

 private:
  void write(const json::object& event) { terminal_.out(json::serialize(event)); }
  Terminal& terminal_;
  std::string last_;
};

// What signals do to a followed application.
class Interruption {
 public:
  Interruption(Client& client, Terminal& terminal, Signals& signals, const ApplicationId& id)
      : client_(client), terminal_(terminal), signals_(signals), id_(id) {
    signals_.handle([this](int signal, int count) { on_signal(signal, count); });
  }
  ~Interruption() {
    signals_.handle({});
    signals_.settle();
    kill_stop_.request_stop();
    if (killer_.joinable()) killer_.join();
  }

  std::stop_token stop() const { return stop_.get_token(); }
  bool killed() const { return killed_; }

 private:
  void on_signal(int signal, int count) {
    if (signal == SIGHUP) {
      stop_.request_stop();
    } else if (count == 1 || !killed_) {
      killed_ = true;
      terminal_.err(fmt::format("knit: killing {} (once more to leave without waiting)", to_string(id_)));
      killer_ = std::thread([this] { kill(); });
    } else {
      kill_stop_.request_stop();
      stop_.request_stop();
    }
  }
  void kill() {
    const auto killed = client_.kill(id_, kill_stop_.get_token());
    if (killed) return;
    terminal_.err(fmt::format("knit: {} may still be running ('knit kill {}'): {}", to_string(id_),
                              to_string(id_), killed.error().message()));
    stop_.request_stop();
  }

  Client& client_;
  Terminal& terminal_;
  Signals& signals_;
  ApplicationId id_;
  std::stop_source stop_, kill_stop_;
  std::atomic<bool> killed_ = false;
  std::thread killer_;
};

int report_end(const RunResult& result, const RunView& view, bool interrupted) {
  if (!view.quiet || result.outcome != Outcome::kSucceeded) print_outcome(result);
  if (interrupted && result.outcome == Outcome::kKilled) return kExitInterrupted;
  return exit_code_of(result, view.exit_code_from);
}

}  // namespace

void add_view_options(CLI::App& command, RunView& view) {
  command.add_flag_callback(
      "--no-logs", [&view] { view.logs = false; }, "do not show what the instances write");
  command.add_flag_callback(
      "--no-prefix", [&view] { view.prefix = false; },
      "show lines as they are, without the instance they come from");
  command.add_flag("-q,--quiet", view.quiet, "show what the instances write and errors, nothing else");
  command.add_option("--exit-code-from", view.exit_code_from, "end with this instance's exit code")
      ->check(CLI::NonNegativeNumber);
}

int follow_and_report(Context& context, Signals& signals, const ApplicationId& id, const RunView& view) {
  Terminal terminal;
  TextObserver text(terminal, view);
  JsonObserver lines(terminal);
  RunObserver& observer = context.json ? static_cast<RunObserver&>(lines) : text;
  Interruption interruption(context.client(), terminal, signals, id);
  FollowOptions options;
  options.logs = view.logs;
  options.start_timeout = view.start_timeout;
  options.staging_dir = view.staging_dir;
  options.stop = interruption.stop();
  const auto result = context.client().follow(id, options, observer);
  terminal.clear_progress();
  if (!result) {
    if (result.error().code() == ErrorCode::kCancelled) {
      if (!interruption.killed()) {
        terminal.err(
            fmt::format("knit: {} goes on; 'knit attach {}' follows it again", to_string(id), to_string(id)));
      }
      return kExitInterrupted;
    }
    return fail(result.error());
  }
  if (context.json) lines.on_end(*result);
  return report_end(*result, view, interruption.killed());
}

void add_follow_commands(CLI::App& app, Context& context) {
  struct Options {
    std::string id;
    RunView view;
  };
  auto* command = app.add_subcommand("attach", "follow a running application as run does");
  auto options = std::make_shared<Options>();
  command->add_option("APP", options->id, "application id")->required();
  add_view_options(*command, options->view);
  command->callback([&context, options] {
    context.action = [&context, options] {
      const auto id = parse_application(options->id);
      Signals signals;  // before the client starts its thread
      return follow_and_report(context, signals, id, options->view);
    };
  });
}

}  // namespace knit::cli
