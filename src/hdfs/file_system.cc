#include "hdfs/file_system.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/try.h"
#include "fs/path.h"
#include "hdfs/errors.h"
#include "hdfs/file_reader.h"
#include "hdfs/file_writer.h"
#include "io/task_group.h"
#include "io/wait.h"

namespace knit::hdfs {
namespace {

constexpr std::uint16_t kParentPermission = 0700;
constexpr std::chrono::milliseconds kRecoverPause{500};
constexpr std::chrono::milliseconds kLongestRecoverPause{4000};

Error is_directory(std::string_view path) {
  return Error(ErrorCode::kFailedPrecondition, fmt::format("{} is a directory", path));
}

Status refuse_special(const FileInfo& file, std::string_view path) {
  if (file.status.encrypted) {
    return Error(
        ErrorCode::kUnimplemented,
        fmt::format("{} lies in an encryption zone{}, and Knit cannot encrypt", path,
                    file.encryption_key.empty() ? "" : fmt::format(" (key {})", file.encryption_key)));
  }
  if (file.status.erasure_coded) {
    return Error(ErrorCode::kUnimplemented,
                 fmt::format("{} is erasure-coded{}, and Knit writes replicated files only", path,
                             file.erasure_policy.empty() ? "" : fmt::format(" ({})", file.erasure_policy)));
  }
  return {};
}

bool needs_lease_recovery(const Error& error) {
  return error.is_remote("AlreadyBeingCreatedException") || error.is_remote("RecoveryInProgressException");
}

}  // namespace

std::uint64_t upload_block_size(std::uint64_t expected_length, std::uint64_t usual, const Options& options) {
  const std::uint64_t chunk = options.checksum.bytes_per_checksum;
  const auto rounded_up = [&](std::uint64_t size) { return (size + chunk - 1) / chunk * chunk; };
  if (expected_length == 0 || expected_length >= usual) return rounded_up(usual);
  return rounded_up(std::min(usual, std::max(expected_length, options.min_block_size)));
}

// What readers, writers and background work share; it lives as long as the last of them.
struct HdfsFileSystem::Core {
  Core(std::string authority_, std::unique_ptr<rpc::Caller> caller_, std::unique_ptr<DataNodes> data_nodes_,
       Options options_, std::string client_name)
      : uri("hdfs://" + authority_),
        caller(std::move(caller_)),
        data_nodes(std::move(data_nodes_)),
        options(std::move(options_)),
        name_node(*caller, std::move(client_name)) {}

  std::string uri;
  std::unique_ptr<rpc::Caller> caller;
  std::unique_ptr<DataNodes> data_nodes;
  Options options;
  NameNode name_node;
  std::optional<ServerDefaults> defaults;
  std::size_t open_writers = 0;
  io::Event writers_changed;
};

// Background work: one task that renews the lease while files are written, and clean-ups.
class HdfsFileSystem::Host final : public WriterHost {
 public:
  explicit Host(std::shared_ptr<Core> core) : core_(std::move(core)) {}
  void in_background(io::Task<void> task) override { group_.spawn(std::move(task)); }
  void lease_begins() override {
    if (++core_->open_writers > 1 || renewing_->is_set()) return;
    renewing_->set();
    group_.spawn(renew(core_, renewing_));
  }
  void lease_ends() override {
    if (--core_->open_writers == 0) core_->writers_changed.pulse();
  }
  io::Task<void> stop() {
    core_->writers_changed.set();  // the renewal ends now
    auto waiting = [](io::TaskGroup& group) -> io::Task<Status> {
      co_await group.join();
      co_return Status();
    };
    (void)(co_await io::run_until(io::after(core_->options.abort_timeout), waiting(group_))).has_value();
    co_await group_.stop();
  }

 private:
  // A failure is not the end: the writer's own calls find out what has become of the lease.
  static io::Task<void> renew(std::shared_ptr<Core> core, std::shared_ptr<io::Event> renewing) {
    while (core->open_writers > 0) {
      const Status waited =
          co_await io::run_until(io::after(core->options.lease_renewal), core->writers_changed.wait());
      if (!waited && waited.error().code() == ErrorCode::kCancelled) break;
      if (core->open_writers > 0 && !waited) (void)(co_await core->name_node.renew_lease()).has_value();
      if (core->writers_changed.is_set()) break;
    }
    renewing->reset();
  }

