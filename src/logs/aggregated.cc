#include "logs/aggregated.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <tuple>

#include "base/try.h"
#include "fs/path.h"
#include "logs/bcfile.h"
#include "logs/indexed_file.h"
#include "logs/region_reader.h"
#include "logs/tfile.h"

namespace knit::logs {
namespace {

constexpr std::string_view kTmp = ".tmp", kChecksum = "-checksum", kArchive = ".har";

// A number of digits alone.
std::optional<std::int64_t> digits(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() || text.starts_with('-')) return std::nullopt;
  return value;
}

// Four digits of the application's number (LogAggregationUtils.getRemoteBucketDir).
std::string bucket_of(const ApplicationId& id) {
  const std::string number = std::to_string(id.id % 10000);
  return std::string(4 - std::min<std::size_t>(4, number.size()), '0') + number;
}

// What checksum files say, by the name of the file they speak of: while an indexed file is appended to, or
// after that failed, one of them lies beside it, named by the node and not by the file.
using Checksums = std::map<std::string, std::uint64_t, std::less<>>;

io::Task<Status> read_checksum(fs::FileSystem& file_system, const std::string& path, Checksums& into) {
  auto file = co_await file_system.open(path);
  // It goes when the upload ends.
  if (!file && file.error().code() == ErrorCode::kNotFound) co_return Status();
  if (!file) co_return std::move(file).error();
  auto checksum = co_await read_indexed_checksum(**file);
  // Not whole yet: it is written before the file it speaks of is touched, so that one is whole.
  if (!checksum && checksum.error().code() == ErrorCode::kDataLoss) co_return Status();
  if (!checksum) co_return std::move(checksum).error();
  into[checksum->file] = checksum->end;
  co_return Status();
}

io::Task<Status> list_folder(const LogFolder& folder, Uploads& out) {
  auto listed = co_await folder.file_system->list(folder.path);
  if (!listed && listed.error().code() == ErrorCode::kNotFound) co_return Status();
  if (!listed) co_return std::move(listed).error();
  Checksums checksums;
  for (const auto& status : *listed)
    if (!status.is_directory() && status.path.ends_with(kChecksum))
      KNIT_CO_TRY_VOID(co_await read_checksum(*folder.file_system, status.path, checksums));

  for (const auto& status : *listed) {
    std::string_view name = fs::file_name(status.path);
    if (name.ends_with(kArchive)) {
      out.unreadable.push_back(status.path +
                               " is a Hadoop archive, which Knit does not read; `yarn logs` does");
      continue;
    }
    if (status.is_directory() || name.ends_with(kChecksum)) continue;
    const bool pending = name.ends_with(kTmp);
    if (pending) name.remove_suffix(kTmp.size());
    auto parsed = parse_node_file_name(name);
    if (!parsed) continue;
    if (pending) {
      out.pending.push_back(std::move(parsed->node));
      continue;
    }
    NodeFile file{.file_system = folder.file_system,
                  .path = status.path,
                  .node = std::move(parsed->node),
                  .rolled = parsed->rolled,
                  .length = status.length};
    if (const auto at = checksums.find(name); at != checksums.end()) file.whole_until = at->second;
    out.files.push_back(std::move(file));
  }
  co_return Status();
}

enum class Format { kTFile, kIndexed, kUnfinished };

// By the bytes at the end, which are the last to be written.
io::Task<Result<Format>> detect(fs::Reader& file, std::uint64_t end) {
  static_assert(kBcFileMagic.size() <= kIndexedSeparator);
  if (end < 2 * kIndexedSeparator) co_return Format::kUnfinished;
  KNIT_CO_TRY(auto head, co_await read_region(file, 0, kIndexedSeparator, Codec::kNone, kIndexedSeparator));
  KNIT_CO_TRY(auto tail, co_await read_region(file, end - kIndexedSeparator, kIndexedSeparator, Codec::kNone,
                                              kIndexedSeparator));
  if (has_bcfile_magic(std::span(tail).last(kBcFileMagic.size()))) co_return Format::kTFile;
  co_return head == tail ? Format::kIndexed : Format::kUnfinished;
}

io::Task<Result<std::unique_ptr<NodeLog>>> open_any(std::unique_ptr<fs::Reader> file,
                                                    std::optional<std::uint64_t> whole_until) {
  if (whole_until == 0) co_return co_await open_indexed_file(std::move(file), 0);
  const std::uint64_t end = std::min(whole_until.value_or(file->length()), file->length());
  KNIT_CO_TRY(const auto format, co_await detect(*file, end));
  switch (format) {
    case Format::kTFile:
      co_return co_await open_tfile(std::move(file));
    case Format::kIndexed:
      co_return co_await open_indexed_file(std::move(file), end);
    case Format::kUnfinished:
      break;
  }
  co_return Error(ErrorCode::kUnavailable, "its upload has not ended, or broke off: with " +
                                               std::to_string(end) +
                                               " bytes it ends like no aggregated log file");
}

}  // namespace

std::vector<std::string> log_folders(const LogLayout& layout, std::string_view user,
                                     const ApplicationId& id) {
  std::vector<std::string> out;
  auto add = [&](const LogPlace& place, const std::string& below) {
    std::string folder = place.root;
    while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
    if (folder != "/") folder += '/';
    folder += std::string(user) + "/" + below + to_string(id);
    if (std::ranges::find(out, folder) == out.end()) out.push_back(std::move(folder));
  };
  // An empty suffix takes its level with it (LogAggregationUtils.getOlderRemoteLogSuffixedDir).
  for (const auto& place : layout.places) add(place, "bucket-" + place.suffix + "/" + bucket_of(id) + "/");
  for (const auto& place : layout.older) add(place, place.suffix.empty() ? "" : place.suffix + "/");
  return out;
}

std::optional<NodeFileName> parse_node_file_name(std::string_view name) {
  std::optional<WallTime> rolled;
  auto under = name.rfind('_');
  if (under == std::string_view::npos) return std::nullopt;
  auto last = digits(name.substr(under + 1));
  // A port has at most five digits; a time in milliseconds has thirteen.
  if (last && *last > 65535) {
    rolled = WallTime(std::chrono::milliseconds(*last));
    name = name.substr(0, under);
    under = name.rfind('_');
    if (under == std::string_view::npos) return std::nullopt;
    last = digits(name.substr(under + 1));
  }
  if (!last || *last > 65535 || under == 0) return std::nullopt;
  return NodeFileName{
      .node = {.host = std::string(name.substr(0, under)), .port = static_cast<std::int32_t>(*last)},
      .rolled = rolled};
}

io::Task<Result<Uploads>> list_uploads(std::vector<LogFolder> folders) {
  Uploads out;
  for (const auto& folder : folders) {
    auto listed = co_await list_folder(folder, out);
    if (!listed) co_return std::move(listed).error().with_context("uploaded logs in " + folder.path);
  }
  std::ranges::stable_sort(out.files, {},
                           [](const NodeFile& file) { return std::tie(file.node, file.rolled, file.path); });
  std::ranges::sort(out.pending);
  out.pending.erase(std::unique(out.pending.begin(), out.pending.end()), out.pending.end());
  co_return out;
}

io::Task<Result<std::unique_ptr<NodeLog>>> open_node_file(NodeFile file) {
  auto reader = co_await file.file_system->open(file.path);
  // Errors of open name the path already.
  if (!reader) co_return std::move(reader).error();
  auto log = co_await open_any(*std::move(reader), file.whole_until);
  co_return std::move(log).with_context(file.path);
}

}  // namespace knit::logs
