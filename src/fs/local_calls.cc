#include "fs/local_calls.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>

#include "base/try.h"
#include "fs/path.h"

namespace knit::fs::local {
namespace {

ErrorCode code_of(int error_number) {
  switch (error_number) {
    case ENOENT:
      return ErrorCode::kNotFound;
    case EEXIST:
      return ErrorCode::kAlreadyExists;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorCode::kPermissionDenied;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
      return ErrorCode::kResourceExhausted;
    case ENOTDIR:
    case EISDIR:
    case ENOTEMPTY:
    case ETXTBSY:
    case EBUSY:
      return ErrorCode::kFailedPrecondition;
    case ENAMETOOLONG:
    case ELOOP:
    case EINVAL:
      return ErrorCode::kInvalidArgument;
    default:
      return ErrorCode::kInternal;
  }
}

// Names of users and groups, asked for once each: a listing has few.
class Names {
 public:
  std::string user(uid_t id) {
    return lookup(users_, id, [&](char* room, std::size_t size) -> const char* {
      passwd entry{}, *found = nullptr;
      return ::getpwuid_r(id, &entry, room, size, &found) == 0 && found ? entry.pw_name : nullptr;
    });
  }
  std::string group(gid_t id) {
    return lookup(groups_, id, [&](char* room, std::size_t size) -> const char* {
      ::group entry{}, *found = nullptr;
      return ::getgrgid_r(id, &entry, room, size, &found) == 0 && found ? entry.gr_name : nullptr;
    });
  }

 private:
  template <class Ask>
  std::string lookup(std::map<unsigned, std::string>& known, unsigned id, Ask ask) {
    auto [at, is_new] = known.try_emplace(id);
    if (is_new) {
      std::array<char, 16384> room;
      const char* name = ask(room.data(), room.size());
      at->second = name ? name : std::to_string(id);
    }
    return at->second;
  }
  std::map<unsigned, std::string> users_, groups_;
};

WallTime wall_time(const timespec& time) {
  return WallTime(std::chrono::milliseconds(time.tv_sec * 1000 + time.tv_nsec / 1'000'000));
}

Result<FileStatus> status_of(const std::string& path, Names& names) {
  struct stat info {};
  // A link that leads nowhere is shown as what it is.
  if (::stat(path.c_str(), &info) != 0 && (errno != ENOENT || ::lstat(path.c_str(), &info) != 0)) {
    return system_error("stat", path, errno);
  }
  FileStatus status;
  status.path = path;
  status.type = S_ISDIR(info.st_mode)   ? FileType::kDirectory
                : S_ISLNK(info.st_mode) ? FileType::kSymlink
                : S_ISREG(info.st_mode) ? FileType::kFile
                                        : FileType::kOther;
  status.length = S_ISREG(info.st_mode) ? static_cast<std::uint64_t>(info.st_size) : 0;
  status.permission = static_cast<std::uint16_t>(info.st_mode & 07777);
  status.owner = names.user(info.st_uid);
  status.group = names.group(info.st_gid);
  status.modified = wall_time(info.st_mtim);
  status.accessed = wall_time(info.st_atim);
  status.replication = 1;
  status.block_size = static_cast<std::uint64_t>(info.st_blksize);
  return status;
}

Error not_a_file(std::string_view path) {
  return Error(ErrorCode::kFailedPrecondition,
               fmt::format("{} is a device, a pipe or a socket, no file", path));
}

Result<std::shared_ptr<File>> open_file(const std::string& path, int flags, mode_t mode = 0) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  if (fd < 0) return system_error("open", path, errno);
  return std::make_shared<File>(fd, path, (flags & O_CREAT) != 0);
}

}  // namespace

Error system_error(std::string_view what, std::string_view path, int error_number) {
  return Error(code_of(error_number),
               fmt::format("{} {}: {}", what, path, std::generic_category().message(error_number)));
}

File::File(int fd, std::string path, bool provisional)
    : fd_(fd), path_(std::move(path)), provisional_(provisional) {
  struct stat info {};
  if (::fstat(fd_, &info) != 0) return;
  device_ = info.st_dev;
  inode_ = info.st_ino;
}

File::~File() {
  give_up();
  if (fd_ >= 0) ::close(fd_);
}

Result<std::size_t> File::read_at(std::uint64_t offset, std::span<std::byte> into) {
  while (true) {
    const ssize_t count = ::pread(fd_, into.data(), into.size(), static_cast<off_t>(offset));
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) return system_error("read", path_, errno);
  }
}

Status File::write_all(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd_, bytes.data(), bytes.size());
    if (count < 0 && errno != EINTR) return system_error("write", path_, errno);
    if (count > 0) bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

Status File::close() {
  // Not again after EINTR: on Linux the descriptor is gone.
  if (::close(std::exchange(fd_, -1)) != 0 && errno != EINTR) return system_error("close", path_, errno);
  provisional_ = false;
  return {};
}

void File::give_up() {
  struct stat named {};
  if (!provisional_.exchange(false) || ::lstat(path_.c_str(), &named) != 0) return;
  if (named.st_dev == device_ && named.st_ino == inode_) ::unlink(path_.c_str());
}

