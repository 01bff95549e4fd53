// What comes of logs as pieces for whoever asked. For the client's own files.
#pragma once

#include <set>
#include <string>
#include <utility>

#include "client/log_reader.h"
#include "client/output.h"

namespace knit::client {

// The output must outlive it.
class Pieces final : public OutputSink {
 public:
  explicit Pieces(LogOutput& output) : output_(output) {}

  Status on_bytes(const ContainerRun& run, const std::string& file,
                  std::span<const std::byte> bytes) override {
    LogPiece piece;
    piece.container = to_string(run.id);
    piece.node = run.node.host.empty() ? "" : to_string(run.node);
    piece.file = file;
    if (run.instance >= 0) piece.instance = run.instance;
    piece.bytes = bytes;
    piece.begins = began_.emplace(run.id, file).second;
    return output_.piece(piece);
  }
  Status on_end(const ContainerRun&, const std::string&) override { return {}; }
  void on_notice(const std::string& text) override { output_.notice(text); }

  bool any() const { return !began_.empty(); }

 private:
  LogOutput& output_;
  std::set<std::pair<ContainerId, std::string>> began_;
};

}  // namespace knit::client
