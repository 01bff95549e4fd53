// Writes a file block by block (Hadoop 3.4.2: DFSOutputStream, DataStreamer.nextBlockOutputStream).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "fs/file_system.h"
#include "hdfs/block_writer.h"

namespace knit::hdfs {

// What outlives a file's writer: background work of the file system.
class WriterHost {
 public:
  virtual ~WriterHost() = default;
  // Runs beside everything until it ends or the file system goes.
  virtual void in_background(io::Task<void> task) = 0;
  // Files are open for writing: their lease is renewed until as many have been ended.
  virtual void lease_begins() = 0;
  virtual void lease_ends() = 0;
};

// One file under construction: everything that a clean-up needs that outlives the fs::Writer. One call at a
// time.
class FileUnderConstruction {
 public:
  // `keep` holds what `context` refers to.
  FileUnderConstruction(WriteContext context, bool is_new, std::shared_ptr<const void> keep)
      : keep_(std::move(keep)), context_(std::move(context)), is_new_(is_new) {}

  // Goes on with the last block of an appended file.
  io::Task<Status> continue_block(LocatedBlock last);
  io::Task<Status> write(std::span<const std::byte> bytes);
  io::Task<Status> flush();
  io::Task<Status> close();
  // Leaves nothing behind that looks whole: a new file is removed, unless its name means another one by now;
  // of an appended one the lease is given back.
  io::Task<void> give_up();

 private:
  io::Task<Status> next_block();
  io::Task<Result<LocatedBlock>> add_block();
  // Lets suspects take part again; false if there are none.
  bool pardon();
  io::Task<Status> end_block();
  io::Task<Status> complete();

  std::shared_ptr<const void> keep_;
  WriteContext context_;
  bool is_new_;
  std::unique_ptr<BlockWriter> block_;
  std::optional<ExtendedBlock> previous_;  // the block before block_, with its length
  std::vector<DatanodeInfo> excluded_;     // from pipelines of this file
  std::vector<DatanodeInfo> suspected_;    // of them, those that may have been left out for another's fault
  bool pardoned_ = false;
  bool new_to_name_node_ = false;  // a block has begun of whose bytes no fsync has told
};

// Puts a failure of the writer in the file system's words.
using Explain = std::function<Error(Error)>;

// The fs::Writer over it. `host` outlives it.
class FileWriter final : public fs::Writer {
 public:
  FileWriter(std::shared_ptr<FileUnderConstruction> file, WriterHost& host, Explain explain,
             std::chrono::milliseconds abort_timeout);
  ~FileWriter() override;
  io::Task<Status> write(std::span<const std::byte> bytes) override;
  io::Task<Status> flush() override;
  io::Task<Status> close() override;
  io::Task<void> abort() override;

 private:
  Status usable() const;
  Status noted(Status done);

  std::shared_ptr<FileUnderConstruction> file_;  // null once it has ended
  WriterHost& host_;
  Explain explain_;
  std::chrono::milliseconds abort_timeout_;
  std::optional<Error> failed_;
};

}  // namespace knit::hdfs
