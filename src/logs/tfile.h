// Driver: an aggregated log file in TFile format, the default of Hadoop.
// From: io.file.tfile.{TFile,BCFile,Chunk,Utils} and AggregatedLogFormat, 3.4.2 (same bytes since 2.x).
#pragma once

#include <memory>

#include "logs/bcfile.h"
#include "logs/node_log.h"

namespace knit::logs {

// Opens by its trailer, then passes once over all records to list the logs, for the format has no index of
// them: in uncompressed files past the contents, in compressed ones through them. Errors: kDataLoss where it
// is no TFile or is damaged before the first record; damage further on is a note, and what lies before it can
// be read. kUnimplemented names a codec.
io::Task<Result<std::unique_ptr<NodeLog>>> open_tfile(std::unique_ptr<fs::Reader> file);

}  // namespace knit::logs
