#include "client/local_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <stop_token>
#include <system_error>

#include "archive/kind.h"
#include "archive/pack.h"
#include "base/encoding.h"
#include "base/try.h"
#include "fs/local_file_system.h"
#include "fs/path.h"
#include "io/pool.h"
#include "io/stream.h"
#include "security/sha256.h"

namespace knit::client {
namespace {

constexpr std::string_view kFileScheme = "file://";

struct Inspected {
  std::string path;  // absolute, without links
  bool directory = false;
};

Error system_error(int number) {
  auto code = ErrorCode::kInternal;
  if (number == ENOENT || number == ENOTDIR || number == ELOOP) code = ErrorCode::kNotFound;
  if (number == EACCES || number == EPERM) code = ErrorCode::kPermissionDenied;
  if (number == ENOSPC || number == EDQUOT) code = ErrorCode::kResourceExhausted;
  return Error(code, std::generic_category().message(number));
}

std::string local_path(const FileSpec& file) {
  const std::string_view source = file.source;
  return std::string(source.starts_with(kFileScheme) ? source.substr(kFileScheme.size()) : source);
}

// Blocks.
Result<Inspected> inspect(const FileSpec& file) {
  const std::unique_ptr<char, decltype(&std::free)> real(realpath(local_path(file).c_str(), nullptr),
                                                         std::free);
  if (!real) return system_error(errno).with_context(shown(file));
  Inspected inspected{real.get(), false};
  struct stat status {};
  if (stat(real.get(), &status) != 0) return system_error(errno).with_context(shown(file));
  inspected.directory = S_ISDIR(status.st_mode);
  if (!inspected.directory && !S_ISREG(status.st_mode)) {
    return Error(ErrorCode::kInvalidArgument, fmt::format("{}: is neither a file nor a folder", shown(file)));
  }
  if (inspected.directory && file.archive) {
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("{}: is a folder; --file ships it as one", shown(file)));
  }
  if (access(real.get(), inspected.directory ? R_OK | X_OK : R_OK) != 0)
    return system_error(errno).with_context(shown(file));
  return inspected;
}

// An open file without a name, which is gone when the last descriptor is closed.
class TemporaryFile {
 public:
  static Result<std::shared_ptr<TemporaryFile>> create(const std::string& directory) {
    auto name = fmt::format("{}/knit-XXXXXX", directory);
    const int fd = mkostemp(name.data(), O_CLOEXEC);
    if (fd < 0) return system_error(errno).with_context(fmt::format("temporary file in {}", directory));
    unlink(name.c_str());
    return std::shared_ptr<TemporaryFile>(new TemporaryFile(fd));
  }
  ~TemporaryFile() { close(fd_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  int fd() const { return fd_; }
  // Opened anew by this path, it is the same file.
  std::string path() const { return fmt::format("/proc/self/fd/{}", fd_); }

 private:
  explicit TemporaryFile(int fd) : fd_(fd) {}
  int fd_;
};

// Tells a call on the pool that nobody waits for it any more.
class StopAtEnd {
 public:
  StopAtEnd() = default;
  ~StopAtEnd() { source_.request_stop(); }
  StopAtEnd(const StopAtEnd&) = delete;
  StopAtEnd& operator=(const StopAtEnd&) = delete;
  std::stop_token token() const { return source_.get_token(); }

 private:
  std::stop_source source_;
};

io::Task<Result<std::unique_ptr<fs::Reader>>> pack(std::string folder, std::string temporary_directory) {
  using File = std::shared_ptr<TemporaryFile>;
  const StopAtEnd stop;
  std::function<Result<File>()> work = [folder, temporary_directory, token = stop.token()]() -> Result<File> {
    KNIT_TRY(auto file, TemporaryFile::create(temporary_directory));
    auto packed = archive::pack_directory(folder, file->fd(), {}, token);
    if (!packed) {
      return std::move(packed).error().with_context(
          fmt::format("packing {} in {}", folder, temporary_directory));
    }
    return file;
  };
  KNIT_CO_TRY(const auto file, co_await io::run_blocking<File>(std::move(work)));
  fs::LocalFileSystem local;
  co_return co_await local.open(file->path());
}

io::Task<Result<archive::Kind>> recognize(std::string path) {
  std::function<Result<archive::Kind>()> work = [path] { return archive::recognize(path); };
  co_return co_await io::run_blocking<archive::Kind>(std::move(work));
}

// Fills sha256 and size.
io::Task<Status> hash(LocalFile& file) {
  security::Sha256 digest;
  std::vector<std::byte> piece(1 << 20);
  std::uint64_t size = 0;
  while (true) {
    KNIT_CO_TRY(const auto count, co_await file.content->read_at(size, piece));
    if (count == 0) break;
    digest.update(io::as_text(std::span(piece).first(count)));
    size += count;
  }
  file.key.sha256 = base::hex_encode(digest.finish());
  file.key.size = size;
  co_return Status();
}

io::Task<Result<LocalFile>> open_inspected(Inspected found, bool archive, std::string name,
                                           std::string temporary_directory) {
  LocalFile local;
  local.archive = archive || found.directory;
  if (found.directory) {
    local.key.name = cache_name(name + ".tar");
    KNIT_CO_TRY(local.content, co_await pack(found.path, std::move(temporary_directory)));
  } else {
    local.key.name = cache_name(fs::file_name(found.path));
    if (archive) {
      KNIT_CO_TRY(const auto kind, co_await recognize(found.path));
      local.key.name = archive::name_for(kind, local.key.name);
    }
    fs::LocalFileSystem disk;
    KNIT_CO_TRY(local.content, co_await disk.open(found.path));
  }
  KNIT_CO_TRY_VOID(co_await hash(local));
  co_return local;
}

}  // namespace

std::string shown(const FileSpec& file) {
  return fmt::format("{} {}", file.archive ? "--archive" : "--file", file.source);
}

bool is_remote(std::string_view source) {
  return source.find("://") != std::string_view::npos && !source.starts_with(kFileScheme);
}

io::Task<Status> check_local_file(FileSpec file) {
  std::function<Result<Inspected>()> work = [file] { return inspect(file); };
  KNIT_CO_TRY(const auto found, co_await io::run_blocking<Inspected>(std::move(work)));
  if (file.archive) KNIT_CO_TRY_VOID(co_await recognize(found.path));
  co_return Status();
}

io::Task<Result<LocalFile>> open_local_file(FileSpec file, std::string name,
                                            std::string temporary_directory) {
  std::function<Result<Inspected>()> work = [file] { return inspect(file); };
  KNIT_CO_TRY(auto found, co_await io::run_blocking<Inspected>(std::move(work)));
  auto opened = co_await open_inspected(std::move(found), file.archive, std::move(name),
                                        std::move(temporary_directory));
  if (!opened && opened.error().message().find(file.source) == std::string::npos)
    co_return std::move(opened).error().with_context(shown(file));
  co_return opened;
}

}  // namespace knit::client
