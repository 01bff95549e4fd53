#include "client/line_output.h"

#include <optional>

namespace knit::client {
namespace {

std::optional<OutputStream> stream_of(const std::string& file) {
  if (file == "stdout") return OutputStream::kStdout;
  if (file == "stderr") return OutputStream::kStderr;
  return std::nullopt;
}

}  // namespace

Status LineOutput::on_bytes(const ContainerRun& run, const std::string& file,
                            std::span<const std::byte> bytes) {
  const auto stream = stream_of(file);
  if (!stream) return {};
  lines_[{run.id, file}].feed(bytes, [&](std::string_view line, LineEnd end) {
    observer_.on_line(run.instance, *stream, line, end);
  });
  return {};
}

Status LineOutput::on_end(const ContainerRun& run, const std::string& file) {
  const auto found = lines_.find({run.id, file});
  if (found == lines_.end()) return {};
  found->second.finish([&](std::string_view line, LineEnd end) {
    observer_.on_line(run.instance, *stream_of(file), line, end);
  });
  lines_.erase(found);
  return {};
}

}  // namespace knit::client
