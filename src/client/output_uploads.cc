#include <fmt/format.h>

#include <algorithm>

#include "base/try.h"
#include "client/output.h"
#include "client/recorded_output.h"
#include "yarn/exit_status.h"

namespace knit::client {
namespace {

constexpr io::Duration kLostPatience = std::chrono::seconds(5);
constexpr io::Duration kFirstPause = std::chrono::milliseconds(100), kLastPause = std::chrono::seconds(1);

// The files of the log's node, where they are all that there will be.
std::vector<const logs::NodeFile*> files_of(const NodeId& node, const std::vector<logs::NodeFile>& files,
                                            bool last) {
  std::vector<const logs::NodeFile*> out;
  for (const auto& file : files) {
    if (file.node == node) out.push_back(&file);
  }
  const bool more = std::any_of(out.begin(), out.end(), [](auto* file) { return file->rolled.has_value(); });
  if (more && !last) out.clear();
  return out;
}

}  // namespace

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
io::Task<bool> OutputFollower::read_uploads(const std::vector<logs::NodeFile>& files, bool last) {
  std::map<std::string, std::unique_ptr<logs::NodeLog>> open;  // by path, of one node at a time
  std::optional<NodeId> open_node;
  bool progress = false;
  std::vector<Log*> order;
  for (auto& log : logs_) {
    if (!log.done) order.push_back(&log);
  }
  std::stable_sort(order.begin(), order.end(), [](Log* a, Log* b) {
    return std::tie(a->run.restart, a->run.node) < std::tie(b->run.restart, b->run.node);
  });
  for (Log* log : order) {
    if (!(may_read(*log) || last)) continue;
    if (open_node != log->run.node) open.clear();
    open_node = log->run.node;
    log->trouble.clear();
    bool found = false;
    for (const auto* file : files_of(log->run.node, files, last)) {
      auto& upload = open[file->path];
      if (!upload) {
        auto opened = co_await open_upload(*file);
        if (!opened) {
          log->trouble = opened.error().message();
          continue;
        }
        upload = *std::move(opened);
      }
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

void OutputFollower::finish_from_record(const RunState& state) {
  for (auto& log : logs_) {
    const auto* output = log.done ? nullptr : state.output(log.run.id);
    if (!output || output->streams.empty()) continue;
    for (const auto& stream : output->streams) {
      if (failure_) return;
      if (!options_.wants_file(stream.file)) continue;
      auto& file = log.files[stream.file];
      const auto part = recorded_rest(stream, file.cursor.seen(), options_.tail_lines);
      if (part.missing > 0) sink_.on_notice(recorded_gap(stream, to_string(log.run.id), part));
      file.cursor.read_on(part.missing + part.bytes.size());
      if (part.bytes.empty()) continue;
      if (auto taken = sink_.on_bytes(log.run, stream.file, io::as_bytes(part.bytes)); !taken)
        fail(taken.error());
    }
    end_log(log);
  }
}

io::Task<void> OutputFollower::finish_from_uploads(UploadFolders folders, UploadState state,
                                                   io::Deadline deadline) {
  application_ended_ = true;
  const auto lost_deadline = std::min(deadline, io::after(kLostPatience));
  std::optional<LogAggregation> seen = co_await state();
  std::string trouble;
  for (auto pause = kFirstPause; pending() && !failure_; pause = std::min(pause * 3 / 2, kLastPause)) {
    const bool last = (seen && is_final(*seen)) || io::now() >= deadline;
    trouble.clear();
    auto uploads = co_await logs::list_uploads(folders);
    if (uploads) {
      while (co_await read_uploads(uploads->files, last)) {
      }
      if (!uploads->unreadable.empty()) trouble = uploads->unreadable.front();
    } else {
      trouble = uploads.error().message();
    }
    // A lost node uploads nothing, or when it comes back; later runs of its instances wait for that.
    if (io::now() >= lost_deadline) {
      give_up("its node was lost; 'knit logs' has it should the node come back and upload it",
              [](const ContainerRun& run) { return run.exit_status == yarn::exit_status::kLost; });
    }
    if (last || !pending() || failure_) break;
    if (!co_await io::sleep_for(pause)) co_return;
    seen = co_await state();
  }
  if (failure_ || !pending()) co_return;
  if (trouble.empty() && seen == LogAggregation::kDisabled) {
    trouble =
        "the cluster keeps no logs of applications that have ended (yarn.log-aggregation-enable is false "
        "there)";
  } else if (trouble.empty()) {
    trouble = seen && is_final(*seen)
                  ? fmt::format("its node uploaded nothing of it (log aggregation: {})", to_string(*seen))
                  : "its node has not uploaded it in time; 'knit logs' may find it later";
  }
  give_up(trouble);
}

}  // namespace knit::client
