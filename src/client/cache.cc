#include "client/cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/encoding.h"
#include "base/try.h"
#include "client/bounds.h"
#include "client/temporary_name.h"
#include "fs/path.h"
#include "io/stream.h"
#include "security/sha256.h"

namespace knit::client {
namespace {

constexpr std::string_view kMark = ".used";
constexpr std::string_view kGone = ".gone.";
constexpr std::size_t kPiece = 1 << 20;
// Room in 255 bytes (dfs.namenode.fs-limits.max-component-length) for what a temporary name has more.
constexpr std::size_t kLongestName = 200;
// An entry that others take away while it is wanted; each time somebody sweeps without regard for its mark.
constexpr int kTries = 5;
// HDFS tells the start of an upload, not its progress: one that is over lies as long as the slowest may take,
// in nobody's way, for everybody uploads under a name of his own.
constexpr auto kLongestUpload = std::chrono::hours(24);
// A sweeper needs seconds between taking a folder away and deleting it.
constexpr auto kLongestSweep = std::chrono::hours(1);

bool is_digest(std::string_view text) {
  return text.size() == 2 * security::kSha256Size &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is(const Error& error, ErrorCode code) {
  return error.code() == code;
}

Error changed(const CacheKey& key) {
  return Error(ErrorCode::kInvalidArgument, fmt::format("{} changed while it was being uploaded", key.name));
}

}  // namespace

std::string cache_name(std::string_view name) {
  if (name.size() > kLongestName) name.remove_prefix(name.size() - kLongestName);
  std::string out(name);
  for (char& c : out) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("._-+=@,~").find(c) != std::string_view::npos;
    if (!plain) c = '_';
  }
  if (out.empty()) return "_";
  if (out.front() == '.') out.front() = '_';
  return out;
}

std::string Cache::path_of(const CacheKey& key) const {
  return fmt::format("{}/{}/{}", directory_, key.sha256, key.name);
}

io::Task<Result<std::optional<fs::FileStatus>>> Cache::look(CacheKey key) {
  auto status = co_await bounded(fs_.stat(path_of(key)));
  if (!status && is(status.error(), ErrorCode::kNotFound)) co_return std::optional<fs::FileStatus>();
  if (!status) co_return std::move(status).error();
  if (status->is_directory() || status->length != key.size) {
    co_return Error(ErrorCode::kDataLoss,
                    fmt::format("{}{} has {} bytes instead of {}: remove it, it was damaged by somebody",
                                fs_.uri(), status->path, status->length, key.size));
  }
  co_return std::optional<fs::FileStatus>(*std::move(status));
}

io::Task<Status> Cache::mark(std::string folder) {
  const auto path = fs::join_path(folder, kMark);
  auto marked = co_await bounded(fs_.set_times(path, io::wall_now()));
  if (marked || !is(marked.error(), ErrorCode::kNotFound)) co_return marked;
  marked = co_await bounded(fs::write_file(fs_, path, ""));
  if (!marked && is(marked.error(), ErrorCode::kAlreadyExists)) co_return Status();
  co_return marked;
}

io::Task<Result<fs::FileStatus>> Cache::obtain(CacheKey key, fs::Reader& content, Progress progress) {
  for (int tried = 1;; ++tried) {
    auto got = co_await try_obtain(key, content, progress);
    if (got) co_return got;
    // What a file system says when a sweeper takes a folder away under a writer's hands.
    const auto code = got.error().code();
    const bool again = code == ErrorCode::kNotFound || code == ErrorCode::kFailedPrecondition;
    if (again && tried < kTries) continue;
    if (co_await clean_up(remove_if_empty(fs::join_path(directory_, key.sha256)))) co_return given_up();
    co_return got;
  }
}

io::Task<Result<fs::FileStatus>> Cache::try_obtain(CacheKey key, fs::Reader& content, Progress progress) {
  KNIT_CO_TRY_VOID(co_await mark(fs::join_path(directory_, key.sha256)));
  KNIT_CO_TRY(auto there, co_await look(key));
  if (there) co_return *std::move(there);
  co_return co_await upload(key, content, std::move(progress));
}

io::Task<Result<fs::FileStatus>> Cache::upload(CacheKey key, fs::Reader& content, Progress progress) {
  const auto folder = fs::join_path(directory_, key.sha256);
  KNIT_CO_TRY(const auto temporary, temporary_beside(path_of(key)));
  fs::CreateOptions options;
  options.expected_length = key.size;
  auto writer = co_await bounded(fs_.create(temporary, options));
  Status stored = writer ? co_await write(key, content, **writer, progress) : Status(writer.error());
  if (stored) stored = co_await bounded(fs_.set_times(temporary, kContentTime));
  if (stored) stored = co_await bounded(fs_.rename(temporary, path_of(key), false));
  if (!stored) {
    if (co_await clean_up(remove_temporary(temporary))) co_return given_up();
    // Somebody else was faster: theirs is the same.
    if (!is(stored.error(), ErrorCode::kAlreadyExists)) co_return std::move(stored).error();
  }
  KNIT_CO_TRY_VOID(co_await mark(folder));
  KNIT_CO_TRY(auto there, co_await look(key));
  if (!there) co_return Error(ErrorCode::kNotFound, fmt::format("{} was removed", path_of(key)));
  co_return *std::move(there);
}

// Writes and closes. The bytes are counted and hashed once more, for the key was made of an earlier look.
io::Task<Status> Cache::write(const CacheKey& key, fs::Reader& content, fs::Writer& writer,
                              const Progress& progress) {
  security::Sha256 digest;
  std::vector<std::byte> piece(std::min<std::uint64_t>(kPiece, key.size + 1));
  std::uint64_t sent = 0;
  Status ended;
  while (ended) {
    const auto count = co_await content.read_at(sent, piece);
    if (!count) ended = count.error();
    if (!count || *count == 0) break;
    sent += *count;
    if (sent > key.size) break;
    const auto bytes = std::span(piece).first(*count);
    digest.update(io::as_text(bytes));
    ended = co_await bounded(writer.write(bytes), kDataDeadline);
    if (ended && progress) progress(sent);
  }
  if (ended && (sent != key.size || base::hex_encode(digest.finish()) != key.sha256)) ended = changed(key);
  if (ended) ended = co_await bounded(writer.close(), kDataDeadline);
  if (!ended) co_await writer.abort();
  co_return ended;
}

io::Task<Status> Cache::remove_temporary(std::string path) {
  KNIT_CO_TRY_VOID(co_await fs_.remove(path, false));
  co_return Status();
}

// Removes a folder with nothing but its mark in it.
io::Task<Status> Cache::remove_if_empty(std::string folder) {
  KNIT_CO_TRY(const auto rest, co_await fs_.list(folder));
  const auto mark = fs::join_path(folder, kMark);
  if (rest.size() > 1 || (rest.size() == 1 && rest[0].path != mark)) co_return Status();
  KNIT_CO_TRY_VOID(co_await fs_.remove(mark, false));
  // Not recursively: it stays if somebody has begun to upload here, who marks it again at his end.
  KNIT_CO_TRY_VOID(co_await fs_.remove(folder, false));
  co_return Status();
}

io::Task<Result<std::vector<fs::FileStatus>>> Cache::list_all() {
  auto all = co_await bounded(fs_.list(directory_));
  if (!all && is(all.error(), ErrorCode::kNotFound)) co_return std::vector<fs::FileStatus>();
  co_return all;
}

io::Task<Result<Cache::Folder>> Cache::read_folder(std::string path, std::string sha256) {
  KNIT_CO_TRY(const auto files, co_await bounded(fs_.list(path)));
  Folder folder{path, sha256, {}, {}, false, {}};
  for (const auto& file : files) {
    const auto name = fs::file_name(file.path);
    if (name == kMark) {
      folder.used = file.modified;
    } else if (name.starts_with('.')) {
      const bool live = io::wall_now() - file.modified < kLongestUpload;
      if (!live) folder.abandoned.push_back(file.path);
      folder.uploading |= live;
    } else {
      folder.entries.push_back({file.path, {sha256, std::string(name), file.length}, {}});
    }
  }
  for (auto& entry : folder.entries) entry.used = folder.used;
  co_return folder;
}

io::Task<Result<std::vector<Cache::Entry>>> Cache::list() {
  KNIT_CO_TRY(const auto all, co_await list_all());
  std::vector<Entry> entries;
  for (const auto& status : all) {
    const std::string sha256(fs::file_name(status.path));
    if (!status.is_directory() || !is_digest(sha256)) continue;
    auto folder = co_await read_folder(status.path, sha256);
    if (!folder && is(folder.error(), ErrorCode::kNotFound)) continue;
    if (!folder) co_return std::move(folder).error();
    std::move(folder->entries.begin(), folder->entries.end(), std::back_inserter(entries));
  }
  co_return entries;
}

io::Task<Result<std::vector<Cache::Entry>>> Cache::collect(std::chrono::milliseconds age, InUse in_use) {
  KNIT_CO_TRY(const auto live, co_await in_use());
  KNIT_CO_TRY(const auto all, co_await list_all());
  std::vector<Entry> removed;
  for (const auto& status : all) {
    KNIT_CO_TRY_VOID(co_await io::check_cancelled());
    const std::string name(fs::file_name(status.path));
    if (name.starts_with(kGone)) co_await resolve_leftover(status.path, name, live);
    if (!status.is_directory() || !is_digest(name)) continue;
    auto folder = co_await read_folder(status.path, name);
    if (!folder && is(folder.error(), ErrorCode::kNotFound)) continue;  // another sweeper
    if (!folder) co_return std::move(folder).error();
    for (const auto& path : folder->abandoned) KNIT_CO_TRY_VOID(co_await bounded(remove_temporary(path)));
    const auto used = std::max(folder->used, folder->entries.empty() ? status.modified : WallTime{});
    const bool named = std::any_of(folder->entries.begin(), folder->entries.end(),
                                   [&](const Entry& entry) { return live.contains(entry.path); });
    if (named || folder->uploading || io::wall_now() - used < age) continue;
    KNIT_CO_TRY(const bool gone, co_await take_away(*folder, in_use));
    if (gone) std::move(folder->entries.begin(), folder->entries.end(), std::back_inserter(removed));
  }
  co_return removed;
}

// True if the folder was deleted.
io::Task<Result<bool>> Cache::take_away(Folder folder, InUse in_use) {
  KNIT_CO_TRY(const auto random, random_name());
  const auto away = fmt::format("{}/{}{}.{}.{}", directory_, kGone, folder.sha256,
                                io::wall_now().time_since_epoch().count(), random);
  const auto taken = co_await bounded(fs_.rename(folder.path, away, false));
  if (!taken && is(taken.error(), ErrorCode::kNotFound)) co_return false;
  if (!taken) co_return taken.error();
  auto decided = co_await decide(folder, away, std::move(in_use));
  if (decided && *decided) {
    KNIT_CO_TRY_VOID(co_await bounded(fs_.remove(away, true)));
    co_return true;
  }
  // Given back also when it could not be decided, or when we are told to stop.
  const auto give_back = [](fs::FileSystem& fs, Folder folder, std::string away) -> io::Task<Status> {
    const auto back = co_await fs.rename(away, folder.path, false);
    if (back || !is(back.error(), ErrorCode::kAlreadyExists)) co_return back;
    for (const auto& entry : folder.entries)
      (void)co_await fs.rename(fs::join_path(away, entry.key.name), entry.path, false);
    KNIT_CO_TRY_VOID(co_await fs.remove(away, true));
    co_return Status();
  };
  if (co_await clean_up(give_back(fs_, folder, away))) co_return given_up();
  co_return decided;
}

// True if nothing speaks for a folder that was taken away.
io::Task<Result<bool>> Cache::decide(Folder folder, std::string away, InUse in_use) {
  KNIT_CO_TRY(const auto now, co_await read_folder(away, folder.sha256));
  if (now.used != folder.used || now.uploading || now.entries.size() != folder.entries.size())
    co_return false;
  KNIT_CO_TRY(const auto live, co_await in_use());
  co_return std::none_of(folder.entries.begin(), folder.entries.end(),
                         [&](const Entry& entry) { return live.contains(entry.path); });
}

// What a sweeper that died has left.
io::Task<void> Cache::resolve_leftover(std::string path, std::string name,
                                       const std::set<std::string>& in_use) {
  const std::string_view rest = std::string_view(name).substr(kGone.size());
  const auto sha256 = rest.substr(0, 2 * security::kSha256Size);
  std::int64_t taken = 0;
  const auto time = rest.substr(std::min(rest.size(), sha256.size() + 1));
  std::from_chars(time.data(), time.data() + time.size(), taken);
  const auto age = io::wall_now().time_since_epoch() - std::chrono::milliseconds(taken);
  if (!is_digest(sha256) || age < kLongestSweep) co_return;
  const auto folder = fs::join_path(directory_, sha256);
  const bool named = std::any_of(in_use.begin(), in_use.end(),
                                 [&](const std::string& used) { return fs::is_within(used, folder); });
  if (named && co_await bounded(fs_.rename(path, folder, false))) co_return;
  (void)co_await bounded(fs_.remove(path, true));
}

}  // namespace knit::client
