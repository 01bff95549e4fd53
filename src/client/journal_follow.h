// Reading the journal of an application while its master writes it, and the record it becomes.
#pragma once

#include <knit/ids.h>
#include <knit/result.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "client/run_state.h"
#include "client/staging_place.h"
#include "control/journal.h"
#include "fs/file_system.h"
#include "io/task.h"

namespace knit::client {

// Belongs to one loop; the file system must outlive it. One call at a time.
class JournalFollower {
 public:
  JournalFollower(StagingPlace place, ApplicationId id) : place_(std::move(place)), id_(id) {}

  // Reads what was added since; true if anything was. `attempts` is how many attempts of the master there may
  // have been, each of which writes a file of its own; 0: only the record is looked for. Without a journal
  // and without a record the state stays as it is: unknown, or what was read before somebody removed it.
  // Errors: the file system's; kDataLoss where a line is malformed, also ever after.
  io::Task<Result<bool>> poll(std::int32_t attempts);

  // What the master of this attempt says is in its file from there on; true if that was news. Whoever calls
  // it does so between two calls of poll(). kDataLoss as above.
  Result<bool> hear(std::int32_t attempt, std::uint64_t from, std::string_view bytes);
  // Bytes that are known of this attempt's file.
  std::uint64_t position(std::int32_t attempt) const;

  const RunState& state() const { return source_.state; }
  // What was read is the record: nothing follows.
  bool complete() const { return complete_; }

 private:
  struct Source {
    std::int32_t attempt = 0;  // 0: none; kRecord: the record
    control::JournalReader reader;
    RunState state;
    std::uint64_t position = 0;
  };
  static constexpr std::int32_t kRecord = -1;

  static bool is_whole(const Source& source);
  std::string path_of(std::int32_t attempt) const;
  // False if there is no such file.
  io::Task<Result<bool>> read_on(Source* source);
  io::Task<Result<bool>> try_source(std::int32_t attempt, bool* news);

  StagingPlace place_;
  ApplicationId id_;
  Source source_;                // the file that tells the whole story so far
  std::optional<Source> heard_;  // a later one that has not caught up yet
  bool complete_ = false;
};

}  // namespace knit::client
