// Writes the application's journal (control/journal.h) into its staging directory. A driver.
#pragma once

#include <knit/ids.h>
#include <knit/result.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "control/journal.h"
#include "fs/file_system.h"
#include "io/task_group.h"
#include "io/wait.h"
#include "master/notes.h"

namespace knit::master {

// Entries are appended at once and written in the background, as many together as have come, each batch with
// one flush. Trouble with the file system does not stop the application: after a failure the file is opened
// again, and goes on at the byte where it ends, until that works; where it does not, and all of the journal
// is still in memory, another file is put in its place. Meanwhile nobody is made to wait, and the notes say
// so. The file is created, closed and opened to be appended to, for giving up a file that is being created
// removes it (fs::Writer), and what was flushed must outlive whatever happens here.
//
// Owned by the master, belongs to its loop. Call stop() or finish() before destroying it.
class Journal {
 public:
  using Entries = std::vector<control::JournalEntry>;

  struct Limits {
    std::chrono::milliseconds write_timeout{30'000};  // of one batch, creation included
    std::chrono::milliseconds settle_timeout{5'000};  // of settled()
    std::chrono::milliseconds first_pause{1'000};     // after a failure; doubles
    std::chrono::milliseconds longest_pause{30'000};
    std::chrono::milliseconds last_pause{2'000};        // longest while finish() waits
    std::chrono::milliseconds finish_timeout{30'000};   // of finish()
    std::chrono::milliseconds recover_timeout{60'000};  // of recover()
    std::size_t kept = 4u << 20;  // bytes in memory that are safe in the file, should it vanish
  };

  // `files` and `notes` must outlive it. `staging` is the staging directory's path on `files`.
  Journal(fs::FileSystem& files, std::string staging, ApplicationAttemptId attempt, Notes& notes);
  Journal(fs::FileSystem& files, std::string staging, ApplicationAttemptId attempt, Notes& notes,
          Limits limits);
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // What earlier attempts have written; this one's file will begin with it. To be called once, before
  // start(). Nothing for a first attempt. An error means that it cannot be known what has been done already.
  io::Task<Result<Entries>> recover();

  // Bytes of what recover() found of instances' output, which is not among its entries.
  std::size_t recovered_output() const { return recovered_output_; }

  // From here on what is appended is written.
  void start();

  // Gives the ticket of this entry.
  std::uint64_t append(const control::JournalEntry& entry) { return append_line(control::encode(entry)); }
  // The same of one that is encoded already.
  std::uint64_t append_line(std::string_view line);
  // Returns when the entry is safe in the file, or when that fails or takes too long.
  io::Task<void> settled(std::uint64_t ticket);

  // Bytes of the file that are safe in it.
  std::uint64_t flushed() const { return flushed_; }
  // Those from there on, whole lines as a rule, as far as they are still kept: kNotFound for earlier ones.
  Result<std::string> read(std::uint64_t from, std::size_t at_most) const;
  // Called after each flush.
  void on_flushed(std::function<void()> told) { on_flushed_ = std::move(told); }

  // Writes what is left, closes the file and makes it the record of the run.
  io::Task<Status> finish();
  // Ends without a record: a later attempt, or nobody, goes on.
  io::Task<void> stop();

 private:
  io::Task<Result<bool>> recover_from(std::string path, std::int32_t attempt, Entries& entries);
  io::Task<void> run();
  io::Task<Status> create_file();
  io::Task<Status> open_file();
  io::Task<Status> write_batch();
  io::Task<Status> make_record();
  io::Task<void> after_failure(const Error& error);
  void forget_flushed();
  std::string path() const;

  fs::FileSystem& files_;
  std::string staging_;
  ApplicationAttemptId attempt_;
  Notes& notes_;
  Limits limits_;

  std::string content_;  // the journal from byte `dropped_` on
  std::size_t recovered_output_ = 0;
  std::uint64_t dropped_ = 0;  // bytes that are no longer kept; all of them were flushed
  std::uint64_t written_ = 0;  // bytes given to writer_
  std::uint64_t flushed_ = 0;  // bytes safe in the file
  std::unique_ptr<fs::Writer> writer_;
  bool created_ = false;
  bool replacing_ = false;  // the next creation puts a new file in the place of one that cannot be continued
  int failures_ = 0;        // in a row
  bool failing_ = false;    // the last try failed
  bool lost_ = false;       // and no other is possible
  bool closing_ = false, closed_ = false, recorded_ = false;
  std::function<void()> on_flushed_ = [] {};
  io::Event work_, progress_, end_;
  io::TaskGroup background_;
};

}  // namespace knit::master
