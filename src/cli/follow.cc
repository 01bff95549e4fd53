#include "cli/follow.h"

#include <fmt/format.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "cli/commands.h"
#include "cli/observers.h"
#include "cli/outcome.h"
#include "cli/standard_streams.h"
#include "cli/terminal.h"
#include "cli/whole_number.h"

namespace knit::cli {
namespace {

// Of an application that has ended: its record is read, and its folder removed.
constexpr auto kSettling = std::chrono::seconds(20);

// What signals do to a followed application: the first asks it to stop, the second kills it, the third
// leaves.
class Interruption {
 public:
  Interruption(Client& client, Terminal& terminal, Signals& signals, const ApplicationId& id)
      : client_(client), terminal_(terminal), signals_(signals), id_(id) {
    signals_.handle([this](int signal, int) { on_signal(signal); });
  }
  ~Interruption() {
    signals_.handle({});
    signals_.settle();
    ask_stop_.request_stop();
    kill_stop_.request_stop();
    if (asker_.joinable()) asker_.join();
    if (killer_.joinable()) killer_.join();
  }

  std::stop_token stop() const { return stop_.get_token(); }
  // Nobody listens any more.
  void hang_up() { stop_.request_stop(); }
  // The application was told to end, or is just being told.
  bool told() const { return told_ && !failed_; }

 private:
  void on_signal(int signal) {
    if (signal == SIGHUP) return hang_up();
    if (!told_) {
      told_ = true;
      terminal_.err(fmt::format("knit: stopping {} (once more to kill it)", to_string(id_)));
      asker_ = std::thread([this] { ask(); });
    } else if (!killing_) {
      kill_at_once();
    } else {
      kill_stop_.request_stop();
      stop_.request_stop();
    }
  }
  void kill_at_once() {
    if (killing_.exchange(true)) return;
    ask_stop_.request_stop();
    terminal_.err(fmt::format("knit: killing {} (once more to leave without waiting)", to_string(id_)));
    killer_ = std::thread([this] { kill(); });
  }
  // One without a control channel, or that cannot be reached from here, is killed.
  void ask() {
    const auto stopped = client_.stop(id_, kDefaultGrace, ask_stop_.get_token());
    if (stopped || stopped.error().code() == ErrorCode::kCancelled) return;
    if (!killing_) terminal_.err("knit: " + stopped.error().message());
    kill_at_once();
  }
  void kill() {
    const auto killed = client_.kill(id_, kill_stop_.get_token());
    // Left without waiting for the answer: the request may have been heard.
    if (killed || killed.error().code() == ErrorCode::kCancelled) return;
    failed_ = true;
    terminal_.err(fmt::format("knit: {} may still be running ('knit kill {}'): {}", to_string(id_),
                              to_string(id_), killed.error().message()));
    stop_.request_stop();
  }

  Client& client_;
  Terminal& terminal_;
  Signals& signals_;
  ApplicationId id_;
  std::stop_source stop_, ask_stop_, kill_stop_;
  std::atomic<bool> told_ = false, killing_ = false, failed_ = false;
  std::thread asker_, killer_;
};

int report_end(const RunResult& result, const RunView& view, bool interrupted) {
  if (!view.quiet || result.outcome != Outcome::kSucceeded) print_outcome(result);
  if (interrupted && result.outcome != Outcome::kFailed) return kExitInterrupted;
  return exit_code_of(result, view.exit_code_from);
}

// Following was given up, by a third interrupt or by a hang-up. The application goes on, or is being killed,
// unless it has ended meanwhile.
int report_left(Context& context, const ApplicationId& id, const RunView& view, bool interrupted) {
  const auto report = context.client().report(id);
  if (report && has_ended(report->state)) {
    const auto result = context.client().wait(id, kSettling);
    if (result) return report_end(*result, view, interrupted);
  }
  tell("knit: {} {}; 'knit attach {}' follows it again\n", to_string(id),
       interrupted ? "was told to end and may still be running" : "goes on", to_string(id));
  return kExitInterrupted;
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
      ->transform(whole_number());
}

int follow_and_report(Context& context, Signals& signals, const ApplicationId& id, const RunView& view) {
  Terminal terminal;
  TextObserver text(terminal, {view.prefix, view.quiet, view.instances});
  JsonObserver lines(terminal);
  RunObserver& observer = context.json ? static_cast<RunObserver&>(lines) : text;
  Interruption interruption(context.client(), terminal, signals, id);
  terminal.on_stdout_closed([&interruption] { interruption.hang_up(); });
  FollowOptions options;
  options.logs = view.logs;
  options.start_timeout = view.start_timeout;
  options.staging_dir = view.staging_dir;
  options.stop = interruption.stop();
  const auto result = context.client().follow(id, options, observer);
  terminal.on_stdout_closed({});
  terminal.clear_progress();
  if (!result) {
    if (result.error().code() != ErrorCode::kCancelled) return fail(result.error());
    return report_left(context, id, view, interruption.told());
  }
  if (context.json) lines.on_end(*result);
  return report_end(*result, view, interruption.told());
}

void add_follow_commands(CLI::App& app, Context& context) {
  struct Options {
    std::string id;
    RunView view;
  };
  auto* command = app.add_subcommand("attach", "follow a running application as run does");
  auto options = std::make_shared<Options>();
  command->add_option("APP", options->id, "application id")->required();
  add_staging_option(*command, context);
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
