#include "master/journal.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/try.h"
#include "io/stream.h"

namespace knit::master {
namespace {

// Of a predecessor's journal; 100,000 instances write some 60 MiB.
constexpr std::uint64_t kMaxJournal = 256u << 20;
constexpr std::chrono::milliseconds kRecoverPause{2'000};
// Failures in a row after which the file is replaced.
constexpr int kTriesToAppend = 2;

}  // namespace

Journal::Journal(fs::FileSystem& files, std::string staging, ApplicationAttemptId attempt, Notes& notes)
    : Journal(files, std::move(staging), attempt, notes, Limits{}) {}

Journal::Journal(fs::FileSystem& files, std::string staging, ApplicationAttemptId attempt, Notes& notes,
                 Limits limits)
    : files_(files), staging_(std::move(staging)), attempt_(attempt), notes_(notes), limits_(limits) {}

// True if the file is there and tells the whole story up to `attempt` (0: up to the application's end).
io::Task<Result<bool>> Journal::recover_from(std::string path, std::int32_t attempt, Entries& entries) {
  auto read = co_await fs::read_file(files_, path, kMaxJournal);
  if (!read) {
    if (read.error().code() == ErrorCode::kNotFound) co_return false;
    co_return std::move(read).error();
  }
  std::string_view rest = *read;
  std::size_t good = 0;
  bool whole = false;
  for (auto newline = rest.find('\n'); newline != std::string_view::npos; newline = rest.find('\n')) {
    const std::string_view line = rest.substr(0, newline);
    rest.remove_prefix(newline + 1);
    auto entry = line.empty() ? Result<control::JournalEntry>(Error(ErrorCode::kUnimplemented, "blank"))
                              : control::decode_journal_line(line);
    if (!entry && entry.error().code() != ErrorCode::kUnimplemented) {
      notes_.say(fmt::format("{}: what follows byte {} is lost: {}", path, good, entry.error().message()));
      break;
    }
    good += newline + 1;
    if (!entry) continue;
    if (std::holds_alternative<control::InstanceOutput>(*entry)) {
      recovered_output_ += newline;
      continue;
    }
    const auto* started = std::get_if<control::MasterStarted>(&*entry);
    whole = whole || (started != nullptr && started->attempt.attempt == attempt) ||
            (attempt == 0 && std::holds_alternative<control::ApplicationEnded>(*entry));
    entries.push_back(*std::move(entry));
  }
  if (!whole) {
    entries.clear();
    co_return false;
  }
  content_ = *std::move(read);  // perhaps most of this process's memory: not copied
  content_.resize(good);
  co_return true;
}

io::Task<Result<Journal::Entries>> Journal::recover() {
  const io::Deadline deadline = io::after(limits_.recover_timeout);
  Entries entries;
  // The record first: a predecessor that had finished everything but its farewell has renamed its journal.
  for (std::int32_t attempt = attempt_.attempt; attempt > 0;) {
    const bool record = attempt == attempt_.attempt;
    if (record && attempt == 1) break;
    const std::string path = record ? control::record_path(staging_, attempt_.application)
                                    : control::journal_path(staging_, attempt_.application, attempt);
    entries.clear();
    recovered_output_ = 0;
    auto found = co_await io::run_until(deadline, recover_from(path, record ? 0 : attempt, entries));
    if (!found) {
      const bool hopeless = found.error().code() == ErrorCode::kPermissionDenied ||
                            found.error().code() == ErrorCode::kResourceExhausted ||
                            found.error().code() == ErrorCode::kUnimplemented;
      if (hopeless || io::now() + kRecoverPause > deadline) {
        co_return std::move(found).error().with_context(
            "reading what earlier attempts of the master have done");
      }
      notes_.say(fmt::format("reading {}: {}; trying again", path, found.error().message()));
      KNIT_CO_TRY_VOID(co_await io::sleep_for(kRecoverPause));
      continue;
    }
    if (*found) break;
    --attempt;
  }
  co_return entries;
}

void Journal::start() {
  background_.spawn(run());
}

std::uint64_t Journal::append_line(std::string_view line) {
  content_ += line;
  content_ += '\n';
  work_.set();
  return dropped_ + content_.size();
}

io::Task<void> Journal::settled(std::uint64_t ticket) {
  const io::Deadline deadline = io::after(limits_.settle_timeout);
  while (flushed_ < ticket && !failing_ && !lost_) {
    if (!co_await io::run_until(deadline, progress_.wait())) co_return;
  }
}

Result<std::string> Journal::read(std::uint64_t from, std::size_t at_most) const {
  if (from < dropped_)
    return Error(ErrorCode::kNotFound,
                 fmt::format("the journal's first {} bytes are in {}", dropped_, path()));
  if (from >= flushed_) return std::string();
  return content_.substr(from - dropped_, std::min<std::uint64_t>(flushed_ - from, at_most));
}

std::string Journal::path() const {
  return control::journal_path(staging_, attempt_.application, attempt_.attempt);
}

io::Task<Status> Journal::create_file() {
  // The first is made empty: that is quickest, and the first start waits for it.
  const std::string bytes = replacing_ ? content_ : std::string();
  const std::string made = replacing_ ? path() + ".new" : path();
  KNIT_CO_TRY_VOID(co_await fs::write_file(files_, made, bytes, fs::CreateOptions{.overwrite = true}));
  if (replacing_) KNIT_CO_TRY_VOID(co_await files_.rename(made, path(), true));
  created_ = true;
  replacing_ = false;
  co_return Status();
}

io::Task<Status> Journal::open_file() {
  if (!created_) KNIT_CO_TRY_VOID(co_await create_file());
  auto opened = co_await files_.append(path());
  if (!opened) {
    // Removed by somebody: written anew, if it is all still here.
    if (opened.error().code() == ErrorCode::kNotFound) {
      created_ = false;
      lost_ = dropped_ > 0;
    }
    co_return std::move(opened).error();
  }
  writer_ = *std::move(opened);
  KNIT_CO_TRY(const auto reader, co_await files_.open(path()));
  if (reader->length() < dropped_ || reader->length() > dropped_ + content_.size()) {
    lost_ = true;
    co_return Error(ErrorCode::kDataLoss, fmt::format("{} has {} bytes, and {} were safe in it", path(),
                                                      reader->length(), flushed_));
  }
  written_ = flushed_ = reader->length();
  co_return Status();
}

io::Task<Status> Journal::write_batch() {
  if (!writer_) KNIT_CO_TRY_VOID(co_await open_file());
  while (written_ < dropped_ + content_.size()) {
    // A copy: more may be appended while this is written.
    const std::string batch = content_.substr(written_ - dropped_);
    KNIT_CO_TRY_VOID(co_await writer_->write(io::as_bytes(batch)));
    written_ += batch.size();
  }
  KNIT_CO_TRY_VOID(co_await writer_->flush());
  flushed_ = written_;
  co_return Status();
}

io::Task<Status> Journal::make_record() {
  if (!closed_) {
    KNIT_CO_TRY_VOID(co_await writer_->close());
    writer_.reset();
    closed_ = true;
  }
  const std::string record = control::record_path(staging_, attempt_.application);
  KNIT_CO_TRY_VOID(co_await files_.make_directories(record.substr(0, record.rfind('/')), 0700));
  Status renamed = co_await files_.rename(path(), record, true);
  if (renamed || renamed.error().code() != ErrorCode::kNotFound) co_return renamed;
  // An earlier try was heard although its answer was lost.
  if (co_await files_.stat(record)) co_return Status();
  co_return renamed;
}

void Journal::forget_flushed() {
  if (content_.size() <= limits_.kept) return;
  content_.erase(0, flushed_ - dropped_);
  dropped_ = flushed_;
}

io::Task<void> Journal::after_failure(const Error& error) {
  if (!failing_) {
    notes_.say(
        fmt::format("the journal cannot be written now, the application goes on: {}", error.message()));
  }
  if (lost_) notes_.say("the journal cannot be continued; it ends here");
  failing_ = true;
  // A last block that has lost its nodes may not be appended to for hours.
  if (++failures_ >= kTriesToAppend && dropped_ == 0 && created_ && !closed_) {
    created_ = false;
    replacing_ = true;
  }
  progress_.pulse();
  if (writer_) co_await writer_->abort();
  writer_.reset();
}

io::Task<void> Journal::run() {
  auto pause = limits_.first_pause;
  while (!recorded_ && !lost_) {
    const bool all_flushed = flushed_ == dropped_ + content_.size();
    if (all_flushed && !closing_ && !failing_) {
      work_.reset();
      if (!co_await work_.wait()) co_return;
      continue;
    }
    Status done;
    if (!closed_) done = co_await io::run_until(io::after(limits_.write_timeout), write_batch());
    if (done) {
      if (failing_ && !closed_) {
        notes_.say("the journal can be written again");
        failing_ = false;
      }
      if (!closed_) failures_ = 0;
      pause = limits_.first_pause;
      forget_flushed();
      progress_.pulse();
      on_flushed_();
      if (!closing_ || flushed_ < dropped_ + content_.size()) continue;
      done = co_await io::run_until(io::after(limits_.write_timeout), make_record());
      recorded_ = done.has_value();
      if (recorded_) break;
    }
    if (!co_await io::check_cancelled()) co_return;
    co_await after_failure(done.error());
    if (lost_) break;
    if (closing_) {
      if (!co_await io::sleep_for(std::min(pause, limits_.last_pause))) co_return;
    } else {
      (void)co_await io::run_until(io::after(pause), end_.wait());
      if (!co_await io::check_cancelled()) co_return;
    }
    pause = std::min(pause * 2, limits_.longest_pause);
  }
  progress_.pulse();
}

io::Task<Status> Journal::finish() {
  closing_ = true;
  work_.set();
  end_.set();
  const io::Deadline deadline = io::after(limits_.finish_timeout);
  while (!recorded_ && !lost_) {
    if (!co_await io::run_until(deadline, progress_.wait())) break;
  }
  co_await background_.stop();
  if (recorded_) co_return Status();
  co_return Error(ErrorCode::kUnavailable, "the journal could not be made the record of the run");
}

io::Task<void> Journal::stop() {
  co_await background_.stop();
  lost_ = true;
  progress_.pulse();
  if (!writer_) co_return;
  if (!co_await io::run_until(io::after(limits_.settle_timeout), writer_->close())) co_await writer_->abort();
  writer_.reset();
}

}  // namespace knit::master
