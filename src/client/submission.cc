#include "client/submission.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/validate.h"
#include "archive/kind.h"
#include "base/try.h"
#include "client/bounds.h"
#include "control/keys.h"
#include "fs/path.h"
#include "io/stream.h"
#include "yarn/limits.h"
#include "yarn/local_resource.h"
#include "yarn/quoting.h"

namespace knit::client {
namespace {

using namespace std::chrono_literals;

constexpr const char* kLaunchFileName = "launch.json";
// Hadoop 3 starts containers with an empty environment; what a login on Debian and Red Hat gives.
constexpr const char* kPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr const char* kLang = "C.UTF-8";
// Somebody sweeps again and again what we want to use.
constexpr int kStagingTries = 3;

control::StagedFile staged_file(std::string name, const fs::FileSystem& fs, const fs::FileStatus& status,
                                bool archive) {
  return {std::move(name), fs.uri() + status.path, static_cast<std::int64_t>(status.length),
          status.modified.time_since_epoch().count(), archive};
}

Result<yarn::LocalResource> resource_of(const control::StagedFile& file) {
  return yarn::local_resource(file.uri, ByteSize::bytes(file.size),
                              WallTime(std::chrono::milliseconds(file.modified_ms)), file.archive);
}

// What only shows when it is known where every file lies.
Status check_together(const std::vector<control::StagedFile>& files) {
  yarn::LaunchContext context;
  for (const auto& file : files) {
    KNIT_TRY(context.resources[file.name], resource_of(file));
  }
  return yarn::check_launch_context(context);
}

}  // namespace

std::string Submission::temporary_directory() const {
  const auto given = tools_.settings.environment().get_or_empty("TMPDIR");
  return given.starts_with('/') ? given : "/tmp";
}

io::Task<Status> Submission::check_files() {
  for (const auto& file : spec_.files) {
    // Names are checked as YARN will see them; the place does not matter for that.
    yarn::LocalResource resource;
    resource.path = "/x";
    KNIT_CO_TRY_VOID(
        yarn::check_local_resource(app::name_in_container(file), resource).with_context(shown(file)));
    if (is_remote(file.source)) {
      KNIT_CO_TRY_VOID(co_await use_in_place(file));
    } else {
      KNIT_CO_TRY_VOID(co_await check_local_file(file));
    }
  }
  co_return Status();
}

io::Task<Result<Submission::Staged>> Submission::use_in_place(FileSpec file) {
  const auto refuse = [&](ErrorCode code, std::string_view why) {
    return Error(code, fmt::format("{}: {}", shown(file), why));
  };
  KNIT_CO_TRY(auto* fs, tools_.file_system(file.source, file.archive ? "--archive" : "--file"));
  // Behind "scheme://authority".
  const auto begin = file.source.find('/', file.source.find("://") + 3);
  if (begin == std::string::npos) co_return refuse(ErrorCode::kInvalidArgument, "names no file");
  auto status = co_await bounded(fs->stat(file.source.substr(begin)));
  if (!status) co_return std::move(status).error().with_context(shown(file));
  if (status->is_directory()) {
    co_return refuse(
        ErrorCode::kInvalidArgument,
        "is a folder in HDFS, which YARN cannot ship; pack it, or let the containers read it there");
  }
  if (status->type != fs::FileType::kFile) co_return refuse(ErrorCode::kInvalidArgument, "is no file");
  if (status->encrypted) {
    co_return refuse(ErrorCode::kUnimplemented,
                     "lies in an encryption zone; copy it to a place outside with Hadoop's own tools");
  }
  const auto kind = archive::kind_by_name(fs::file_name(status->path));
  if (file.archive && !kind) {
    co_return refuse(ErrorCode::kInvalidArgument,
                     "YARN unpacks only what is called .zip, .jar, .tar, .tar.gz or .tgz");
  }
  Staged staged;
  staged.file = staged_file(app::name_in_container(file), *fs, *status, file.archive);
  KNIT_CO_TRY(const auto resource, resource_of(staged.file));
  KNIT_CO_TRY_VOID(yarn::check_local_resource(staged.file.name, resource).with_context(shown(file)));
  co_return staged;
}

io::Task<Result<LocalFile>> Submission::open_master(FoundMaster master) {
  const auto name = master_file_name(master.program.architecture);
  auto local = co_await open_local_file({master.path, name, false}, name, temporary_directory());
  if (!local) co_return std::move(local).error();
  if (local->key.sha256 != master.program.sha256) {
    co_return Error(ErrorCode::kFailedPrecondition,
                    fmt::format("{} is not the master this Knit was built with (SHA-256 {}, expected {}); "
                                "install Knit again",
                                master.path, local->key.sha256, master.program.sha256));
  }
  co_return local;
}

io::Task<Result<Submission::Staged>> Submission::stage(const LocalFile& local, std::string name,
                                                       std::string shown, RunObserver& observer) {
  Cache::Progress progress = [&](std::uint64_t sent) { observer.on_upload(shown, sent, local.key.size); };
  auto status = co_await tools_.staging.cache().obtain(local.key, *local.content, std::move(progress));
  if (!status) co_return std::move(status).error().with_context(fmt::format("uploading {}", shown));
  Staged staged;
  staged.file = staged_file(std::move(name), tools_.staging.file_system(), *status, local.archive);
  staged.key = local.key;
  staged.cached = true;
  co_return staged;
}

io::Task<Result<std::vector<Plan::File>>> Submission::plan_files() {
  std::vector<Plan::File> plan;
  std::vector<control::StagedFile> files;
  const auto add = [&](std::string source, std::string name, const LocalFile& local, bool there) {
    plan.push_back({std::move(source), std::move(name),
                    tools_.staging.file_system().uri() + tools_.staging.cache().path_of(local.key),
                    local.key.size, !there, local.archive});
  };
  for (const auto& master : tools_.masters) {
    KNIT_CO_TRY(const auto local, co_await open_master(master));
    KNIT_CO_TRY(const auto there, co_await tools_.staging.cache().look(local.key));
    add(master.path, master_file_name(master.program.architecture), local, there.has_value());
  }
  for (const auto& file : spec_.files) {
    const auto name = app::name_in_container(file);
    if (is_remote(file.source)) {
      KNIT_CO_TRY(const auto staged, co_await use_in_place(file));
      plan.push_back({file.source, name, staged.file.uri, static_cast<std::uint64_t>(staged.file.size), false,
                      file.archive});
      files.push_back(staged.file);
      continue;
    }
    KNIT_CO_TRY(const auto local, co_await open_local_file(file, name, temporary_directory()));
    KNIT_CO_TRY(const auto there, co_await tools_.staging.cache().look(local.key));
    add(file.source, name, local, there.has_value());
    files.push_back({name, plan.back().target, static_cast<std::int64_t>(local.key.size), 0, local.archive});
  }
  KNIT_CO_TRY_VOID(check_together(files));
  co_return plan;
}

io::Task<Status> Submission::stage_all(RunObserver& observer) {
  masters_.clear();
  files_.clear();
  for (const auto& master : tools_.masters) {
    KNIT_CO_TRY(const auto local, co_await open_master(master));
    const auto name = master_file_name(master.program.architecture);
    KNIT_CO_TRY(auto staged, co_await stage(local, name, name, observer));
    masters_.push_back(std::move(staged));
  }
  for (const auto& file : spec_.files) {
    const auto name = app::name_in_container(file);
    if (is_remote(file.source)) {
      KNIT_CO_TRY(auto staged, co_await use_in_place(file));
      files_.push_back(std::move(staged));
      continue;
    }
    KNIT_CO_TRY(const auto local, co_await open_local_file(file, name, temporary_directory()));
    KNIT_CO_TRY(auto staged, co_await stage(local, name, file.source, observer));
    files_.push_back(std::move(staged));
  }
  std::vector<control::StagedFile> files;
  for (const auto& staged : files_) files.push_back(staged.file);
  co_return check_together(files);
}

// A sweeper may have taken what the launch file names before it could see that.
io::Task<Result<bool>> Submission::still_staged() {
  for (const auto* list : {&masters_, &files_}) {
    for (const auto& staged : *list) {
      if (!staged.cached) continue;
      KNIT_CO_TRY(const auto there, co_await tools_.staging.cache().look(staged.key));
      if (!there) co_return false;
    }
  }
  co_return true;
}

control::LaunchFile Submission::launch_file(ApplicationId id) const {
  control::LaunchFile file;
  file.application = id;
  file.user = tools_.user;
  file.spec = spec_;
  file.spec.files.clear();
  file.spec.staging_dir.clear();
  file.spec.name = app::application_name(spec_);
  for (const auto& staged : files_) file.files.push_back(staged.file);
  for (const auto& staged : masters_) file.master_files.push_back(staged.file);
  file.nodes = nodes_;
  file.staging_uri = tools_.staging.uri();
  file.default_path = kPath;
  file.default_lang = kLang;
  file.settings = settings_for_master(tools_.settings);
  file.settings[kClusterSetting] = tools_.staging.cluster();
  return file;
}

Result<yarn::SubmissionContext> Submission::context(ApplicationId id, const fs::FileStatus& launch) const {
  auto context = submission_of(spec_, id);
  for (const auto& staged : masters_) {
    KNIT_TRY(context.master.resources[staged.file.name], resource_of(staged.file));
  }
  const auto file = staged_file(kLaunchFileName, tools_.staging.file_system(), launch, false);
  KNIT_TRY(auto& resource = context.master.resources[kLaunchFileName], resource_of(file));
  resource.visibility = yarn::LocalResourceVisibility::kApplication;
  KNIT_TRY(context.master.commands, master_commands(tools_.masters));
  // On a cluster without authentication processes in containers are to HDFS whom this variable names, and
  // the NodeManager's user without it.
  KNIT_TRY(context.master.environment,
           yarn::quote_environment({{"HADOOP_USER_NAME", tools_.user}, {"PATH", kPath}, {"LANG", kLang}}));
  context.master.tokens = credentials_.serialize();
  return context;
}

io::Task<Status> Submission::run(ApplicationId id, RunObserver& observer) {
  KNIT_CO_TRY_VOID(co_await tools_.staging.prepare());
  auto entered = co_await enter(id, observer);
  if (!entered && co_await clean_up(undo(id))) co_return given_up();
  co_return entered;
}

io::Task<Status> Submission::enter(ApplicationId id, RunObserver& observer) {
  fs::FileStatus launch;
  for (int tried = 1;; ++tried) {
    KNIT_CO_TRY_VOID(co_await stage_all(observer));
    KNIT_CO_TRY(launch, co_await tools_.staging.write_launch_file(launch_file(id)));
    KNIT_CO_TRY(const bool there, co_await still_staged());
    if (there) break;
    KNIT_CO_TRY_VOID(co_await tools_.staging.discard(id));
    if (tried == kStagingTries) {
      co_return Error(ErrorCode::kFailedPrecondition,
                      fmt::format("files in {}/cache are removed while they are wanted, again and again; is "
                                  "'knit cache gc' running somewhere?",
                                  tools_.staging.uri()));
    }
  }
  if (tools_.keys != nullptr) {
    if (const auto made = co_await make_keys(id); !made) {
      KNIT_CO_TRY_VOID(co_await io::check_cancelled());
      observer.on_notice(fmt::format("{} will have no control channel (knit stop, scale, restart): {}",
                                     to_string(id), made.error().message()));
    }
  }
  KNIT_CO_TRY(auto submission, context(id, launch));
  KNIT_CO_TRY_VOID(co_await io::check_cancelled());
  submitted_ = true;
  auto taken = co_await bounded(tools_.service.submit(std::move(submission)), kAcceptDeadline);
  if (!taken) co_return refused_at_submit(std::move(taken).error());
  auto accepted = co_await bounded(wait_until_accepted(id), kAcceptDeadline);
  if (!accepted && accepted.error().code() == ErrorCode::kDeadlineExceeded) {
    co_return Error(ErrorCode::kDeadlineExceeded,
                    fmt::format("the ResourceManager has neither accepted nor refused {} within {} s; it was "
                                "withdrawn",
                                to_string(id), std::chrono::seconds(kAcceptDeadline).count()));
  }
  co_return accepted;
}

// The owner's is kept before the application can exist, or else nobody could ask its master anything.
io::Task<Status> Submission::make_keys(ApplicationId id) {
  const auto now = io::wall_now();
  const auto authority = security::Authority::create(id, now);
  KNIT_CO_TRY(auto identity,
              authority.issue({.role = security::Role::kOwner, .now = now, .until = security::kNoEnd}));
  KNIT_CO_TRY_VOID(co_await tools_.keys->keep(id, std::move(identity)));
  control::add_authority(credentials_, authority);
  co_return Status();
}

io::Task<Status> Submission::wait_until_accepted(ApplicationId id) {
  for (auto pause = 10ms;; pause = std::min(pause * 2, 500ms)) {
    const auto report = co_await tools_.service.report(id);
    if (!report && report.error().code() != ErrorCode::kUnavailable) co_return report.error();
    if (report) {
      switch (report->state) {
        case ApplicationState::kAccepted:
        case ApplicationState::kRunning:
        case ApplicationState::kFinished:
        case ApplicationState::kKilled:  // by somebody else; following it says so
          co_return Status();
        case ApplicationState::kFailed:
          // One that was refused has had no attempt; one that had was accepted, and following it says why it
          // failed.
          if (report->current_attempt.attempt > 0) co_return Status();
          submitted_ = false;
          co_return refused_later(*report);
        case ApplicationState::kNew:
        case ApplicationState::kNewSaving:
        case ApplicationState::kSubmitted:
        case ApplicationState::kUnknown:
          break;
      }
    }
    KNIT_CO_TRY_VOID(co_await io::sleep_for(pause));
  }
}

io::Task<Status> Submission::undo(ApplicationId id) {
  Status killed;
  while (submitted_) {
    const auto ended = co_await tools_.service.kill(id, "its submission was given up");
    if (!ended && ended.error().code() != ErrorCode::kNotFound) killed = ended.error();
    if (!ended || *ended) break;
    KNIT_CO_TRY_VOID(co_await io::sleep_for(50ms));
  }
  if (tools_.keys != nullptr) (void)co_await tools_.keys->forget(id);
  const auto discarded = co_await tools_.staging.discard(id);
  co_return killed ? discarded : killed;
}

}  // namespace knit::client