Result<std::uint64_t> File::length() {
  struct stat info {};
  if (::fstat(fd_, &info) != 0) return system_error("stat", path_, errno);
  if (S_ISDIR(info.st_mode)) {
    return Error(ErrorCode::kFailedPrecondition, fmt::format("{} is a directory", path_));
  }
  if (!S_ISREG(info.st_mode)) {
    return not_a_file(path_);
  }
  return static_cast<std::uint64_t>(info.st_size);
}

Result<FileStatus> stat(const std::string& path) {
  Names names;
  return status_of(path, names);
}

Result<std::vector<FileStatus>> list(const std::string& path) {
  Names names;
  KNIT_TRY(auto self, status_of(path, names));
  if (!self.is_directory()) return std::vector{std::move(self)};
  std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), ::closedir);
  if (!folder) return system_error("list", path, errno);
  std::vector<FileStatus> all;
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(folder.get());
    if (!entry && errno != 0) return system_error("list", path, errno);
    if (!entry) break;
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    auto status = status_of(join_path(path, name), names);
    if (status) {
      all.push_back(*std::move(status));
    } else if (status.error().code() != ErrorCode::kNotFound) {  // else it went while we looked
      return std::move(status).error();
    }
  }
  std::ranges::sort(all, {}, &FileStatus::path);
  return all;
}

Result<std::shared_ptr<File>> open_to_read(const std::string& path) {
  // Not waiting for the other end of a pipe: length() refuses those.
  return open_file(path, O_RDONLY | O_NONBLOCK);
}

Result<std::shared_ptr<File>> create(const std::string& path, const CreateOptions& options) {
  const auto attempt = [&] {
    return open_file(path, O_WRONLY | O_CREAT | O_EXCL, options.permission & 07777);
  };
  auto file = attempt();
  if (!file && file.error().code() == ErrorCode::kNotFound && options.create_parents) {
    KNIT_TRY_VOID(make_directories(std::string(parent_path(path)), 0700));
    file = attempt();
  }
  if (!file && file.error().code() == ErrorCode::kAlreadyExists && options.overwrite) {
    KNIT_TRY(const auto old, stat(path));
    if (old.is_directory()) return file;
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) return not_a_file(path);
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_error("replace", path, errno);
    file = attempt();
  }
  return file;
}

Result<std::shared_ptr<File>> open_to_append(const std::string& path) {
  return open_file(path, O_WRONLY | O_APPEND | O_NONBLOCK);
}

Status make_directories(const std::string& path, std::uint16_t permission) {
  for (std::size_t end = 1; end <= path.size(); ++end) {
    if (end < path.size() && path[end] != '/') continue;
    const std::string part = path.substr(0, end);
    if (::mkdir(part.c_str(), permission & 07777) == 0) continue;
    const int error_number = errno;
    struct stat info {};
    if (::stat(part.c_str(), &info) != 0) return system_error("make directory", part, error_number);
    if (S_ISDIR(info.st_mode)) continue;
    if (part == path) return system_error("make directory", part, EEXIST);
    return Error(ErrorCode::kFailedPrecondition, fmt::format("{} is no directory", part));
  }
  return {};
}

Status rename(const std::string& from, const std::string& to, bool overwrite) {
  const auto failed = [&](int error_number) {
    return system_error(fmt::format("rename {} to", from), to, error_number);
  };
  struct stat target {};
  struct stat source {};
  if (::lstat(from.c_str(), &source) != 0) return system_error("rename", from, errno);
  if (from == to) return failed(EEXIST);
  if (overwrite) {
    if (::rename(from.c_str(), to.c_str()) == 0) return {};
    // rename(2) says EEXIST where a directory is not empty.
    return errno == EEXIST ? failed(ENOTEMPTY) : failed(errno);
  }
#ifdef SYS_renameat2
  constexpr unsigned kNoReplace = 1;  // RENAME_NOREPLACE, since Linux 3.15
  if (::syscall(SYS_renameat2, AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), kNoReplace) == 0) return {};
  if (errno != ENOSYS && errno != EINVAL) return failed(errno);
  if (errno == EINVAL && is_within(to, from)) return failed(EINVAL);
#endif
  // An older kernel or file system: as careful as it lets us be.
  if (::lstat(to.c_str(), &target) == 0) return failed(EEXIST);
  if (::rename(from.c_str(), to.c_str()) != 0) return failed(errno);
  return {};
}

Result<bool> remove(const std::string& path, bool recursive) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return false;
    return system_error("remove", path, errno);
  }
  if (recursive && S_ISDIR(info.st_mode)) {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    if (error) return system_error("remove", path, error.value());
    return true;
  }
  const int result = S_ISDIR(info.st_mode) ? ::rmdir(path.c_str()) : ::unlink(path.c_str());
  if (result != 0) return system_error("remove", path, errno == EEXIST ? ENOTEMPTY : errno);
  return true;
}

Status set_permission(const std::string& path, std::uint16_t permission) {
  if (::chmod(path.c_str(), permission & 07777) != 0) return system_error("set permission of", path, errno);
  return {};
}

Status set_times(const std::string& path, WallTime modified) {
  const auto ms = modified.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(ms);
  timespec times[2]{};
  times[0].tv_nsec = UTIME_OMIT;
  times[1].tv_sec = seconds.count();
  times[1].tv_nsec = std::chrono::nanoseconds(ms - seconds).count();
  if (::utimensat(AT_FDCWD, path.c_str(), times, 0) != 0) return system_error("set times of", path, errno);
  return {};
}

}  // namespace knit::fs::local
