#include "hdfs/trash.h"

#include <fmt/format.h>

#include "base/try.h"
#include "fs/path.h"
#include "io/clock.h"

namespace knit::hdfs {
namespace {

constexpr std::uint16_t kTrashPermission = 0700;
constexpr int kTries = 2;           // the NameNode may make a checkpoint of Current between mkdirs and rename
constexpr int kMaxRenamings = 100;  // of a name or folder that is taken

std::string with_time(std::string_view name) {
  return fmt::format("{}{}", name, io::wall_now().time_since_epoch().count());
}

io::Task<Result<bool>> is_enabled(HdfsFileSystem& fs) {
  KNIT_CO_TRY(const ServerDefaults defaults, co_await fs.server_defaults());
  if (defaults.trash_interval_minutes > 0) co_return true;
  const auto& own = fs.options().trash_interval;
  co_return own && own->count() > 0;
}

// The folder in the trash for what lay in `parent`. Where a file stands in its way (something of that name
// was removed before) the folder is called after the time.
io::Task<Result<std::string>> make_folder(HdfsFileSystem& fs, std::string folder) {
  for (int n = 0; n < kMaxRenamings; ++n) {
    Status made = co_await fs.make_directories(folder, kTrashPermission);
    if (made) co_return folder;
    const bool in_the_way = made.error().code() == ErrorCode::kAlreadyExists ||
                            made.error().is_remote("ParentNotDirectoryException");
    if (!in_the_way) co_return std::move(made).error();
    std::string existing = folder;
    while (true) {
      KNIT_CO_TRY(const auto found, co_await fs.name_node().get_file_info(existing));
      if (found && found->status.is_directory()) break;  // it is gone by now
      if (found) {
        folder = with_time(existing) + folder.substr(existing.size());
        break;
      }
      existing = fs::parent_path(existing);
    }
  }
  co_return Error(ErrorCode::kFailedPrecondition,
                  fmt::format("no folder of the name {} can be made", folder));
}

io::Task<Result<std::string>> free_name(HdfsFileSystem& fs, std::string target) {
  const std::string wanted = target;
  for (int n = 0; n < kMaxRenamings; ++n) {
    KNIT_CO_TRY(const auto found, co_await fs.name_node().get_file_info(target));
    if (!found) co_return target;
    target = fmt::format("{}{}", with_time(wanted), n == 0 ? "" : fmt::format("-{}", n));
  }
  co_return Error(ErrorCode::kFailedPrecondition, fmt::format("every name like {} is taken", wanted));
}

}  // namespace

std::string trash_root(const HdfsFileSystem& fs) {
  return fs::join_path(fs.home(), ".Trash");
}

io::Task<Result<std::optional<std::string>>> move_to_trash(HdfsFileSystem& fs, std::string path) {
  KNIT_CO_TRY(path, fs::normalize_path(path));
  KNIT_CO_TRY(const bool enabled, co_await is_enabled(fs));
  if (!enabled) co_return std::optional<std::string>();
  KNIT_CO_TRY(const FileInfo info, co_await fs.info(path));
  const std::string root = trash_root(fs);
  if (fs::is_within(path, root)) co_return std::optional<std::string>();
  if (fs::is_within(root, path)) {
    co_return Error(
        ErrorCode::kFailedPrecondition,
        fmt::format("{} cannot be moved to the trash, for it holds the trash ({}); skip the trash to remove "
                    "it for good",
                    path, root));
  }
  if (info.status.encrypted) {
    co_return Error(
        ErrorCode::kUnimplemented,
        fmt::format("{} lies in an encryption zone, whose trash Knit does not use; skip the trash to remove "
                    "it for good",
                    path));
  }
  const std::string current = fs::join_path(root, "Current");
  const std::string parent(fs::parent_path(path));
  const std::string wanted = parent == "/" ? current : current + parent;
  std::optional<Error> error;
  for (int n = 0; n < kTries; ++n) {
    KNIT_CO_TRY(const std::string folder, co_await make_folder(fs, wanted));
    KNIT_CO_TRY(const std::string target, co_await free_name(fs, fs::join_path(folder, fs::file_name(path))));
    Status moved = co_await fs.name_node().rename_to_trash(path, target);
    if (moved) co_return std::optional(target);
    error = std::move(moved).error();
    if (error->code() == ErrorCode::kCancelled) break;
  }
  co_return std::move(*error).with_context(fmt::format("move {} to the trash", path));
}

}  // namespace knit::hdfs
