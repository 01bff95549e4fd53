#include "client/staging.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>

#include "base/try.h"
#include "client/bounds.h"
#include "control/journal.h"
#include "fs/path.h"

namespace knit::client {
namespace {

constexpr std::uint16_t kPrivate = 0700;
// A client gets its application's id, writes launch.json and submits: seconds. The ResourceManager knows
// nothing of it until then.
constexpr auto kBeingSubmitted = std::chrono::hours(1);
// DataNodes close a dead writer's block with one of their next heartbeats (3 s).
constexpr auto kLeaseDeadline = std::chrono::seconds(6);
constexpr auto kSweepEvery = std::chrono::hours(6);
// A journal has a line of a few hundred bytes for each start and end of an instance.
constexpr std::uint64_t kLargestJournal = std::uint64_t{256} << 20;

bool is(const Error& error, ErrorCode code) {
  return error.code() == code;
}

std::string launch_path(std::string_view staging, const ApplicationId& id) {
  return control::application_directory(staging, id) + "/launch.json";
}

// True if a master's attempt says here that it has begun: then everything before is in this file too.
bool holds_start_of(std::string_view journal, std::int32_t attempt) {
  control::JournalReader reader;
  const auto entries = reader.feed(journal);
  if (!entries) return false;
  return std::any_of(entries->begin(), entries->end(), [&](const control::JournalEntry& entry) {
    const auto* started = std::get_if<control::MasterStarted>(&entry);
    return started && started->attempt.attempt == attempt;
  });
}

// A master that was killed leaves its journal open for writing, for up to 20 minutes (the lease's hard
// limit). Taking the lease over and closing the file ends that; where it takes too long the NameNode goes on
// by itself.
io::Task<void> close_abandoned(fs::FileSystem& fs, std::string path) {
  auto writer = co_await bounded(fs.append(std::move(path)), kLeaseDeadline);
  if (writer) (void)co_await bounded((*writer)->close());
}

}  // namespace

Staging::Staging(StagingPlace place, std::string user, std::string cluster)
    : place_(std::move(place)),
      fs_(*place_.file_system),
      user_(std::move(user)),
      cluster_(std::move(cluster)),
      cache_(fs_, fs::join_path(place_.path, "cache")) {}

io::Task<Status> Staging::check_home() {
  const auto home = fs_.home();
  const auto status = co_await bounded(fs_.stat(home));
  if (status && status->is_directory()) co_return Status();
  if (!status && !is(status.error(), ErrorCode::kNotFound)) co_return status.error();
  co_return Error(
      ErrorCode::kNotFound,
      fmt::format("the HDFS home directory {}{} of '{}', whom the cluster takes you for, {}. An "
                  "administrator makes it with: hdfs dfs -mkdir -p {} && hdfs dfs -chown {} {}. Or "
                  "name another place with --staging-dir",
                  fs_.uri(), home, user_, status ? "is no directory" : "does not exist", home, user_, home));
}

Status Staging::refuse_encrypted(const fs::FileStatus& folder) const {
  if (!folder.encrypted) return {};
  return Error(ErrorCode::kUnimplemented,
               fmt::format("staging directory {} lies in an encryption zone, where Knit cannot write; name "
                           "a place outside it with --staging-dir",
                           uri()));
}

// Where the folder itself is yet to be made, the nearest one above it says what it will be.
io::Task<Status> Staging::check_above() {
  auto folder = place_.path;
  while (folder != "/") {
    folder = std::string(fs::parent_path(folder));
    const auto status = co_await bounded(fs_.stat(folder));
    if (status) co_return refuse_encrypted(*status);
    if (!is(status.error(), ErrorCode::kNotFound)) {
      co_return status.error().with_context(fmt::format("staging directory {}", uri()));
    }
  }
  co_return Status();
}

io::Task<Status> Staging::check() {
  const auto status = co_await bounded(fs_.stat(place_.path));
  if (!status && is(status.error(), ErrorCode::kNotFound)) {
    if (place_.is_default) KNIT_CO_TRY_VOID(co_await check_home());
    co_return co_await check_above();
  }
  if (!status) co_return status.error().with_context(fmt::format("staging directory {}", uri()));
  if (!status->is_directory()) {
    co_return Error(
        ErrorCode::kFailedPrecondition,
        fmt::format("staging directory {} is a file; name another place with --staging-dir", uri()));
  }
  KNIT_CO_TRY_VOID(refuse_encrypted(*status));
  if (status->owner != user_) {
    co_return Error(
        ErrorCode::kPermissionDenied,
        fmt::format("staging directory {} belongs to '{}' and not to '{}': who can write there can "
                    "replace what runs in your containers. Name another place with --staging-dir",
                    uri(), status->owner, user_));
  }
  if (!place_.is_default && (status->permission & 0022) != 0) {
    co_return Error(
        ErrorCode::kPermissionDenied,
        fmt::format("staging directory {} can be written by others (mode {:04o}), who could replace "
                    "what runs in your containers: hdfs dfs -chmod 700 {}",
                    uri(), status->permission, place_.path));
  }
  co_return Status();
}

io::Task<Status> Staging::prepare() {
  KNIT_CO_TRY_VOID(co_await check());
  for (const char* folder : {"", "/apps", "/runs", "/cache"}) {
    const auto path = place_.path + folder;
    const auto status = co_await bounded(fs_.stat(path));
    if (status && status->is_directory()) {
      const bool ours = place_.is_default || *folder != '\0';
      if (!ours || status->permission == kPrivate) continue;
      KNIT_CO_TRY_VOID(co_await bounded(fs_.set_permission(path, kPrivate)));
      continue;
    }
    if (!status && !is(status.error(), ErrorCode::kNotFound)) co_return status.error();
    const auto made = co_await bounded(fs_.make_directories(path, kPrivate));
    if (!made) co_return made.error().with_context(fmt::format("staging directory {}", uri()));
  }
  co_return Status();
}

io::Task<Result<fs::FileStatus>> Staging::write_launch_file(control::LaunchFile file) {
  const auto path = launch_path(place_.path, file.application);
  auto bytes = control::encode(file);
  if (bytes.size() > control::kMaxLaunchFile) {
    co_return Error(
        ErrorCode::kInvalidArgument,
        fmt::format("command, environment and file names make {} MiB; at most {} are possible: put "
                    "them into a file and ship that with --file",
                    bytes.size() >> 20, control::kMaxLaunchFile >> 20));
  }
  fs::CreateOptions options;
  options.expected_length = bytes.size();
  KNIT_CO_TRY_VOID(co_await bounded(fs::write_file(fs_, path, std::move(bytes), options), kDataDeadline));
  co_return co_await bounded(fs_.stat(path));
}

io::Task<Status> Staging::discard(ApplicationId id) {
  const auto removed = co_await bounded(fs_.remove(control::application_directory(place_.path, id), true));
  if (!removed) co_return removed.error();
  co_return Status();
}

io::Task<Status> Staging::settle(ApplicationId id) {
  KNIT_CO_TRY_VOID(co_await keep_record(id));
  launch_files_.erase(id);
  co_return co_await discard(id);
}

io::Task<Status> Staging::keep_record(ApplicationId id) {
  const auto record = control::record_path(place_.path, id);
  const auto there = co_await bounded(fs_.stat(record));
  if (there) co_return Status();
  if (!is(there.error(), ErrorCode::kNotFound)) co_return there.error();
  const auto journal = co_await newest_journal(id);
  if (journal.empty()) co_return Status();
  co_await close_abandoned(fs_, journal);
  auto kept = co_await bounded(fs_.rename(journal, record, false));
  if (!kept && is(kept.error(), ErrorCode::kNotFound)) {
    // Either runs/ is missing, or somebody else was faster.
    KNIT_CO_TRY_VOID(co_await bounded(fs_.make_directories(std::string(fs::parent_path(record)), kPrivate)));
    kept = co_await bounded(fs_.rename(journal, record, false));
  }
  const bool by_others =
      !kept && (is(kept.error(), ErrorCode::kNotFound) || is(kept.error(), ErrorCode::kAlreadyExists));
  co_return by_others ? Status() : kept;
}

// The journal that tells the whole story (see control/journal.h), or "".
io::Task<std::string> Staging::newest_journal(ApplicationId id) {
  const auto files = co_await bounded(fs_.list(control::application_directory(place_.path, id)));
  if (!files) co_return std::string();
  const std::string_view first = "journal";
  std::map<std::int32_t, std::string, std::greater<>> journals;
  for (const auto& file : *files) {
    const auto name = fs::file_name(file.path);
    if (name == first) journals[1] = file.path;
    if (!name.starts_with("journal.")) continue;
    std::int32_t attempt = 0;
    const auto number = name.substr(first.size() + 1);
    std::from_chars(number.data(), number.data() + number.size(), attempt);
    if (control::journal_path(place_.path, id, attempt) == file.path) journals[attempt] = file.path;
  }
  for (const auto& [attempt, path] : journals) {
    if (path == journals.rbegin()->second) co_return path;
    const auto bytes = co_await bounded(fs::read_file(fs_, path, kLargestJournal), kDataDeadline);
    if (!bytes || holds_start_of(*bytes, attempt)) co_return path;
  }
  co_return std::string();
}

// Nothing where there is none, or none that is whole.
io::Task<Result<std::optional<control::LaunchFile>>> Staging::launch_file(ApplicationId id) {
  using Found = std::optional<control::LaunchFile>;
  if (const auto known = launch_files_.find(id); known != launch_files_.end()) co_return Found(known->second);
  const auto path = launch_path(place_.path, id);
  const auto bytes = co_await bounded(fs::read_file(fs_, path, control::kMaxLaunchFile), kDataDeadline);
  if (!bytes && is(bytes.error(), ErrorCode::kNotFound)) co_return Found();
  if (!bytes) co_return bytes.error();
  auto file = control::decode_launch_file(*bytes);
  if (!file && is(file.error(), ErrorCode::kDataLoss)) co_return Found();
  if (!file) co_return file.error().with_context(path);
  co_return Found(launch_files_[id] = *std::move(file));
}

// True only if it is certain. Unknown to our ResourceManager means that it has forgotten it, that the
// application is just being submitted, or that another cluster runs it.
io::Task<bool> Staging::is_over(ApplicationService& service, ApplicationId id, WallTime touched) {
  const auto report = co_await bounded(service.report(id));
  if (report) co_return has_ended(report->state);
  if (!is(report.error(), ErrorCode::kNotFound)) co_return false;
  if (io::wall_now() - touched < kBeingSubmitted) co_return false;
  const auto file = co_await launch_file(id);
  if (!file) co_return false;
  if (!*file) co_return true;
  const auto cluster = (*file)->settings.find(kClusterSetting);
  co_return cluster != (*file)->settings.end() && cluster->second == cluster_;
}

io::Task<Result<std::vector<Staging::Application>>> Staging::applications(ApplicationService& service) {
  const auto folders = co_await bounded(fs_.list(place_.path + "/apps"));
  std::vector<Application> applications;
  if (!folders && is(folders.error(), ErrorCode::kNotFound)) co_return applications;
  if (!folders) co_return folders.error();
  for (const auto& folder : *folders) {
    KNIT_CO_TRY_VOID(co_await io::check_cancelled());
    const auto id = ApplicationId::parse(fs::file_name(folder.path));
    if (!folder.is_directory() || !id) continue;
    applications.push_back({*id, co_await is_over(service, *id, folder.modified)});
  }
  co_return applications;
}

io::Task<Result<std::set<std::string>>> Staging::in_use(ApplicationService& service) {
  KNIT_CO_TRY(const auto all, co_await applications(service));
  const auto root = fs_.uri();
  std::set<std::string> paths;
  for (const auto& application : all) {
    if (application.over) continue;
    KNIT_CO_TRY(const auto file, co_await launch_file(application.id));
    if (!file) continue;  // it names nothing yet, and its client looks again when it does
    for (const auto* files : {&file->files, &file->master_files}) {
      for (const auto& staged : *files) {
        if (staged.uri.starts_with(root)) paths.insert(staged.uri.substr(root.size()));
      }
    }
  }
  co_return paths;
}

io::Task<Result<std::vector<Cache::Entry>>> Staging::collect(ApplicationService& service,
                                                             std::chrono::milliseconds age) {
  co_return co_await cache_.collect(age, [this, &service] { return in_use(service); });
}

io::Task<Status> Staging::sweep(ApplicationService& service) {
  Status first;
  const auto note = [&first](const Status& status) {
    if (first && !status) first = status;
  };
  const auto all = co_await applications(service);
  if (!all) co_return all.error();
  for (const auto& application : *all) {
    KNIT_CO_TRY_VOID(co_await io::check_cancelled());
    if (application.over) note(co_await settle(application.id));
  }
  const auto due = co_await sweep_is_due();
  if (!due) note(due.error());
  if (!due || !*due) co_return first;
  note(co_await sweep_records());
  KNIT_CO_TRY_VOID(co_await io::check_cancelled());
  const auto collected = co_await collect(service, kKeepUnused);
  if (!collected) note(collected.error());
  co_return first;
}

io::Task<Status> Staging::sweep_records() {
  const auto records = co_await bounded(fs_.list(place_.path + "/runs"));
  if (!records && is(records.error(), ErrorCode::kNotFound)) co_return Status();
  if (!records) co_return records.error();
  for (const auto& record : *records) {
    if (!ApplicationId::parse(fs::file_name(record.path))) continue;
    if (io::wall_now() - record.modified < kKeepRecords) continue;
    const auto removed = co_await bounded(fs_.remove(record.path, false));
    if (!removed) co_return removed.error();
  }
  co_return Status();
}

io::Task<Result<bool>> Staging::sweep_is_due() {
  const auto mark = place_.path + "/.swept";
  const auto swept = co_await bounded(fs_.stat(mark));
  if (swept && io::wall_now() - swept->modified < kSweepEvery) co_return false;
  // Marked first: of several clients that come now one sweeps.
  fs::CreateOptions options;
  options.overwrite = true;
  KNIT_CO_TRY_VOID(co_await bounded(fs::write_file(fs_, mark, "", options)));
  co_return true;
}

}  // namespace knit::client
