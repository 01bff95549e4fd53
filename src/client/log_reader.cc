#include "client/log_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "base/try.h"
#include "client/application_view.h"
#include "client/log_choice.h"
#include "client/output.h"
#include "client/run_result.h"
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

bool is_final(LogAggregation state) {
  return state == LogAggregation::kSucceeded || state == LogAggregation::kFailed ||
         state == LogAggregation::kTimedOut || state == LogAggregation::kDisabled;
}

// A container that was never started has written nothing.
bool expects_logs(const ContainerRun& run) {
  return run.started || run.instance == ContainerRun::kUnknown || run.is_master();
}

std::string name_of(const ContainerRun& run) {
  if (run.is_master()) return fmt::format("the master ({})", to_string(run.id));
  if (run.instance < 0) return to_string(run.id);
  return fmt::format("instance {} ({})", run.instance, to_string(run.id));
}

// Turns what comes of a log into pieces.
class Pieces final : public OutputSink {
 public:
  explicit Pieces(LogOutput& output) : output_(output) {}

  Status on_bytes(const ContainerRun& run, const std::string& file,
                  std::span<const std::byte> bytes) override {
    LogPiece piece;
    piece.container = to_string(run.id);
    piece.node = run.node.host.empty() ? "" : to_string(run.node);
    piece.file = file;
    if (run.instance >= 0) piece.instance = run.instance;
    piece.bytes = bytes;
    piece.begins = began_.emplace(run.id, file).second;
    return output_.piece(piece);
  }
  Status on_end(const ContainerRun&, const std::string&) override { return {}; }
  void on_notice(const std::string& text) override { output_.notice(text); }

 private:
  LogOutput& output_;
  std::set<std::pair<ContainerId, std::string>> began_;
};

class LogReader {
 public:
  LogReader(ApplicationView& application, NodePages& pages, ApplicationReport report, LogChoice choice,
            LogsOptions options, LogOutput output)
      : application_(application),
        pages_(pages),
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
  enum class Live { kRead, kNothing, kEnded };

  io::Task<Status> read_live();
  io::Task<Result<Live>> read_running(const ContainerRun& run);
  io::Task<Result<bool>> read_listed(const ContainerRun& run, const logs::NodeLogList& list);
  io::Task<Status> read_kept();
  io::Task<Status> read_ended();
  io::Task<Result<std::vector<UploadedFile>>> wait_for_uploads(Uploads& uploads);
  bool all_there(const std::vector<UploadedFile>& files) const;
  io::Task<Status> read_in_order(Uploads& uploads, const std::vector<UploadedFile>& files);
  io::Task<Status> read_all(Uploads& uploads, const std::vector<UploadedFile>& files);
  io::Task<Status> read_entries(logs::NodeLog& log, const ContainerRun& run);
  io::Task<Status> look_again();
  void miss(const ContainerRun& run, std::string_view reason, ErrorCode code);
  Status outcome() const;

  ApplicationView& application_;
  NodePages& pages_;
  ApplicationReport report_;
  LogChoice choice_;
  LogsOptions options_;
  LogOutput output_;
  Pieces pieces_;
  io::Deadline deadline_;
  std::set<ContainerId> read_;         // found
  std::set<std::string> other_files_;  // seen and not asked for
  bool found_file_ = false;
  int missing_ = 0;
  std::optional<Error> first_missing_;
};

void LogReader::miss(const ContainerRun& run, std::string_view reason, ErrorCode code) {
  const auto text = fmt::format("the logs of {} are missing: {}", name_of(run), reason);
  output_.notice(text);
  ++missing_;
  if (!first_missing_) first_missing_ = Error(code, text);
}

Status LogReader::outcome() const {
  if (missing_ == 1) return *first_missing_;
  if (missing_ > 1) {
    return Error(first_missing_->code(), fmt::format("the logs of {} containers are missing", missing_));
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
    logs::FollowCursor cursor;
    if (options_.tail_lines) {
      KNIT_CO_TRY(const auto start,
                  co_await pages_.find_tail(run.node_http_address, run.id, entry.name, entry.length,
                                            static_cast<std::uint64_t>(*options_.tail_lines)));
      if (!start) co_return false;
      cursor.read_on(*start);
    }
    const auto take = [&](std::span<const std::byte> bytes) {
      return pieces_.on_bytes(run, entry.name, bytes);
    };
    KNIT_CO_TRY(const bool there, co_await pages_.read_on(run.node_http_address, run.id, entry.name,
                                                          entry.length, &cursor, take));
    if (!there) co_return false;
  }
  read_.insert(run.id);
  co_return true;
}

