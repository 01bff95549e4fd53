#include "archive/pack.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <memory>
#include <vector>

#include "archive/system_error.h"
#include "base/try.h"

namespace knit::archive {
namespace {

// A descriptor, closed when it goes.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

Result<std::vector<std::string>> sorted_names(int directory, const std::string& shown) {
  const int copy = fcntl(directory, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return system_error(shown, errno);
  const std::unique_ptr<DIR, decltype(&closedir)> stream(fdopendir(copy), closedir);
  if (!stream) {
    const int number = errno;
    close(copy);
    return system_error(shown, number);
  }
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = readdir(stream.get())) {
    const std::string_view name(entry->d_name);
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  if (errno != 0) return system_error(shown, errno);
  std::sort(names.begin(), names.end());
  return names;
}

Error changed(const std::string& shown) {
  return Error(ErrorCode::kInvalidArgument, fmt::format("{}: changed while it was being packed", shown));
}

bool same(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

class Packer {
 public:
  Packer(std::string root, const PackLimits& limits, std::stop_token stop)
      : root_(std::move(root)), limits_(limits), stop_(std::move(stop)) {}

  Result<Packed> run(int fd) {
    const Descriptor top(open(root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (top.get() < 0) return system_error(root_, errno);
    archive_write_set_format_gnutar(writer_.get());
    archive_write_add_filter_none(writer_.get());
    if (archive_write_open_fd(writer_.get(), fd) != ARCHIVE_OK) return write_error();
    KNIT_TRY_VOID(add_children(top.get(), "", 0));
    if (archive_write_close(writer_.get()) != ARCHIVE_OK) return write_error();
    return packed_;
  }

 private:
  Error write_error() const {
    const int number = archive_errno(writer_.get());
    if (number > 0) return system_error("the temporary file for packing", number);
    const char* text = archive_error_string(writer_.get());
    return Error(ErrorCode::kInternal, fmt::format("packing {}: {}", root_, text ? text : "unknown error"));
  }
  std::string shown(const std::string& path) const { return fmt::format("{}/{}", root_, path); }

  Status add_children(int directory, const std::string& path, int depth) {
    if (depth > limits_.depth) {
      return Error(ErrorCode::kResourceExhausted,
                   fmt::format("{}: more than {} folders inside one another", shown(path), limits_.depth));
    }
    KNIT_TRY(const auto names, sorted_names(directory, path.empty() ? root_ : shown(path)));
    for (const auto& name : names) {
      if (stop_.stop_requested()) return Error(ErrorCode::kCancelled, "packing was given up");
      KNIT_TRY_VOID(add(directory, name, path.empty() ? name : fmt::format("{}/{}", path, name), depth));
    }
    return {};
  }

  Status add(int parent, const std::string& name, const std::string& path, int depth) {
    struct stat status {};
    if (fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
      return system_error(shown(path), errno);
    if (++packed_.entries > limits_.entries) {
      return Error(ErrorCode::kResourceExhausted,
                   fmt::format("{}: holds more than {} files and folders; pack what is needed yourself and "
                               "give it with --archive",
                               root_, limits_.entries));
    }
    if (S_ISLNK(status.st_mode)) return add_link(parent, name, path, status);
    if (S_ISREG(status.st_mode)) return add_file(parent, name, path);
    if (!S_ISDIR(status.st_mode)) {
      const char* what = S_ISFIFO(status.st_mode)   ? "a pipe"
                         : S_ISSOCK(status.st_mode) ? "a socket"
                                                    : "a device";
      return Error(ErrorCode::kInvalidArgument,
                   fmt::format("{}: is {}, which cannot be given to a container", shown(path), what));
    }
    const Descriptor folder(openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (folder.get() < 0) return system_error(shown(path), errno);
    KNIT_TRY_VOID(write_header(path + "/", status, AE_IFDIR, 0, nullptr));
    return add_children(folder.get(), path, depth + 1);
  }

  Status add_link(int parent, const std::string& name, const std::string& path, const struct stat& status) {
    std::array<char, PATH_MAX> target{};
    const auto length = readlinkat(parent, name.c_str(), target.data(), target.size() - 1);
    if (length < 0) return system_error(shown(path), errno);
    return write_header(path, status, AE_IFLNK, 0, target.data());
  }

  Status add_file(int parent, const std::string& name, const std::string& path) {
    // Not blocking, should it have become a pipe in the meantime.
    const Descriptor file(openat(parent, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (file.get() < 0) return system_error(shown(path), errno);
    struct stat before {};
    if (fstat(file.get(), &before) != 0) return system_error(shown(path), errno);
    if (!S_ISREG(before.st_mode)) return changed(shown(path));
    const auto size = static_cast<std::uint64_t>(before.st_size);
    if (size > limits_.bytes - packed_.bytes) {
      return Error(ErrorCode::kResourceExhausted,
                   fmt::format("{}: holds more than {} GiB; put it into HDFS and name it there", root_,
                               limits_.bytes >> 30));
    }
    packed_.bytes += size;
    KNIT_TRY_VOID(write_header(path, before, AE_IFREG, before.st_size, nullptr));
    KNIT_TRY_VOID(copy(file.get(), size, path));
    struct stat after {};
    if (fstat(file.get(), &after) != 0) return system_error(shown(path), errno);
    if (!same(before, after)) return changed(shown(path));
    return {};
  }

  Status copy(int file, std::uint64_t size, const std::string& path) {
    for (std::uint64_t done = 0; done < size;) {
      if (stop_.stop_requested()) return Error(ErrorCode::kCancelled, "packing was given up");
      const auto want = std::min<std::uint64_t>(size - done, buffer_.size());
      const auto count = read(file, buffer_.data(), static_cast<std::size_t>(want));
      if (count < 0) return system_error(shown(path), errno);
      if (count == 0) return changed(shown(path));
      const auto written = archive_write_data(writer_.get(), buffer_.data(), static_cast<std::size_t>(count));
      if (written != count) return write_error();
      done += static_cast<std::uint64_t>(count);
    }
    return {};
  }

  Status write_header(const std::string& path, const struct stat& status, unsigned type, std::int64_t size,
                      const char* target) {
    const std::unique_ptr<archive_entry, decltype(&archive_entry_free)> entry(archive_entry_new(),
                                                                              archive_entry_free);
    archive_entry_set_pathname(entry.get(), path.c_str());
    archive_entry_set_filetype(entry.get(), type);
    archive_entry_set_perm(entry.get(), status.st_mode & 0777);
    archive_entry_set_mtime(entry.get(), status.st_mtim.tv_sec, 0);
    archive_entry_set_size(entry.get(), size);
    if (target) archive_entry_set_symlink(entry.get(), target);
    const int result = archive_write_header(writer_.get(), entry.get());
    if (result != ARCHIVE_OK && result != ARCHIVE_WARN) return write_error();
    return {};
  }

  std::string root_;
  PackLimits limits_;
  std::stop_token stop_;
  std::unique_ptr<::archive, decltype(&archive_write_free)> writer_{archive_write_new(), archive_write_free};
  std::vector<char> buffer_ = std::vector<char>(256 * 1024);
  Packed packed_;
};

}  // namespace

Result<Packed> pack_directory(const std::string& directory, int fd, const PackLimits& limits,
                              std::stop_token stop) {
  return Packer(directory, limits, std::move(stop)).run(fd);
}

}  // namespace knit::archive
