// Driver: an aggregated log file in "indexed" format (file controller IFile).
// From: LogAggregationIndexedFileController, 3.4.2 (2.10.2 to 3.5.0 alike).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "logs/indexed_meta.h"
#include "logs/node_log.h"

namespace knit::logs {

// Opens by the trailer at the file's end, or, where a checksum file says that only so much of the file is
// whole, by the one that ends at `end`; an `end` of 0 gives no entries. Errors: kDataLoss where that is no
// trailer (a file still being written has none), kUnimplemented names a codec.
io::Task<Result<std::unique_ptr<NodeLog>>> open_indexed_file(std::unique_ptr<fs::Reader> file,
                                                             std::optional<std::uint64_t> end = std::nullopt);

// Reads a small file NAME-checksum.
io::Task<Result<IndexedChecksum>> read_indexed_checksum(fs::Reader& file);

}  // namespace knit::logs