  std::shared_ptr<Core> core_;
  std::shared_ptr<io::Event> renewing_ = std::make_shared<io::Event>();
  io::TaskGroup group_;
};

HdfsFileSystem::HdfsFileSystem(std::string authority, std::unique_ptr<rpc::Caller> name_node,
                               std::unique_ptr<DataNodes> data_nodes, Options options, std::uint64_t unique)
    : core_(std::make_shared<Core>(std::move(authority), std::move(name_node), std::move(data_nodes),
                                   std::move(options), fmt::format("DFSClient_KNIT_{:016x}", unique))),
      host_(std::make_unique<Host>(core_)) {}

HdfsFileSystem::~HdfsFileSystem() = default;

std::string HdfsFileSystem::uri() const {
  return core_->uri;
}
std::string HdfsFileSystem::home() const {
  return fs::join_path(core_->options.home_prefix, core_->options.user);
}
NameNode& HdfsFileSystem::name_node() {
  return core_->name_node;
}
const Options& HdfsFileSystem::options() const {
  return core_->options;
}
io::Task<void> HdfsFileSystem::shut_down() {
  return host_->stop();
}

Error HdfsFileSystem::explained(Error error, std::string_view what, std::string_view path) const {
  return explain(std::move(error),
                 {.what = what, .path = path, .user = core_->options.user, .uri = core_->uri});
}

io::Task<Result<ServerDefaults>> HdfsFileSystem::server_defaults() {
  const auto core = core_;
  if (!core->defaults) {
    auto defaults = co_await core->name_node.get_server_defaults();
    if (!defaults) co_return explained(std::move(defaults).error(), "ask for the defaults of", "");
    core->defaults = *defaults;
  }
  if (core->defaults->encrypt_data_transfer) {
    co_return Error(
        ErrorCode::kUnimplemented,
        fmt::format("{} encrypts what DataNodes send (dfs.encrypt.data.transfer), and Knit cannot yet",
                    core->uri));
  }
  co_return *core->defaults;
}

io::Task<Result<FileInfo>> HdfsFileSystem::info(std::string path) {
  KNIT_CO_TRY(path, fs::normalize_path(path));
  auto found = co_await core_->name_node.get_file_info(path);
  if (!found) co_return explained(std::move(found).error(), "look at", path);
  if (!*found) {
    co_return explained(Error(ErrorCode::kNotFound, "no such file or directory"), "look at", path);
  }
  (*found)->status.path = path;
  co_return **std::move(found);
}

io::Task<Result<fs::FileStatus>> HdfsFileSystem::stat(std::string path) {
  KNIT_CO_TRY(auto found, co_await info(std::move(path)));
  co_return std::move(found.status);
}

io::Task<Result<std::vector<fs::FileStatus>>> HdfsFileSystem::list(std::string path) {
  KNIT_CO_TRY(path, fs::normalize_path(path));
  auto found = co_await core_->name_node.get_listing(path);
  if (!found) co_return explained(std::move(found).error(), "list", path);
  std::vector<fs::FileStatus> all;
  all.reserve(found->size());
  for (FileInfo& entry : *found) {
    entry.status.path = entry.status.path.empty() ? path : fs::join_path(path, entry.status.path);
    all.push_back(std::move(entry.status));
  }
  // The NameNode compares bytes as signed numbers (DFSUtilClient.compareBytes).
  std::ranges::sort(all, {}, &fs::FileStatus::path);
  co_return all;
}

io::Task<Result<std::unique_ptr<fs::Reader>>> HdfsFileSystem::open(std::string path) {
  KNIT_CO_TRY(path, fs::normalize_path(path));
  KNIT_CO_TRY([[maybe_unused]] const ServerDefaults defaults, co_await server_defaults());
  const ReadContext context{core_->name_node, *core_->data_nodes, core_->options};
  auto reader = co_await FileReader::open(context, path, core_);
  if (reader) co_return std::unique_ptr<fs::Reader>(*std::move(reader));
  Error error = std::move(reader).error();
  if (error.message().find("Path is not a file") != std::string::npos) error = is_directory(path);
  co_return explained(std::move(error), "read", path);
}

// One creation, and whoever waits for it.
struct HdfsFileSystem::Creation {
  CreateCall call;
  bool create_parents = false;
  std::optional<Result<FileInfo>> answer;
  io::Event ended;
  bool given_up = false;
};

io::Task<Result<FileInfo>> HdfsFileSystem::create_file(std::shared_ptr<Core> core, CreateCall call,
                                                       bool create_parents) {
  auto file = co_await core->name_node.create(call);
  if (file || !create_parents || file.error().code() != ErrorCode::kNotFound) co_return std::move(file);
  // The NameNode would give new parents the permission of the old ones: we say which.
  KNIT_CO_TRY_VOID(co_await core->name_node.mkdirs(std::string(fs::parent_path(call.path)),
                                                   {kParentPermission, kParentPermission}, true));
  co_return co_await core->name_node.create(call);
}

io::Task<void> HdfsFileSystem::carry_out(std::shared_ptr<Core> core, std::shared_ptr<Creation> creation) {
  creation->answer = co_await create_file(core, creation->call, creation->create_parents);
  creation->ended.set();
  if (!creation->given_up || !*creation->answer) co_return;
  WriteContext context{core->name_node,     *core->data_nodes,  core->options,
                       creation->call.path, **creation->answer, core->options.checksum};
  FileUnderConstruction file(std::move(context), true, core);
  co_await file.give_up();
}

// A call that is on its way is carried out, whether somebody waits for the answer or not: a file that nobody
// waits for any more is taken back when the answer comes.
io::Task<Result<FileInfo>> HdfsFileSystem::create_or_take_back(CreateCall call, bool create_parents) {
  KNIT_CO_TRY_VOID(co_await io::check_cancelled());
  auto creation = std::make_shared<Creation>();
  creation->call = std::move(call);
  creation->create_parents = create_parents;
  host_->in_background(carry_out(core_, creation));
  Status waited = co_await creation->ended.wait();
  if (creation->answer) co_return std::move(*creation->answer);
  creation->given_up = true;
  co_return std::move(waited).error();
}

io::Task<Result<std::unique_ptr<fs::Writer>>> HdfsFileSystem::create(std::string path,
                                                                     fs::CreateOptions options) {
  KNIT_CO_TRY(path, fs::normalize_path(path));
  KNIT_CO_TRY(const ServerDefaults defaults, co_await server_defaults());
  const Options& own = core_->options;
  const std::uint64_t usual = own.block_size.value_or(defaults.block_size);
  CreateCall call{.path = path,
                  .permission = {.masked = static_cast<std::uint16_t>(options.permission & ~own.umask),
                                 .unmasked = options.permission},
                  .overwrite = options.overwrite,
                  .create_parents = false,
                  .replication = options.replication > 0 ? options.replication
                                                         : own.replication.value_or(defaults.replication),
                  .block_size = upload_block_size(options.expected_length, usual, own)};
  auto file = co_await create_or_take_back(std::move(call), options.create_parents);
  if (!file && needs_lease_recovery(file.error()) && !options.overwrite) {
    // Whoever writes it, it is there.
    co_return explained(
        Error(ErrorCode::kAlreadyExists, file.error().message(), file.error().remote_exception()), "create",
        path);
  }
  if (!file) co_return co_await explain_denied(std::move(file).error(), "create", path);
  WriteContext context{core_->name_node, *core_->data_nodes, own, path, *file, own.checksum};
  auto writer =
      make_writer(std::make_shared<FileUnderConstruction>(std::move(context), true, core_), "write", path);
  if (Status special = refuse_special(*file, path); !special) {
    co_await writer->abort();
    co_return explained(std::move(special).error(), "create", path);
  }
  co_return std::move(writer);
}

std::unique_ptr<fs::Writer> HdfsFileSystem::make_writer(std::shared_ptr<FileUnderConstruction> file,
                                                        std::string_view what, std::string path) {
  Explain words = [core = core_, what = std::string(what), path = std::move(path)](Error error) {
    return explain(std::move(error),
                   {.what = what, .path = path, .user = core->options.user, .uri = core->uri});
  };
  return std::make_unique<FileWriter>(std::move(file), *host_, std::move(words),
                                      core_->options.abort_timeout);
}

io::Task<Status> HdfsFileSystem::recover_lease(std::string path) {
  const io::Deadline deadline = io::after(core_->options.recovery_timeout);
  auto pause = kRecoverPause;
  while (true) {
    KNIT_CO_TRY(const bool closed, co_await core_->name_node.recover_lease(path));
    if (closed) co_return Status();
    if (io::now() >= deadline) {
      co_return Error(ErrorCode::kDeadlineExceeded,
                      fmt::format("HDFS has not taken the file from the client that wrote it within {} s",
                                  core_->options.recovery_timeout.count() / 1000));
    }
    KNIT_CO_TRY_VOID(co_await io::sleep_for(pause));
    pause = std::min(pause * 2, kLongestRecoverPause);
  }
}

io::Task<Result<std::unique_ptr<fs::Writer>>> HdfsFileSystem::open_to_append(std::string path) {
  KNIT_CO_TRY(const auto before, co_await core_->name_node.get_file_info(path));
  if (!before) co_return Error(ErrorCode::kNotFound, "no such file or directory");
  if (before->status.is_directory()) co_return is_directory(path);
  KNIT_CO_TRY_VOID(refuse_special(*before, path));
  const ChecksumSpec checksum = core_->options.checksum;
  if (before->status.block_size % checksum.bytes_per_checksum != 0) {
    co_return Error(ErrorCode::kUnimplemented,
                    fmt::format("its blocks of {} bytes are not whole chunks of {} (dfs.bytes-per-checksum)",
                                before->status.block_size, checksum.bytes_per_checksum));
  }
  auto opened = co_await core_->name_node.append(path);
  if (!opened && needs_lease_recovery(opened.error())) {
    KNIT_CO_TRY_VOID(co_await recover_lease(path));
    opened = co_await core_->name_node.append(path);
  }
  if (!opened) co_return std::move(opened).error();
  opened->file.status.path = path;
  WriteContext context{core_->name_node, *core_->data_nodes, core_->options, path, opened->file, checksum};
  const auto file = std::make_shared<FileUnderConstruction>(std::move(context), false, core_);
  auto writer = make_writer(file, "append to", path);
  if (opened->last) {
    if (Status ready = co_await file->continue_block(*std::move(opened->last)); !ready) {
      co_await writer->abort();
      co_return std::move(ready).error();
    }
  }
  co_return std::move(writer);
}

io::Task<Result<std::unique_ptr<fs::Writer>>> HdfsFileSystem::append(std::string path) {
  KNIT_CO_TRY(path, fs::normalize_path(path));
  KNIT_CO_TRY([[maybe_unused]] const ServerDefaults defaults, co_await server_defaults());
  auto writer = co_await open_to_append(path);
  if (!writer) co_return explained(std::move(writer).error(), "append to", path);
  co_return std::move(writer);
}

io::Task<Status> HdfsFileSystem::make_directories(std::string path, std::uint16_t permission) {
  KNIT_CO_TRY(path, fs::normalize_path(path));
  const auto masked = static_cast<std::uint16_t>(permission & ~core_->options.umask);
  Status made = co_await core_->name_node.mkdirs(path, {.masked = masked, .unmasked = permission}, true);
  if (!made) co_return co_await explain_denied(std::move(made).error(), "make directory", path);
  co_return Status();
}

io::Task<Error> HdfsFileSystem::explain_denied(Error error, std::string_view what, std::string path) {
  const std::string home = this->home();
  const bool at_home = fs::is_within(path, home);
  error = explained(std::move(error), what, path);
  if (error.code() != ErrorCode::kPermissionDenied || !at_home) co_return error;
  const auto found = co_await core_->name_node.get_file_info(home);
  if (!found || *found) co_return error;
  const std::string& user = core_->options.user;
  co_return Error(
      error.code(),
      fmt::format("{} {}{}: the home directory {} does not exist, and {} may not make it; an administrator "
                  "can: hdfs dfs -mkdir -p {} && hdfs dfs -chown {} {}",
                  what, core_->uri, path, home, user, home, user, home),
      error.remote_exception());
}

io::Task<Status> HdfsFileSystem::rename(std::string from, std::string to, bool overwrite) {
  KNIT_CO_TRY(from, fs::normalize_path(from));
  KNIT_CO_TRY(to, fs::normalize_path(to));
  if (from != to && fs::is_within(to, from)) {
    co_return Error(ErrorCode::kInvalidArgument,
                    fmt::format("{} cannot be moved into itself ({})", from, to));
  }
  Status renamed = co_await core_->name_node.rename2(from, to, overwrite);
  if (renamed) co_return Status();
  Error error = std::move(renamed).error();
  // FSDirRenameOp says with a plain IOException that source and target do not go together, or that the target
  // is not empty.
  if (error.code() == ErrorCode::kInternal && error.is_remote("java.io.IOException")) {
    ErrorCode code = ErrorCode::kFailedPrecondition;
    if (!overwrite) {
      const auto target = co_await core_->name_node.get_file_info(to);
      if (target && *target) code = ErrorCode::kAlreadyExists;
    }
    error = Error(code, error.message(), error.remote_exception());
  }
  co_return explained(std::move(error), "rename", fmt::format("{} to {}", from, to));
}

io::Task<Result<bool>> HdfsFileSystem::remove(std::string path, bool recursive) {
  KNIT_CO_TRY(path, fs::normalize_path(path));
  if (path == "/") co_return Error(ErrorCode::kInvalidArgument, "/ cannot be removed");
  auto removed = co_await core_->name_node.remove(path, recursive);
  if (!removed) co_return explained(std::move(removed).error(), "remove", path);
  co_return *removed;
}

io::Task<Status> HdfsFileSystem::set_permission(std::string path, std::uint16_t permission) {
  KNIT_CO_TRY(path, fs::normalize_path(path));
  Status done = co_await core_->name_node.set_permission(path, permission & 07777);
  if (!done) co_return explained(std::move(done).error(), "set the permission of", path);
  co_return Status();
}

io::Task<Status> HdfsFileSystem::set_times(std::string path, WallTime modified) {
  KNIT_CO_TRY(path, fs::normalize_path(path));
  Status done = co_await core_->name_node.set_times(path, modified);
  if (!done) co_return explained(std::move(done).error(), "set the times of", path);
  co_return Status();
}

}  // namespace knit::hdfs
