// Reads a file: finds the blocks of a range, and for each a DataNode that has it whole (Hadoop 3.4.2:
// DFSInputStream).
#pragma once

#include <memory>
#include <set>
#include <string>

#include "fs/file_system.h"
#include "hdfs/block_reader.h"
#include "hdfs/name_node.h"

namespace knit::hdfs {

// What a file's reader works with; all of it outlives the reader.
struct ReadContext {
  NameNode& name_node;
  DataNodes& data_nodes;
  const Options& options;
};

// A replica whose checksum is wrong, or whose DataNode cannot be reached, is not asked again by this reader;
// where no replica is left, the NameNode is asked for new locations, three times with growing pauses
// (DFSInputStream.refetchLocations). That is only once where the time went into waiting for silent DataNodes:
// Hadoop's client tries each of them four times for the whole of dfs.client.socket-timeout. A refused block
// token costs one new look at the locations.
class FileReader final : public fs::Reader {
 public:
  // `keep` is held as long as the reader lives. The length is what the file has now: that of a file that is
  // being written is asked of the DataNodes of its last block.
  static io::Task<Result<std::unique_ptr<FileReader>>> open(const ReadContext& context, std::string path,
                                                            std::shared_ptr<const void> keep = nullptr);

  std::uint64_t length() const override { return length_; }
  io::Task<Result<std::size_t>> read_at(std::uint64_t offset, std::span<std::byte> into) override;

 private:
  FileReader(const ReadContext& context, std::string path, std::shared_ptr<const void> keep)
      : keep_(std::move(keep)), context_(context), path_(std::move(path)) {}
  io::Task<Status> locate(std::uint64_t offset);
  io::Task<Result<std::uint64_t>> visible_length(const LocatedBlock& last);
  const LocatedBlock* find(std::uint64_t offset) const;
  // Whether a whole timeout has gone by without a byte: another round would take as long.
  bool silent_since(io::TimePoint begun) const;
  // Makes reader_ one that goes on at `offset`.
  io::Task<Status> aim(std::uint64_t offset, std::size_t wanted);
  io::Task<Result<std::size_t>> read_once(std::uint64_t offset, std::span<std::byte> into);

  std::shared_ptr<const void> keep_;
  ReadContext context_;
  std::string path_;
  LocatedBlocks blocks_;
  std::uint64_t length_ = 0;

  std::unique_ptr<BlockReader> reader_;
  std::uint64_t position_ = 0;    // of reader_, in the file
  std::uint64_t read_ahead_ = 0;  // bytes the last reader was made for
  std::string node_;              // uuid of reader_'s DataNode
  std::set<std::string> dead_;    // uuids
};

}  // namespace knit::hdfs
