// The output of containers as lines for an observer.
#pragma once

#include <knit/run.h>

#include <map>
#include <string>
#include <utility>

#include "client/output.h"
#include "logs/line_assembler.h"

namespace knit::client {

// stdout and stderr; other files are ignored. The observer must outlive it.
class LineOutput final : public OutputSink {
 public:
  explicit LineOutput(RunObserver& observer) : observer_(observer) {}

  Status on_bytes(const ContainerRun& run, const std::string& file,
                  std::span<const std::byte> bytes) override;
  Status on_end(const ContainerRun& run, const std::string& file) override;
  void on_notice(const std::string& text) override { observer_.on_notice(text); }

 private:
  RunObserver& observer_;
  std::map<std::pair<ContainerId, std::string>, logs::LineAssembler> lines_;
};

}  // namespace knit::client
