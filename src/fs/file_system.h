// The contract of a file system: what the staging area, the cache, the journal and the log reader need,
// whether it is HDFS, the local disk or memory. One contract suite (file_system_contract.h) runs on every
// implementation.
#pragma once

#include <knit/result.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fs/file_status.h"
#include "io/task.h"

namespace knit::fs {

// An open file: what it held when it was opened (open it again to see more of one that grows). One call at a
// time. Deadlines by io::run_until around each call.
class Reader {
 public:
  virtual ~Reader() = default;
  virtual std::uint64_t length() const = 0;
  // At least one byte from `offset` on, 0 at or after the end. Calls with growing offsets stream.
  virtual io::Task<Result<std::size_t>> read_at(std::uint64_t offset, std::span<std::byte> into) = 0;
};

// A file being written. One call at a time. Whatever ends without a successful close() is given up: a new
// file is removed, of an appended one nothing that was flushed is lost. abort() says so at once and waits for
// the other side, within bounds and also in a cancelled task; the destructor leaves that to the file system's
// own background. After an error nothing but abort() works. FileSystem outlives it.
class Writer {
 public:
  virtual ~Writer() = default;
  virtual io::Task<Status> write(std::span<const std::byte> bytes) = 0;
  // What was written is visible to new readers and survives the death of this writer's process.
  virtual io::Task<Status> flush() = 0;
  virtual io::Task<Status> close() = 0;
  virtual io::Task<void> abort() = 0;
};

struct CreateOptions {
  std::uint16_t permission = 0600;    // the file system's umask applies
  bool overwrite = false;             // otherwise kAlreadyExists
  bool create_parents = true;         // with permission 0700
  std::uint32_t replication = 0;      // 0: the file system's default
  std::uint64_t expected_length = 0;  // 0: unknown. Sizes the last block, so that a quota is charged fairly
};

// Belongs to one loop; it, its readers and its writers are destroyed on that loop's thread while it runs.
// Paths are absolute and without scheme (see path.h). Errors: kNotFound, kAlreadyExists, kPermissionDenied,
// kResourceExhausted (quota, full), kFailedPrecondition (safe mode, not a directory, directory not empty,
// written by somebody else), kInvalidArgument (no such path can be), kUnavailable.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  // "hdfs://nn:8020", for messages and URIs.
  virtual std::string uri() const = 0;
  // Where this user's files live: "/user/alice".
  virtual std::string home() const = 0;
  virtual io::Task<Result<FileStatus>> stat(std::string path) = 0;
  // In the name's order; a listed file gives itself.
  virtual io::Task<Result<std::vector<FileStatus>>> list(std::string path) = 0;
  virtual io::Task<Result<std::unique_ptr<Reader>>> open(std::string path) = 0;
  virtual io::Task<Result<std::unique_ptr<Writer>>> create(std::string path, CreateOptions options) = 0;
  // Continues an existing file; recovers a dead writer's lease first.
  virtual io::Task<Result<std::unique_ptr<Writer>>> append(std::string path) = 0;
  // With all parents; nothing to do where it exists. The umask applies.
  virtual io::Task<Status> make_directories(std::string path, std::uint16_t permission) = 0;
  // Without overwrite an existing target is kAlreadyExists; with it, it may be a file or an empty directory,
  // as the source is. Unlike mv, never "into" a directory.
  virtual io::Task<Status> rename(std::string from, std::string to, bool overwrite) = 0;
  // False if there was nothing. A directory that is not empty needs `recursive`. Never "/".
  virtual io::Task<Result<bool>> remove(std::string path, bool recursive) = 0;
  virtual io::Task<Status> set_permission(std::string path, std::uint16_t permission) = 0;
  virtual io::Task<Status> set_times(std::string path, WallTime modified) = 0;
};

// The whole file; kResourceExhausted if it is longer than `limit` bytes.
io::Task<Result<std::string>> read_file(FileSystem& fs, std::string path, std::uint64_t limit);
// A file of these bytes, written and closed; aborted if that fails.
io::Task<Status> write_file(FileSystem& fs, std::string path, std::string bytes, CreateOptions options = {});

}  // namespace knit::fs
