#include "cli/observers.h"

#include <fmt/format.h>
#include <knit/duration.h>

#include <boost/json.hpp>
#include <chrono>

#include "cli/json_lines.h"
#include "cli/reports.h"

namespace knit::cli {
namespace {

constexpr std::chrono::milliseconds kTellWaiting{4'000}, kTellAgain{60'000};

}  // namespace

std::string progress_text(const Progress& progress) {
  std::string text = fmt::format("{}", to_string(progress.state));
  if (progress.instances > 0) {
    text +=
        fmt::format("  {} pending, {} running, {} done", progress.pending, progress.running, progress.done);
    if (progress.failed > 0) text += fmt::format(", {} failed", progress.failed);
  } else if (progress.running > 0) {
    text += fmt::format("  {} containers", progress.running);
  }
  const auto seconds = std::chrono::floor<std::chrono::seconds>(progress.elapsed);
  text += seconds.count() < 60 ? fmt::format("  {} s", seconds.count()) : "  " + knit::to_text(seconds);
  if (!progress.waiting_for.empty()) text += "  " + progress.waiting_for;
  return text;
}

void TextObserver::on_progress(const Progress& progress) {
  if (progress.instances > 0) look_.instances = progress.instances;
  if (look_.quiet) return;
  terminal_.shows_progress() ? terminal_.progress(progress_text(progress)) : tell_waiting(progress);
}

// Once it waits for longer than most do; again in another state, or for another reason, of which the figures
// change all the time.
void TextObserver::tell_waiting(const Progress& progress) {
  const auto& reason = progress.waiting_for;
  if (reason.empty() || reason == told_ || progress.elapsed < kTellWaiting) return;
  if (progress.state == told_in_ && progress.elapsed < told_at_ + kTellAgain) return;
  told_ = reason;
  told_in_ = progress.state;
  told_at_ = progress.elapsed;
  on_notice(fmt::format("waiting ({}): {}", to_string(progress.state), reason));
}

void TextObserver::on_line(std::int32_t instance, OutputStream stream, std::string_view line, LineEnd end) {
  terminal_.line(stream, instance, prefixes() ? fmt::format("{} | ", instance) : "", line, end);
}

void TextObserver::on_notice(const std::string& text) {
  if (!look_.quiet) terminal_.err("knit: " + text);
}

void JsonObserver::on_progress(const Progress& progress) {
  boost::json::object event{{"event", "progress"},
                            {"state", json_text(to_string(progress.state))},
                            {"instances", progress.instances},
                            {"pending", progress.pending},
                            {"running", progress.running},
                            {"done", progress.done},
                            {"failed", progress.failed},
                            {"waiting_for", json_text(progress.waiting_for)}};
  auto text = boost::json::serialize(event);
  if (text == last_) return;
  last_ = text;
  event["elapsed_ms"] = progress.elapsed.count();
  write(event);
}

void JsonObserver::on_line(std::int32_t instance, OutputStream stream, std::string_view line, LineEnd end) {
  write({{"event", "line"},
         {"instance", instance},
         {"stream", stream == OutputStream::kStdout ? "stdout" : "stderr"},
         {"line", json_text(line)},
         {"end", json_text(to_text(end))}});
}

void JsonObserver::on_notice(const std::string& text) {
  write({{"event", "notice"}, {"text", json_text(text)}});
}

void JsonObserver::on_end(const RunResult& result) {
  boost::json::object statuses;
  for (const auto& [instance, status] : result.exit_statuses) statuses[std::to_string(instance)] = status;
  write({{"event", "end"},
         {"diagnostics", json_text(result.diagnostics)},
         {"exit_statuses", std::move(statuses)},
         {"application", to_json(result.report)}});
}

void JsonObserver::write(const boost::json::object& event) {
  terminal_.out(boost::json::serialize(event));
}

}  // namespace knit::cli
