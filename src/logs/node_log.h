// Driver: what one NodeManager uploaded of one application, whatever the format of the file.
#pragma once

#include <knit/cluster.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fs/file_system.h"

namespace knit::logs {

// Takes bytes as they come; its error ends the reading and is handed on.
using Sink = std::function<io::Task<Status>(std::span<const std::byte>)>;

// One log of one container inside an aggregated file.
struct LogEntry {
  std::string container;     // "container_1763862000000_0042_01_000003", as the file has it
  std::string file;          // "stdout"
  std::uint64_t length = 0;  // bytes; in an indexed file as its index says, in a TFile as found there
  bool whole = true;         // false: the NodeManager could not read it to its end when it uploaded it
  std::optional<WallTime> modified;  // not told by a TFile
  std::optional<WallTime> uploaded;  // of this upload, where the file tells

  // For the NodeLog that listed it alone. TFile: block, and which log of it. Indexed: offset, and stored
  // bytes.
  std::uint64_t place = 0, size_or_index = 0;
};

// An opened aggregated file. Holds its entries in memory (some 150 bytes each, a million at most), never its
// bytes. One call at a time. Errors name neither file nor node: the caller knows them.
class NodeLog {
 public:
  virtual ~NodeLog() = default;

  // In the order in which they lie in the file; with rolling aggregation one log may occur several times,
  // earlier uploads first.
  const std::vector<LogEntry>& entries() const { return entries_; }
  // What the file holds but could not be told apart, in words for people.
  const std::vector<std::string>& notes() const { return notes_; }

  // Passes on the bytes of one of entries() from `offset` to its end, in pieces of at most 64 KiB; how many.
  // Reading entries in their order costs one pass over the file.
  virtual io::Task<Result<std::uint64_t>> read(const LogEntry& entry, std::uint64_t offset, Sink sink) = 0;
  // The same for the last `lines` lines, a final one without newline included. Memory is 8 bytes a line: the
  // caller limits them.
  io::Task<Result<std::uint64_t>> read_tail(const LogEntry& entry, std::uint64_t lines, Sink sink);

 protected:
  // Where the last `lines` lines begin; at least one is asked for. This one reads the entry once through.
  virtual io::Task<Result<std::uint64_t>> find_tail(const LogEntry& entry, std::uint64_t lines);

  std::vector<LogEntry> entries_;
  std::vector<std::string> notes_;
};

}  // namespace knit::logs
