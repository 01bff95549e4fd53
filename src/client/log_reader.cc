#include "client/log_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "base/try.h"
#include "client/log_choice.h"
#include "client/log_pieces.h"
#include "client/recorded_output.h"
#include "io/wait.h"

namespace knit::client {
namespace {

using namespace std::chrono_literals;
using Phase = ContainerRun::Phase;

constexpr io::Duration kLivePause = 250ms, kFirstPause = 100ms, kLastPause = 1s;
// Of so many nodes the logs are kept open, to be told in the instances' order.
constexpr std::size_t kMaxOpen = 64;
constexpr const char* kNothingKept =
    "the cluster keeps no logs of applications that have ended (yarn.log-aggregation-enable is false there)";

// A container that was never started has written nothing.
bool expects_logs(const ContainerRun& run) {
  return run.started || run.instance == ContainerRun::kUnknown || run.is_master();
}

std::string name_of(const ContainerRun& run) {
  if (run.is_master()) return fmt::format("the master ({})", to_string(run.id));
  if (run.instance < 0) return to_string(run.id);
  return fmt::format("instance {} ({})", run.instance, to_string(run.id));
}

class LogReader {
 public:
  LogReader(ApplicationView& application, logs::NodePages& pages, ApplicationReport report,
            const RunState* state, LogChoice choice, LogsOptions options, LogOutput output)
      : application_(application),
        pages_(pages),
        state_(state),
        report_(std::move(report)),
        choice_(std::move(choice)),
        options_(std::move(options)),
        output_(std::move(output)),
        pieces_(output_),
        deadline_(io::after(options_.timeout)) {}

  io::Task<Status> read() {
    if (!has_ended(report_.state)) KNIT_CO_TRY_VOID(co_await read_live());
    if (has_ended(report_.state)) KNIT_CO_TRY_VOID(co_await read_ended());
    co_return outcome();
  }

 private:
  enum class Live { kRead, kNothing, kEnded, kOutOfReach };

  io::Task<Result<std::optional<logs::NodeLogList>>> ask(const ContainerRun& run);
  io::Task<Status> read_live();
  io::Task<Result<Live>> read_running(const ContainerRun& run);
  io::Task<Result<bool>> read_listed(const ContainerRun& run, const logs::NodeLogList& list);
  io::Task<Status> read_kept();
  Result<bool> read_recorded(const ContainerRun& run);
  std::string why_not_recorded(const ContainerRun& run) const;
  io::Task<Status> read_ended();
  io::Task<Result<logs::Uploads>> wait_for_uploads(const UploadFolders& folders);
  bool all_there(const logs::Uploads& uploads) const;
  bool nothing_follows() const;
  io::Task<Result<logs::NodeLog*>> open(const logs::NodeFile& file);
  io::Task<Status> read_in_order(const logs::Uploads& uploads);
  io::Task<Status> read_all(const logs::Uploads& uploads);
  io::Task<Status> read_entries(logs::NodeLog& log, const ContainerRun& run);
  io::Task<Status> read_entry(logs::NodeLog& log, const logs::LogEntry& entry, const ContainerRun& run);
  io::Task<Status> look_again();
  Status pass_on(const ContainerRun& run, const std::string& file, std::span<const std::byte> bytes);
  void miss(const ContainerRun& run, std::string_view reason, ErrorCode code);
  void miss(std::string text, ErrorCode code);
  void miss_out_of_reach(const std::vector<ContainerRun>& runs);
  Status outcome() const;

