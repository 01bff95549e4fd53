// knit logs.
#include <fmt/format.h>
#include <knit/duration.h>

#include <boost/json.hpp>
#include <charconv>
#include <map>

#include "cli/commands.h"
#include "cli/json_lines.h"
#include "cli/signals.h"

namespace knit::cli {
namespace {

namespace json = boost::json;

struct Options {
  std::string id, instance, container, log, timeout;
  std::optional<std::int64_t> tail;
  bool follow = false;
};

Error closed() {
  return Error(ErrorCode::kCancelled, "stdout takes no more");
}

// Puts pieces of logs onto stdout: as they are where there is only one log, else under a heading; whole lines
// only where several are followed at once.
class Printer {
 public:
  Printer(bool json, bool headings, bool whole_lines)
      : json_(json), headings_(headings), whole_lines_(whole_lines || json) {}

  Status take(const LogPiece& piece) {
    auto& log = logs_[{piece.container, piece.file}];
    if (piece.begins) log.source = piece;
    log.source.bytes = {};
    std::string_view bytes(reinterpret_cast<const char*>(piece.bytes.data()), piece.bytes.size());
    if (!whole_lines_) return write(log, bytes);
    log.partial += bytes;
    const auto end = log.partial.rfind('\n');
    // A line that never ends is shown in parts.
    const auto ready = end != std::string::npos        ? end + 1
                       : log.partial.size() > kMaxLine ? log.partial.size()
                                                       : 0;
    if (ready == 0) return {};
    const auto lines = log.partial.substr(0, ready);
    log.partial.erase(0, ready);
    return write(log, lines);
  }
  Status finish() {
    for (auto& [key, log] : logs_) {
      if (log.partial.empty()) continue;
      if (auto written = write(log, std::exchange(log.partial, {})); !written) return written;
    }
    return flush();
  }

 private:
  static constexpr std::size_t kMaxLine = 1 << 20;
  struct Log {
    LogPiece source;
    std::string partial;
  };

  Status write(const Log& log, std::string_view bytes) {
    if (json_) return write_json(log.source, bytes);
    if (headings_ && shown_ != &log) {
      if (shown_ && !ended_line_) std::fputc('\n', stdout);
      fmt::print("{}==> {} <==\n", shown_ ? "\n" : "", heading(log.source));
      shown_ = &log;
    }
    std::fwrite(bytes.data(), 1, bytes.size(), stdout);
    if (!bytes.empty()) ended_line_ = bytes.ends_with('\n');
    return flush();
  }
  static std::string heading(const LogPiece& piece) {
    std::string text = piece.instance ? fmt::format("instance {}, ", *piece.instance) : "";
    text += fmt::format("{} of {}", piece.file, piece.container);
    if (!piece.node.empty()) text += " on " + piece.node;
    return text;
  }
  Status write_json(const LogPiece& piece, std::string_view lines) {
    while (!lines.empty()) {
      const auto end = lines.find('\n');
      json::object out{
          {"container", piece.container}, {"node", json_text(piece.node)}, {"file", json_text(piece.file)}};
      out["instance"] = piece.instance ? json::value(*piece.instance) : json::value(nullptr);
      out["line"] = json_text(lines.substr(0, end));
      fmt::print("{}\n", json::serialize(out));
      lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
    }
    return flush();
  }
  static Status flush() {
    if (std::fflush(stdout) != 0) return closed();
    return {};
  }

  bool json_, headings_, whole_lines_;
  std::map<std::pair<std::string, std::string>, Log> logs_;
  const Log* shown_ = nullptr;
  bool ended_line_ = true;
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
  Printer printer(context.json, !one_log, wanted.follow);
  const auto notice = [](const std::string& text) { fmt::print(stderr, "knit: {}\n", text); };
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
  command->add_option("--instance", options->instance, "of this instance only, or 'master'");
  command->add_option("--container", options->container, "of this container only")->excludes("--instance");
  command->add_option("--log", options->log, "only this log: stdout, stderr, launch_container.sh, ...");
  command->add_option("--tail", options->tail, "only the last so many lines of each log")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--timeout", options->timeout,
                      "how long to wait for each container's log (default 60s)");
  command->add_flag("-f,--follow", options->follow, "go on until the application has ended");
  command->callback(
      [&context, options] { context.action = [&context, options] { return logs(context, *options); }; });
}

}  // namespace knit::cli
