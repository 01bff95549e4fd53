#include <fmt/format.h>

#include <algorithm>

#include "base/try.h"
#include "client/output.h"

namespace knit::client {
namespace {

bool is_final(LogAggregation state) {
  switch (state) {
    case LogAggregation::kSucceeded:
    case LogAggregation::kFailed:
    case LogAggregation::kTimedOut:
    case LogAggregation::kDisabled:
      return true;
    default:
      return false;
  }
}

constexpr io::Duration kFirstPause = std::chrono::milliseconds(100), kLastPause = std::chrono::seconds(1);

}  // namespace

// The files of the log's node, all that there will be.
bool OutputFollower::all_files_of(const std::vector<UploadedFile>& files, const Log& log, bool last,
                                  std::vector<const UploadedFile*>* out) const {
  for (const auto& file : files) {
    if (file.node == to_string(log.run.node)) out->push_back(&file);
  }
  const bool more = std::any_of(out->begin(), out->end(), [](auto* file) { return file->rolled; });
  return !out->empty() && (last || !more);
}

io::Task<Status> OutputFollower::read_entry(logs::NodeLog& upload, const logs::LogEntry& entry, Log* log) {
  const auto [place, fresh] = log->files.try_emplace(entry.file);
  auto& file = place->second;
  const auto rest = file.cursor.rest_of(entry.length);
  if (!rest.lost.empty()) {
    sink_.on_notice(fmt::format("{} of {}: {}", entry.file, entry.container, rest.lost));
  }
  const auto take = [this, log, &entry, &file](std::span<const std::byte> bytes) -> io::Task<Status> {
    file.cursor.read_on(bytes.size());
    auto taken = sink_.on_bytes(log->run, entry.file, bytes);
    if (!taken) fail(taken.error());
    co_return taken;
  };
  auto read = fresh && options_.tail_lines ? co_await upload.read_tail(entry, *options_.tail_lines, take)
                                           : co_await upload.read(entry, rest.offset, take);
  if (!read && !failure_) {
    sink_.on_notice(logs::unread(entry.file, entry.container, file.cursor, read.error().message()));
  } else if (!entry.whole) {
    sink_.on_notice(fmt::format("{} of {}: its NodeManager could not read it to its end when it uploaded it",
                                entry.file, entry.container));
  }
  co_return failure_ ? Status(*failure_) : Status();
}

// True if the upload holds something of this container.
io::Task<Result<bool>> OutputFollower::read_upload(logs::NodeLog& upload, Log* log) {
  const auto name = to_string(log->run.id);
  bool found = false;
  // Of a log that was uploaded several times the last copy has all.
  std::map<std::string, const logs::LogEntry*> last;
  std::vector<const logs::LogEntry*> order;
  for (const auto& entry : upload.entries()) {
    if (entry.container != name) continue;
    found = true;
    if (!options_.wants_file(entry.file)) continue;
    if (!last.contains(entry.file)) order.push_back(&entry);
    last[entry.file] = &entry;
  }
  for (const auto* first : order) {
    KNIT_CO_TRY_VOID(co_await read_entry(upload, *last[first->file], log));
  }
  co_return found;
}

// True if any log was read to its end.
io::Task<bool> OutputFollower::read_uploads(Uploads& uploads, const std::vector<UploadedFile>& files,
                                            bool last) {
  std::map<std::string, std::unique_ptr<logs::NodeLog>>
      open;  // of one node at a time; null: cannot be opened
  std::string open_node;
  bool progress = false;
  std::vector<Log*> order;
  for (auto& log : logs_) {
    if (!log.done) order.push_back(&log);
  }
  std::stable_sort(order.begin(), order.end(), [](Log* a, Log* b) {
    return std::tie(a->run.restart, a->run.node) < std::tie(b->run.restart, b->run.node);
  });
  for (Log* log : order) {
    std::vector<const UploadedFile*> mine;
    if (!(may_read(*log) || last) || !all_files_of(files, *log, last, &mine)) continue;
    if (open_node != mine.front()->node) open.clear();
    open_node = mine.front()->node;
    bool found = false;
    for (const auto* file : mine) {
      const auto [place, fresh] = open.try_emplace(file->folder.path + "/" + file->name);
      if (fresh) {
        auto opened = co_await uploads.open(*file);
        if (opened) {
          place->second = *std::move(opened);
        } else {
          upload_trouble_ = opened.error().message();
        }
      }
      auto& upload = place->second;
      if (!upload) continue;
      auto read = co_await read_upload(*upload, log);
      if (!read) co_return progress;
      found = found || *read;
    }
    if (!found) continue;
    end_log(*log);
    progress = true;
  }
  co_return progress;
}

io::Task<void> OutputFollower::finish_from_uploads(Uploads& uploads, UploadState state,
                                                   io::Deadline deadline) {
  application_ended_ = true;
  std::optional<LogAggregation> seen = co_await state();
  for (auto pause = kFirstPause; pending() && !failure_; pause = std::min(pause * 3 / 2, kLastPause)) {
    const bool last = (seen && is_final(*seen)) || io::now() >= deadline;
    upload_trouble_.clear();
    auto files = co_await uploads.list();
    if (files) {
      while (co_await read_uploads(uploads, *files, last)) {
      }
    } else {
      upload_trouble_ = files.error().message();
    }
    if (last || !pending() || failure_) break;
    if (!co_await io::sleep_for(pause)) co_return;
    seen = co_await state();
  }
  if (failure_ || !pending()) co_return;
  std::string reason = upload_trouble_;
  if (reason.empty() && seen == LogAggregation::kDisabled) {
    reason =
        "the cluster keeps no logs of applications that have ended (yarn.log-aggregation-enable is false "
        "there)";
  } else if (reason.empty()) {
    reason = seen && is_final(*seen)
                 ? fmt::format("its node uploaded nothing of it (log aggregation: {})", to_string(*seen))
                 : "its node has not uploaded it in time; 'knit logs' may find it later";
  }
  give_up(reason);
}

}  // namespace knit::client