io::Task<Result<LogReader::Live>> LogReader::read_running(const ContainerRun& run) {
  while (true) {
    auto list = co_await pages_.list(run.node_http_address, run.id);
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
  for (const auto& run : choice_.runs) {
    auto live = co_await read_running(run);
    if (!live) {
      const auto code = live.error().code();
      if (code == ErrorCode::kCancelled) co_return std::move(live).error();
      miss(run, live.error().message(), code);
    } else if (*live == Live::kEnded) {
      co_return Status();  // the rest is, or will be, uploaded
    } else if (*live == Live::kNothing && expects_logs(run)) {
      miss(run, fmt::format("the NodeManager at {} has none", run.node_http_address),
           ErrorCode::kDeadlineExceeded);
    }
  }
  co_return Status();
}

// Without aggregation nodes keep logs for a while (yarn.nodemanager.log.retain-seconds).
io::Task<Status> LogReader::read_kept() {
  for (const auto& run : choice_.runs) {
    if (read_.contains(run.id)) continue;
    if (!run.node_http_address.empty()) {
      auto list = co_await pages_.list(run.node_http_address, run.id);
      if (!list && list.error().code() == ErrorCode::kCancelled) co_return std::move(list).error();
      if (list && *list) {
        auto read = co_await read_listed(run, **list);
        if (!read && read.error().code() == ErrorCode::kCancelled) co_return std::move(read).error();
        if (read && *read) continue;
      }
    }
    if (expects_logs(run)) miss(run, kNothingKept, ErrorCode::kNotFound);
  }
  if (choice_.runs.empty()) co_return Error(ErrorCode::kNotFound, kNothingKept);
  co_return Status();
}

bool LogReader::all_there(const std::vector<UploadedFile>& files) const {
  return choice_.complete &&
         std::all_of(choice_.runs.begin(), choice_.runs.end(), [&](const ContainerRun& run) {
           if (read_.contains(run.id) || !expects_logs(run)) return true;
           return std::any_of(files.begin(), files.end(), [&](const UploadedFile& file) {
             return file.node == to_string(run.node) && !file.rolled;
           });
         });
}

// What is there once all is there, the cluster says that nothing more will come, or the time is over.
io::Task<Result<std::vector<UploadedFile>>> LogReader::wait_for_uploads(Uploads& uploads) {
  for (auto pause = kFirstPause;; pause = std::min(pause * 3 / 2, kLastPause)) {
    // A report without a state of aggregation is an old application's: what there is, is there.
    const bool last = is_final(report_.log_aggregation) ||
                      report_.log_aggregation == LogAggregation::kUnknown || io::now() >= deadline_;
    KNIT_CO_TRY(auto files, co_await uploads.list());
    if (last || all_there(files)) co_return files;
    KNIT_CO_TRY_VOID(co_await io::sleep_for(pause));
    KNIT_CO_TRY_VOID(co_await look_again());
  }
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
    const auto take = [&](std::span<const std::byte> bytes) -> io::Task<Status> {
      co_return pieces_.on_bytes(run, entry.file, bytes);
    };
    if (options_.tail_lines) {
      KNIT_CO_TRY_VOID(co_await log.read_tail(entry, static_cast<std::uint64_t>(*options_.tail_lines), take));
    } else {
      KNIT_CO_TRY_VOID(co_await log.read(entry, 0, take));
    }
    if (!entry.whole) {
      output_.notice(fmt::format("{} of {}: its NodeManager could not read it to its end when it uploaded it",
                                 entry.file, name_of(run)));
    }
  }
  co_return Status();
}

