#include "cli/log_printer.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "cli/json_lines.h"

namespace knit::cli {
namespace {

std::string heading(const LogPiece& piece) {
  std::string text = piece.instance ? fmt::format("instance {}, ", *piece.instance) : "";
  text += fmt::format("{} of {}", piece.file, piece.container);
  if (!piece.node.empty()) text += " on " + piece.node;
  return text;
}

}  // namespace

Status LogPrinter::take(const LogPiece& piece) {
  auto& log = logs_[{piece.container, piece.file}];
  if (piece.begins) log.source = piece;
  log.source.bytes = {};
  const std::string_view bytes(reinterpret_cast<const char*>(piece.bytes.data()), piece.bytes.size());
  if (!look_.whole_lines && !look_.json) return write(log, bytes, LineEnd::kPart);
  log.partial += bytes;
  const auto last = log.partial.rfind('\n');
  const bool too_long = last == std::string::npos && log.partial.size() > kMaxLine;
  const auto ready = too_long ? log.partial.size() : last + 1;  // npos + 1 is 0
  if (ready == 0) return {};
  const auto lines = log.partial.substr(0, ready);
  log.partial.erase(0, ready);
  return write(log, lines, LineEnd::kPart);
}

Status LogPrinter::finish() {
  for (auto& [key, log] : logs_) {
    if (log.partial.empty()) continue;
    if (auto written = write(log, std::exchange(log.partial, {}), LineEnd::kNone); !written) return written;
  }
  return {};
}

// `end` is that of what follows the last newline.
Status LogPrinter::write(const Log& log, std::string_view bytes, LineEnd end) {
  if (look_.json) {
    write_json(log.source, bytes, end);
  } else {
    if (look_.headings && shown_ != &log) {
      if (shown_ && !ended_line_) std::fputc('\n', out_);
      fmt::print(out_, "{}==> {} <==\n", shown_ ? "\n" : "", heading(log.source));
      shown_ = &log;
    }
    std::fwrite(bytes.data(), 1, bytes.size(), out_);
    if (!bytes.empty()) ended_line_ = bytes.ends_with('\n');
  }
  if (std::fflush(out_) != 0) return Error(ErrorCode::kCancelled, "stdout takes no more");
  return {};
}

void LogPrinter::write_json(const LogPiece& piece, std::string_view lines, LineEnd end) {
  while (!lines.empty()) {
    const auto newline = lines.find('\n');
    const bool whole = newline != std::string_view::npos;
    boost::json::object out{{"container", piece.container},
                            {"node", json_text(piece.node)},
                            {"file", json_text(piece.file)},
                            {"instance", nullptr},
                            {"line", json_text(lines.substr(0, newline))},
                            {"end", json_text(to_text(whole ? LineEnd::kNewline : end))}};
    if (piece.instance) out["instance"] = *piece.instance;
    fmt::print(out_, "{}\n", boost::json::serialize(out));
    lines.remove_prefix(whole ? newline + 1 : lines.size());
  }
}

}  // namespace knit::cli