  ApplicationView& application_;
  logs::NodePages& pages_;
  const RunState* state_;
  ApplicationReport report_;
  LogChoice choice_;
  LogsOptions options_;
  LogOutput output_;
  Pieces pieces_;
  io::Deadline deadline_;
  std::set<ContainerId> read_;  // found
  // How far logs were read on nodes: they are not told twice when that breaks off.
  std::map<std::pair<ContainerId, std::string>, logs::FollowCursor> live_;
  std::set<std::string> answering_, out_of_reach_;  // addresses of nodes
  io::Duration waited_{};                           // for those out of reach
  std::optional<Error> first_out_of_reach_;
  std::map<std::string, std::unique_ptr<logs::NodeLog>> open_;  // by path
  std::set<std::string> other_files_;                           // seen and not asked for
  bool found_file_ = false;
  int missing_ = 0;
  std::optional<Error> first_missing_;
  std::optional<Error> refused_;  // by whoever takes the pieces
};

Status LogReader::pass_on(const ContainerRun& run, const std::string& file,
                          std::span<const std::byte> bytes) {
  auto taken = pieces_.on_bytes(run, file, bytes);
  if (!taken) refused_ = taken.error();
  return taken;
}

void LogReader::miss(const ContainerRun& run, std::string_view reason, ErrorCode code) {
  miss(fmt::format("the logs of {} are missing: {}", name_of(run), reason), code);
}

// A single one is told by the error in the end alone.
void LogReader::miss(std::string text, ErrorCode code) {
  if (++missing_ == 1) {
    first_missing_ = Error(code, std::move(text));
    return;
  }
  if (missing_ == 2) output_.notice(first_missing_->message());
  output_.notice(text);
}

// One message, however many there are: where one port is closed the others are.
void LogReader::miss_out_of_reach(const std::vector<ContainerRun>& runs) {
  const auto whose = runs.size() == 1
                         ? name_of(runs.front())
                         : fmt::format("{} containers on {} node{}", runs.size(), out_of_reach_.size(),
                                       out_of_reach_.size() == 1 ? "" : "s");
  miss(fmt::format("{}; the logs of {} cannot be read from here while the application runs, but from HDFS "
                   "when it has ended",
                   first_out_of_reach_->message(), whose),
       ErrorCode::kUnavailable);
}

Status LogReader::outcome() const {
  if (missing_ == 1) return *first_missing_;
  if (missing_ > 1) {
    return Error(first_missing_->code(), fmt::format("{} logs are missing", missing_));
  }
  if (!options_.log.empty() && !found_file_ && !other_files_.empty()) {
    return Error(ErrorCode::kNotFound, fmt::format("there is no log '{}'; there are: {}", options_.log,
                                                   fmt::join(other_files_, ", ")));
  }
  if (read_.empty() && !choice_.complete) {
    return Error(ErrorCode::kNotFound, fmt::format("no log of {} was found", to_string(report_.id)));
  }
  return {};
}

// Asks the ResourceManager; one that cannot be reached changes nothing.
io::Task<Status> LogReader::look_again() {
  auto report = co_await application_.report();
  if (report) {
    report_ = *std::move(report);
  } else if (report.error().code() == ErrorCode::kCancelled) {
    co_return std::move(report).error();
  }
  co_return Status();
}

// False where the node had the list, but a moment later no longer the log.
io::Task<Result<bool>> LogReader::read_listed(const ContainerRun& run, const logs::NodeLogList& list) {
  for (const auto& entry : list.local) {
    if (!wants_file(options_, entry.name)) {
      other_files_.insert(entry.name);
      continue;
    }
    found_file_ = true;
    const std::pair key(run.id, entry.name);
    if (!live_.contains(key) && options_.tail_lines) {
      KNIT_CO_TRY(const auto start,
                  co_await pages_.find_tail(run.node_http_address, run.id, entry.name, entry.length,
                                            static_cast<std::uint64_t>(*options_.tail_lines)));
      if (!start) co_return false;
      live_[key].read_on(*start);
    }
    const auto take = [&](std::span<const std::byte> bytes) { return pass_on(run, entry.name, bytes); };
    KNIT_CO_TRY(const bool there, co_await pages_.read_on(run.node_http_address, run.id, entry.name,
                                                          entry.length, &live_[key], take));
    if (!there) co_return false;
  }
  read_.insert(run.id);
  co_return true;
}

// Whoever did not answer is not asked again, for each time may cost the whole patience, and all of those
// together cost no more than options.timeout: then a node that has not answered yet counts as one of them.
// kUnavailable for a node out of reach, kPermissionDenied for one that shows us nothing.
io::Task<Result<std::optional<logs::NodeLogList>>> LogReader::ask(const ContainerRun& run) {
  const auto& address = run.node_http_address;
  const bool late = first_out_of_reach_ && waited_ >= options_.timeout && !answering_.contains(address);
  if (late) out_of_reach_.insert(address);
  if (out_of_reach_.contains(address)) co_return Error(*first_out_of_reach_);
  const auto begun = io::now();
  auto list = co_await pages_.list(address, run.id);
  const auto code = list ? ErrorCode::kPermissionDenied : list.error().code();
  if (code == ErrorCode::kPermissionDenied) answering_.insert(address);
  if (code == ErrorCode::kPermissionDenied || code == ErrorCode::kCancelled) co_return list;
  // Whatever else stands there, it is not the NodeManager's page.
  waited_ += io::now() - begun;
  out_of_reach_.insert(address);
  const Error error(ErrorCode::kUnavailable, list.error().message());
  if (!first_out_of_reach_) first_out_of_reach_ = error;
  co_return error;
}

io::Task<Result<LogReader::Live>> LogReader::read_running(const ContainerRun& run) {
  while (true) {
    auto list = co_await ask(run);
    if (!list && out_of_reach_.contains(run.node_http_address)) {
      KNIT_CO_TRY_VOID(co_await look_again());
      co_return has_ended(report_.state) ? Live::kEnded : Live::kOutOfReach;
    }
    if (!list) co_return std::move(list).error();
    if (*list) {
      KNIT_CO_TRY(const bool read, co_await read_listed(run, **list));
      if (read) co_return Live::kRead;
    }
    KNIT_CO_TRY_VOID(co_await look_again());
    if (has_ended(report_.state)) co_return Live::kEnded;
    if (run.phase == Phase::kStarting || io::now() >= deadline_) co_return Live::kNothing;
    KNIT_CO_TRY_VOID(co_await io::sleep_for(kLivePause));
  }
}

io::Task<Status> LogReader::read_live() {
  std::vector<ContainerRun> unread;
  for (const auto& run : choice_.runs) {
    auto live = co_await read_running(run);
    if (!live) {
      const auto code = live.error().code();
      if (refused_ || code == ErrorCode::kCancelled) co_return std::move(live).error();
      KNIT_CO_TRY_VOID(co_await look_again());
      if (has_ended(report_.state)) co_return Status();
      miss(run, live.error().message(), code);
    } else if (*live == Live::kEnded) {
      co_return Status();  // the rest is, or will be, uploaded
    } else if (*live == Live::kOutOfReach && expects_logs(run)) {
      unread.push_back(run);
    } else if (*live == Live::kNothing && expects_logs(run)) {
      miss(run, fmt::format("the NodeManager at {} has none", run.node_http_address),
           ErrorCode::kDeadlineExceeded);
    }
  }
  if (!unread.empty()) miss_out_of_reach(unread);
  co_return Status();
}

// What a failed run wrote last, from the application's record. False where that has nothing of it.
Result<bool> LogReader::read_recorded(const ContainerRun& run) {
  const auto* output = state_ ? state_->output(run.id) : nullptr;
  if (!output || output->streams.empty()) return false;
  for (const auto& stream : output->streams) {
    if (!wants_file(options_, stream.file)) {
      other_files_.insert(stream.file);
      continue;
    }
    found_file_ = true;
    const auto seen = live_[{run.id, stream.file}].seen();
    const auto part = recorded_rest(stream, seen, options_.tail_lines);
    if (part.missing > 0) output_.notice(recorded_gap(stream, name_of(run), part));
    if (!part.bytes.empty()) KNIT_TRY_VOID(pass_on(run, stream.file, io::as_bytes(part.bytes)));
  }
  read_.insert(run.id);
  return true;
}

std::string LogReader::why_not_recorded(const ContainerRun& run) const {
  const auto* output = state_ ? state_->output(run.id) : nullptr;
  if (!output) return fmt::format("{}; the record has the last output of failed instances", kNothingKept);
  return fmt::format("{}, and the master could not read it for the record: {}", kNothingKept,
                     output->unavailable);
}

// Without aggregation nodes keep logs for a while (yarn.nodemanager.log.retain-seconds).
io::Task<Status> LogReader::read_kept() {
  for (const auto& run : choice_.runs) {
    if (read_.contains(run.id)) continue;
    if (!run.node_http_address.empty()) {
      auto list = co_await ask(run);
      if (!list && list.error().code() == ErrorCode::kCancelled) co_return std::move(list).error();
      if (list && *list) {
        auto read = co_await read_listed(run, **list);
        if (!read && (refused_ || read.error().code() == ErrorCode::kCancelled)) {
          co_return std::move(read).error();
        }
        if (read && *read) continue;
      }
    }
    KNIT_CO_TRY(const bool recorded, read_recorded(run));
    if (!recorded && expects_logs(run)) miss(run, why_not_recorded(run), ErrorCode::kNotFound);
  }
  if (choice_.runs.empty()) co_return Error(ErrorCode::kNotFound, kNothingKept);
  co_return Status();
}

bool LogReader::all_there(const logs::Uploads& uploads) const {
  return choice_.complete &&
         std::all_of(choice_.runs.begin(), choice_.runs.end(), [&](const ContainerRun& run) {
           if (read_.contains(run.id) || !expects_logs(run)) return true;
           return std::any_of(uploads.files.begin(), uploads.files.end(), [&](const logs::NodeFile& file) {
             return file.node == run.node && !file.rolled;
           });
         });
}

// A report without a state of aggregation is an old application's: what there is, is there. And of one that
// never had a container nobody reports the state.
bool LogReader::nothing_follows() const {
  const bool never_ran =
      report_.log_aggregation == LogAggregation::kNotStarted && report_.memory_mib_seconds == 0;
  return is_final(report_.log_aggregation) || report_.log_aggregation == LogAggregation::kUnknown ||
         never_ran || io::now() >= deadline_;
}

// What is there once all is there, the cluster says that nothing more will come, or the time is over.
io::Task<Result<logs::Uploads>> LogReader::wait_for_uploads(const UploadFolders& folders) {
  for (auto pause = kFirstPause;; pause = std::min(pause * 3 / 2, kLastPause)) {
    const bool last = nothing_follows();
    KNIT_CO_TRY(auto uploads, co_await logs::list_uploads(folders));
    if (last || all_there(uploads)) co_return uploads;
    KNIT_CO_TRY_VOID(co_await io::sleep_for(pause));
    KNIT_CO_TRY_VOID(co_await look_again());
  }
}

// Valid until the next call. An indexed file has its name from its first byte on: waits for its last.
io::Task<Result<logs::NodeLog*>> LogReader::open(const logs::NodeFile& file) {
  if (const auto known = open_.find(file.path); known != open_.end()) co_return known->second.get();
  for (auto pause = kFirstPause;; pause = std::min(pause * 3 / 2, kLastPause)) {
    const bool last = nothing_follows();
    auto opened = co_await open_upload(file);
    if (opened) {
      if (open_.size() >= kMaxOpen) open_.clear();
      auto& log = open_[file.path] = *std::move(opened);
      for (const auto& note : log->notes()) output_.notice(fmt::format("{}: {}", file.path, note));
      co_return log.get();
    }
    if (last || opened.error().code() != ErrorCode::kUnavailable) co_return std::move(opened).error();
    KNIT_CO_TRY_VOID(co_await io::sleep_for(pause));
    KNIT_CO_TRY_VOID(co_await look_again());
  }
}

io::Task<Status> LogReader::read_entry(logs::NodeLog& log, const logs::LogEntry& entry,
                                       const ContainerRun& run) {
  logs::FollowCursor fresh;
  const auto known = live_.find({run.id, entry.file});
  auto& cursor = known == live_.end() ? fresh : known->second;
  const auto rest = cursor.rest_of(entry.length);
  if (!rest.lost.empty()) output_.notice(fmt::format("{} of {}: {}", entry.file, entry.container, rest.lost));
  const auto take = [&](std::span<const std::byte> bytes) -> io::Task<Status> {
    cursor.read_on(bytes.size());
    co_return pass_on(run, entry.file, bytes);
  };
  const bool tail = known == live_.end() && options_.tail_lines;
  auto read = tail ? co_await log.read_tail(entry, static_cast<std::uint64_t>(*options_.tail_lines), take)
                   : co_await log.read(entry, rest.offset, take);
  if (!read && (refused_ || read.error().code() == ErrorCode::kCancelled)) co_return std::move(read).error();
  // One log that is damaged keeps nothing from the others.
  if (!read) {
    miss(logs::unread(entry.file, name_of(run), cursor, read.error().message()), read.error().code());
  } else if (!entry.whole) {
    output_.notice(fmt::format("{} of {}: its NodeManager could not read it to its end when it uploaded it",
                               entry.file, name_of(run)));
  }
  co_return Status();
}

io::Task<Status> LogReader::read_entries(logs::NodeLog& log, const ContainerRun& run) {
  const auto name = to_string(run.id);
  for (const auto& entry : log.entries()) {
    if (entry.container != name) continue;
    read_.insert(run.id);
    if (!wants_file(options_, entry.file)) {
      other_files_.insert(entry.file);
      continue;
    }
    found_file_ = true;
    KNIT_CO_TRY_VOID(co_await read_entry(log, entry, run));
  }
  co_return Status();
}

io::Task<Status> LogReader::read_in_order(const logs::Uploads& uploads) {
  auto runs = choice_.runs;
  if (uploads.files.size() > kMaxOpen) {
    std::stable_sort(runs.begin(), runs.end(),
                     [](const ContainerRun& a, const ContainerRun& b) { return a.node < b.node; });
  }
  for (const auto& run : runs) {
    if (read_.contains(run.id)) continue;
    std::optional<Error> trouble;
    if (!uploads.unreadable.empty()) {
      trouble = Error(ErrorCode::kUnimplemented, uploads.unreadable.front());
    }
    for (const auto& file : uploads.files) {
      if (file.node != run.node) continue;
      auto log = co_await open(file);
      if (!log && log.error().code() == ErrorCode::kCancelled) co_return std::move(log).error();
      if (log) {
        KNIT_CO_TRY_VOID(co_await read_entries(**log, run));
      } else {
        trouble = std::move(log).error();
      }
    }
    if (read_.contains(run.id) || !expects_logs(run)) continue;
    if (trouble) {
      miss(run, trouble->message(), trouble->code());
    } else if (is_final(report_.log_aggregation)) {
      miss(run, fmt::format("node {} uploaded nothing of it", to_string(run.node)), ErrorCode::kNotFound);
    } else {
      miss(run, fmt::format("node {} has not uploaded them in time", to_string(run.node)),
           ErrorCode::kDeadlineExceeded);
    }
  }
  co_return Status();
}

// Of containers nobody knew beforehand.
io::Task<Status> LogReader::read_all(const logs::Uploads& uploads) {
  for (const auto& text : uploads.unreadable) miss(text, ErrorCode::kUnimplemented);
  for (const auto& file : uploads.files) {
    auto log = co_await open(file);
    if (!log && log.error().code() == ErrorCode::kCancelled) co_return std::move(log).error();
    if (!log) {
      miss(log.error().message(), log.error().code());
      continue;
    }
    std::set<ContainerId> containers;
    for (const auto& entry : (*log)->entries()) {
      if (auto id = ContainerId::parse(entry.container)) containers.insert(*id);
    }
    for (const auto& id : containers) {
      ContainerRun run;
      run.id = id;
      run.instance = id.sequence() == 1 ? ContainerRun::kMaster : ContainerRun::kUnknown;
      run.node = file.node;
      if (wants_container(options_, run)) KNIT_CO_TRY_VOID(co_await read_entries(**log, run));
    }
  }
  for (const auto& run : choice_.runs) {
    if (!read_.contains(run.id)) miss(run, "no node uploaded anything of it", ErrorCode::kNotFound);
  }
  co_return Status();
}

io::Task<Status> LogReader::read_ended() {
  if (report_.log_aggregation == LogAggregation::kDisabled) co_return co_await read_kept();
  KNIT_CO_TRY(const auto folders, application_.uploads(report_.user));
  KNIT_CO_TRY(const auto uploads, co_await wait_for_uploads(folders));
  const bool nodes_known = choice_.complete && std::none_of(choice_.runs.begin(), choice_.runs.end(),
                                                            [](auto& run) { return run.node.host.empty(); });
  co_return nodes_known ? co_await read_in_order(uploads) : co_await read_all(uploads);
}

}  // namespace

io::Task<Status> read_logs(ApplicationView& application, logs::NodePages& pages, ApplicationReport report,
                           const RunState* state, LogsOptions options, LogOutput output) {
  KNIT_CO_TRY_VOID(check_choice(options, report.id, state));
  std::vector<ContainerRun> known;
  if (!state && !has_ended(report.state) && report.current_attempt.attempt > 0) {
    KNIT_CO_TRY(const auto containers, co_await application.containers(report.current_attempt));
    for (const auto& container : containers) known.push_back(run_of(container));
  }
  KNIT_CO_TRY(auto choice, choose_logs(options, report.id, state, known, has_ended(report.state)));
  LogReader reader(application, pages, std::move(report), state, std::move(choice), std::move(options),
                   std::move(output));
  co_return co_await reader.read();
}

}  // namespace knit::client