io::Task<Status> LogReader::read_in_order(Uploads& uploads, const std::vector<UploadedFile>& files) {
  std::map<std::string, std::unique_ptr<logs::NodeLog>> open;
  auto runs = choice_.runs;
  if (files.size() > kMaxOpen) {
    std::stable_sort(runs.begin(), runs.end(),
                     [](const ContainerRun& a, const ContainerRun& b) { return a.node < b.node; });
  }
  std::optional<Error> trouble;
  for (const auto& run : runs) {
    if (read_.contains(run.id)) continue;
    for (const auto& file : files) {
      if (file.node != to_string(run.node)) continue;
      const auto path = file.folder.path + "/" + file.name;
      if (!open.contains(path)) {
        auto opened = co_await uploads.open(file);
        if (!opened) {
          trouble = opened.error();
          continue;
        }
        if (open.size() >= kMaxOpen) open.clear();
        open[path] = *std::move(opened);
      }
      KNIT_CO_TRY_VOID((co_await read_entries(*open[path], run)).with_context(file.name));
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
io::Task<Status> LogReader::read_all(Uploads& uploads, const std::vector<UploadedFile>& files) {
  for (const auto& file : files) {
    KNIT_CO_TRY(auto log, co_await uploads.open(file));
    std::set<ContainerId> containers;
    for (const auto& entry : log->entries()) {
      if (auto id = ContainerId::parse(entry.container)) containers.insert(*id);
    }
    for (const auto& id : containers) {
      ContainerRun run;
      run.id = id;
      run.instance = id.sequence() == 1 ? ContainerRun::kMaster : ContainerRun::kUnknown;
      if (auto node = NodeId::parse(file.node)) run.node = *node;
      if (!wants_container(options_, run)) continue;
      KNIT_CO_TRY_VOID((co_await read_entries(*log, run)).with_context(file.name));
    }
    for (const auto& note : log->notes()) output_.notice(fmt::format("{}: {}", file.name, note));
  }
  for (const auto& run : choice_.runs) {
    if (!read_.contains(run.id)) miss(run, "no node uploaded anything of it", ErrorCode::kNotFound);
  }
  co_return Status();
}

io::Task<Status> LogReader::read_ended() {
  if (report_.log_aggregation == LogAggregation::kDisabled) co_return co_await read_kept();
  KNIT_CO_TRY(auto uploads, application_.uploads(report_.user));
  KNIT_CO_TRY(const auto files, co_await wait_for_uploads(uploads));
  const bool nodes_known = choice_.complete && std::none_of(choice_.runs.begin(), choice_.runs.end(),
                                                            [](auto& run) { return run.node.host.empty(); });
  co_return nodes_known ? co_await read_in_order(uploads, files) : co_await read_all(uploads, files);
}

class NoticesOnly final : public RunObserver {
 public:
  explicit NoticesOnly(LogOutput& output) : output_(output) {}
  void on_notice(const std::string& text) override { output_.notice(text); }

 private:
  LogOutput& output_;
};

}  // namespace

io::Task<Status> read_logs(ApplicationView& application, NodePages& pages, ApplicationReport report,
                           const RunState* state, LogsOptions options, LogOutput output) {
  std::vector<ContainerRun> known;
  if (!state && !has_ended(report.state) && report.current_attempt.attempt > 0) {
    KNIT_CO_TRY(const auto containers, co_await application.containers(report.current_attempt));
    for (const auto& container : containers) known.push_back(run_of(container));
  }
  KNIT_CO_TRY(auto choice, choose_logs(options, report.id, state, known, has_ended(report.state)));
  LogReader reader(application, pages, std::move(report), std::move(choice), std::move(options),
                   std::move(output));
  co_return co_await reader.read();
}

io::Task<Status> read_application_logs(Session& session, ApplicationId id, LogsOptions options,
                                       LogOutput output) {
  SessionView view(session, id);
  auto report = co_await view.report();
  if (!report && report.error().code() != ErrorCode::kNotFound) co_return std::move(report).error();
  auto story = co_await find_story(session, id, report ? report->user : session.user(), "");
  if (!report && !story.journal) co_return std::move(report).error();
  auto pages = node_pages(session);
  const bool ended = !report || has_ended(report->state);
  if (!pages && !ended) co_return std::move(pages).error();
  if (!pages) pages = NodePages({}, session.connect_timeout());

  if (options.follow && !ended) {
    Pieces pieces(output);
    NoticesOnly observer(output);
    FollowPlan plan;
    plan.sink = &pieces;
    plan.output = {
        [&options](const ContainerRun& run) { return wants_container(options, run); },
        [&options](std::string_view file) { return wants_file(options, file); },
        options.log.empty() ? std::vector<std::string>{"stdout", "stderr"} : std::vector{options.log},
        std::nullopt};
    if (options.tail_lines) plan.output.tail_lines = static_cast<std::uint64_t>(*options.tail_lines);
    auto followed = co_await follow(view, story.journal.get(), *pages, std::move(plan), observer);
    co_return followed ? Status() : Status(std::move(followed).error());
  }
  const RunState* state = nullptr;
  if (story.journal) {
    auto read = co_await story.journal->poll(report ? std::max(report->current_attempt.attempt, 1) : 0);
    if (!read) output.notice(read.error().message());
    if (story.journal->state().known()) state = &story.journal->state();
  } else if (report && report->type == "KNIT" && !story.trouble.empty()) {
    output.notice(story.trouble + "; containers are shown without their instances");
  }
  if (!report && !state) co_return std::move(report).error();
  co_return co_await read_logs(view, *pages, report ? *report : report_from(*state, id), state,
                               std::move(options), std::move(output));
}

}  // namespace knit::client
