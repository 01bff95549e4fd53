// The index of an "indexed" aggregated log file: which log of which container lies where. Pure.
// From: LogAggregationIndexedFileController and its IndexedLogsMeta, IndexedPerAggregationLogMeta,
// IndexedFileLogMeta (hadoop-yarn-common 3.4.2; the same in 2.10.2 and 3.3.6).
#pragma once

#include <knit/cluster.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/try.h"

namespace knit::logs {

// SHA-256 of the application id's text: the file's first bytes, and its last.
inline constexpr std::size_t kIndexedSeparator = 32;
// Length of the index, separator.
inline constexpr std::size_t kIndexedTrailer = 4 + kIndexedSeparator;
// Hadoop itself warns above it (loadIndexedLogsMeta). Some 300 bytes a log.
inline constexpr std::uint64_t kMaxIndexedMeta = 64 << 20;
// A file name and two numbers.
inline constexpr std::uint64_t kMaxIndexedChecksum = 4 << 10;

struct IndexedLog {
  std::string container, file;
  std::uint64_t offset = 0;  // in the aggregated file
  std::uint64_t stored = 0;  // bytes there
  std::uint64_t length = 0;  // of the log, as its folder said when the upload began
  std::optional<WallTime> modified;
};

struct IndexedUpload {
  WallTime uploaded{};
  std::vector<IndexedLog> logs;  // by container, then name
};

struct IndexedMeta {
  std::string node;                    // "host:port"
  std::string compression;             // of every log: "none", "gz", ...
  std::vector<IndexedUpload> uploads;  // in the order of upload
};

// `end`: logs lie before that offset of the file; kDataLoss for one that does not.
Result<IndexedMeta> parse_indexed_meta(std::span<const std::byte> stream, std::uint64_t end);

// The file NAME-checksum, which lies beside a file while it is being appended to, or when that failed.
struct IndexedChecksum {
  std::string file;       // which file it speaks of
  std::uint64_t end = 0;  // that much of it is whole: its trailer ends there. 0: nothing is
};
Result<IndexedChecksum> parse_indexed_checksum(std::span<const std::byte> bytes);

}  // namespace knit::logs
