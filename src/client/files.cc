#include "client/files.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "base/try.h"
#include "client/bounds.h"
#include "client/temporary_name.h"
#include "conf/hdfs_settings.h"
#include "fs/path.h"
#include "hdfs/trash.h"
#include "io/wait.h"

namespace knit::client {
namespace {

// Large enough that a read's trip to the pool and a packet's to the DataNode do not count.
constexpr std::size_t kCopyBuffer = std::size_t{1} << 20;
// Deeper trees are loops or mistakes.
constexpr int kMaximumDepth = 200;
constexpr std::uint16_t kNewDirectory = 0777;  // the umask applies

Place child(const Place& place, std::string_view name) {
  return {place.file_system, fs::join_path(place.path, name)};
}

std::string describe(const Place& place) {
  return place.file_system->uri() + place.path;
}

// Called with the bytes copied so far and the whole length.
using CopyProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

io::Task<Status> pump(fs::Reader& reader, fs::Writer& writer, CopyProgress progress) {
  std::vector<std::byte> buffer(
      std::min<std::uint64_t>(kCopyBuffer, std::max<std::uint64_t>(reader.length(), 1)));
  std::uint64_t done = 0;
  while (true) {
    KNIT_CO_TRY(const std::size_t n, co_await reader.read_at(done, buffer));
    if (n == 0) break;
    KNIT_CO_TRY_VOID(co_await writer.write(std::span(buffer).first(n)));
    done += n;
    if (progress) progress(done, reader.length());
  }
  if (done != reader.length()) {
    co_return Error(
        ErrorCode::kDataLoss,
        fmt::format("the source changed while it was copied: {} of {} bytes", done, reader.length()));
  }
  co_return co_await writer.close();
}

// What is there, if anything.
io::Task<Result<std::optional<fs::FileStatus>>> look(Place place) {
  auto status = co_await place.file_system->stat(place.path);
  if (!status && status.error().code() != ErrorCode::kNotFound) co_return std::move(status).error();
  if (!status) co_return std::optional<fs::FileStatus>();
  co_return std::optional<fs::FileStatus>(*std::move(status));
}

// A copy makes no folder above its target: a mistyped path would become one.
io::Task<Status> check_parent(Place to) {
  const Place parent{to.file_system, std::string(fs::parent_path(to.path))};
  KNIT_CO_TRY(const auto found, co_await look(parent));
  if (found && found->is_directory()) co_return Status();
  co_return Error(found ? ErrorCode::kFailedPrecondition : ErrorCode::kNotFound,
                  fmt::format("{} cannot be made: {} {}", describe(to), describe(parent),
                              found ? "is no directory" : "does not exist"));
}

// Whether a target is a directory to put things into.
io::Task<Result<bool>> is_directory(Place place) {
  KNIT_CO_TRY(const auto found, co_await look(std::move(place)));
  co_return found && found->is_directory();
}

// What a copy replaces, if anything.
io::Task<Result<std::optional<fs::FileStatus>>> replaced_by_copy(Place to, bool overwrite) {
  KNIT_CO_TRY(auto old, co_await look(to));
  if (!old) co_return old;
  if (old->is_directory() || !overwrite) {
    co_return Error(ErrorCode::kAlreadyExists,
                    fmt::format("{} {}", describe(to),
                                old->is_directory() ? "is a directory" : "exists; -f replaces it"));
  }
  if (old->type == fs::FileType::kOther) {
    co_return Error(ErrorCode::kFailedPrecondition,
                    fmt::format("{} is a device, a pipe or a socket, which no file replaces", describe(to)));
  }
  co_return old;
}

// Fills the file `to` and closes it.
io::Task<Status> fill(fs::Reader& reader, Place to, fs::CreateOptions options, CopyProgress progress) {
  KNIT_CO_TRY(auto writer, co_await to.file_system->create(to.path, options));
  auto filled = co_await pump(reader, *writer, std::move(progress));
  if (!filled) co_await writer->abort();
  co_return filled;
}

io::Task<Status> discard(Place temporary) {
  KNIT_CO_TRY_VOID(co_await temporary.file_system->remove(temporary.path, false));
  co_return Status();
}

io::Task<Status> copy_file(Place from, Place to, bool overwrite, CopyProgress progress) {
  KNIT_CO_TRY(const auto old, co_await replaced_by_copy(to, overwrite));
  KNIT_CO_TRY(auto reader, co_await from.file_system->open(from.path));
  KNIT_CO_TRY(auto name, temporary_beside(to.path));
  const Place temporary{to.file_system, std::move(name)};
  // A link's own permission means nothing.
  const bool keeps_permission = old && old->type == fs::FileType::kFile;
  fs::CreateOptions options;
  options.permission = keeps_permission ? 0600 : 0666;  // the umask applies
  options.create_parents = false;
  options.expected_length = reader->length();
  auto& files = *to.file_system;
  Status copied = co_await fill(*reader, temporary, options, std::move(progress));
  if (copied && keeps_permission)
    copied = co_await files.set_permission(temporary.path, old->permission & 0777);
  if (copied) copied = co_await files.rename(temporary.path, to.path, overwrite);
  if (copied) co_return Status();
  if (co_await clean_up(discard(temporary))) co_return given_up();
  co_return std::move(copied).with_context(fmt::format("copying {} to {}", describe(from), describe(to)));
}

Error too_deep(const Place& place) {
  return Error(ErrorCode::kInvalidArgument, fmt::format("{} is too deep a tree", describe(place)));
}

io::Task<Status> check_readable_from(Place place, fs::FileStatus status, int depth) {
  if (status.type == fs::FileType::kSymlink) {
    co_return Error(ErrorCode::kNotFound,
                    fmt::format("{} is a link that leads nowhere; nothing was copied", describe(place)));
  }
  if (status.type == fs::FileType::kFile || status.type == fs::FileType::kOther) {
    const auto opened = co_await place.file_system->open(place.path);
    if (!opened) co_return Error(opened.error()).with_context("nothing was copied");
    co_return Status();
  }
  if (depth > kMaximumDepth) co_return too_deep(place);
  KNIT_CO_TRY(const auto entries, co_await place.file_system->list(place.path));
  for (const auto& entry : entries) {
    const auto below = child(place, fs::file_name(entry.path));
    KNIT_CO_TRY_VOID(co_await check_readable_from(below, entry, depth + 1));
  }
  co_return Status();
}

io::Task<Status> copy_into(Place from, Place to, bool overwrite, TreeProgress progress, int depth);

io::Task<Status> copy_directory(Place from, Place to, bool overwrite, TreeProgress progress, int depth) {
  if (depth > kMaximumDepth) co_return too_deep(from);
  KNIT_CO_TRY_VOID(co_await to.file_system->make_directories(to.path, kNewDirectory));
  KNIT_CO_TRY(const auto entries, co_await from.file_system->list(from.path));
  for (const auto& entry : entries) {
    const auto name = fs::file_name(entry.path);
    KNIT_CO_TRY_VOID(co_await copy_into(child(from, name), child(to, name), overwrite, progress, depth + 1));
  }
  co_return Status();
}

io::Task<Status> copy_into(Place from, Place to, bool overwrite, TreeProgress progress, int depth) {
  KNIT_CO_TRY(const auto status, co_await from.file_system->stat(from.path));
  if (status.is_directory()) co_return co_await copy_directory(from, to, overwrite, progress, depth);
  CopyProgress one;
  if (progress) {
    one = [&](std::uint64_t done, std::uint64_t total) {
      progress(std::string(fs::file_name(from.path)), done, total);
    };
  }
  co_return co_await copy_file(from, to, overwrite, one);
}

std::string path_of(std::string_view uri, const std::string& home) {
  if (const auto scheme = uri.find("://"); scheme != std::string_view::npos) {
    const auto slash = uri.find('/', scheme + 3);
    return slash == std::string_view::npos ? "/" : std::string(uri.substr(slash));
  }
  if (uri.starts_with("/")) return std::string(uri);
  return home + "/" + std::string(uri);
}

// An empty path is a variable without a value far more often than it means the home directory.
Result<std::string> path_in(const fs::FileSystem& file_system, const std::string& text) {
  if (text.empty()) return Error(ErrorCode::kInvalidArgument, "an empty path names no file");
  return fs::normalize_path(path_of(text, file_system.home()));
}

}  // namespace

Result<Place> locate(Session& session, const std::string& text, std::string_view what) {
  KNIT_TRY(auto* file_system, session.file_system(text, what));
  auto path = path_in(*file_system, text);
  // An error of a path names the path.
  if (!path && what != text) return std::move(path).error().with_context(what);
  if (!path) return std::move(path).error();
  return Place{file_system, *std::move(path)};
}

io::Task<Status> check_readable(Place from) {
  KNIT_CO_TRY(const auto status, co_await from.file_system->stat(from.path));
  co_return co_await check_readable_from(std::move(from), status, 0);
}

io::Task<Status> copy_tree(Place from, Place to, bool overwrite, TreeProgress progress) {
  KNIT_CO_TRY(const bool into, co_await is_directory(to));
  if (into) {
    to = child(to, fs::file_name(from.path));
  } else {
    KNIT_CO_TRY_VOID(co_await check_parent(to));
  }
  co_return co_await copy_into(std::move(from), std::move(to), overwrite, std::move(progress), 0);
}

io::Task<Status> move(const Place& from, const Place& to) {
  if (from.file_system != to.file_system) {
    co_return Error(ErrorCode::kInvalidArgument,
                    fmt::format("{} and {} lie on different file systems; copy with get and put",
                                describe(from), describe(to)));
  }
  KNIT_CO_TRY(const bool into, co_await is_directory(to));
  const auto path = into ? fs::join_path(to.path, fs::file_name(from.path)) : to.path;
  co_return co_await from.file_system->rename(from.path, path, false);
}

io::Task<Result<std::string>> remove(Session& session, std::string text, bool recursive, bool skip_trash) {
  KNIT_CO_TRY(auto* hdfs, session.file_system(text, text));
  KNIT_CO_TRY(const auto path, path_in(*hdfs, text));
  KNIT_CO_TRY(const auto status, co_await hdfs->stat(path));
  if (status.is_directory() && !recursive) {
    co_return Error(ErrorCode::kFailedPrecondition,
                    fmt::format("{} is a directory: say -r to remove it with everything in it", path));
  }
  if (!skip_trash) {
    KNIT_CO_TRY(const auto taken_to, co_await hdfs::move_to_trash(*hdfs, path));
    if (taken_to) co_return *taken_to;
  }
  KNIT_CO_TRY_VOID(co_await hdfs->remove(path, recursive));
  co_return std::string();
}

io::Task<Status> read_whole(Place from, ByteSink sink) {
  KNIT_CO_TRY(auto reader, co_await from.file_system->open(from.path));
  std::vector<std::byte> buffer(kCopyBuffer);
  std::uint64_t done = 0;
  while (true) {
    KNIT_CO_TRY(const std::size_t n, co_await reader->read_at(done, buffer));
    if (n == 0) co_return Status();
    KNIT_CO_TRY_VOID(sink(std::span(buffer).first(n)));
    done += n;
  }
}

}  // namespace knit::client
