#include "client/uploads.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/try.h"
#include "fs/path.h"
#include "io/wait.h"
#include "logs/bcfile.h"
#include "logs/indexed_file.h"
#include "logs/tfile.h"

namespace knit::client {
namespace {

constexpr auto kOpenDeadline = std::chrono::seconds(120);  // listing a compressed TFile reads all of it

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

io::Task<Result<std::unique_ptr<logs::NodeLog>>> open_log(const UploadedFile& file, std::string path) {
  KNIT_CO_TRY(auto reader, co_await file.folder.file_system->open(path));
  std::array<std::byte, 16> magic{};
  std::size_t have = 0;
  while (have < magic.size()) {
    KNIT_CO_TRY(const auto size, co_await reader->read_at(have, std::span(magic).subspan(have)));
    if (size == 0) break;
    have += size;
  }
  if (have == magic.size() && logs::has_bcfile_magic(magic)) {
    co_return co_await logs::open_tfile(std::move(reader));
  }
  // A checksum file is there while an upload is being appended, or after one failed.
  std::optional<std::uint64_t> end;
  auto checksum = co_await file.folder.file_system->open(path + "-checksum");
  if (checksum) {
    KNIT_CO_TRY(const auto limit, co_await logs::read_indexed_checksum(**checksum));
    if (limit.file == file.name) end = limit.end;
  }
  co_return co_await logs::open_indexed_file(std::move(reader), end);
}

}  // namespace

std::vector<std::string> upload_folders(const conf::LogSettings& settings, const std::string& user,
                                        const ApplicationId& id) {
  std::vector<std::string> out;
  const auto add = [&](std::string folder) {
    if (std::find(out.begin(), out.end(), folder) == out.end()) out.push_back(std::move(folder));
  };
  const auto name = to_string(id);
  for (const auto& format : settings.formats) {
    add(fmt::format("{}/{}/bucket-{}/{:04}/{}", format.directory, user, format.suffix, id.id % 10000, name));
  }
  // Up to 3.2 each format has the same layout without buckets, and the general suffix.
  for (const auto& format : settings.formats) {
    add(fmt::format("{}/{}/{}/{}", format.directory, user, format.suffix, name));
  }
  if (settings.include_older) {
    add(fmt::format("{}/{}/{}/{}", settings.older_directory, user, settings.older_suffix, name));
  }
  return out;
}

std::optional<UploadedFile> parse_upload_name(std::string_view name) {
  if (name.ends_with(".tmp") || name.ends_with("-checksum")) return std::nullopt;
  UploadedFile file;
  file.name = name;
  auto under = name.rfind('_');
  // A time in milliseconds has 13 digits since 2001, a port at most 5.
  if (under != std::string_view::npos && all_digits(name.substr(under + 1)) && name.size() - under - 1 > 5) {
    file.rolled = true;
    name = name.substr(0, under);
    under = name.rfind('_');
  }
  if (under == std::string_view::npos || under == 0 || !all_digits(name.substr(under + 1)))
    return std::nullopt;
  file.node = std::string(name.substr(0, under)) + ":" + std::string(name.substr(under + 1));
  return file;
}

io::Task<Result<std::vector<UploadedFile>>> Uploads::list() {
  std::vector<UploadedFile> out;
  for (const auto& folder : folders_) {
    auto listed = co_await folder.file_system->list(folder.path);
    if (!listed && listed.error().code() == ErrorCode::kNotFound) continue;
    if (!listed) co_return std::move(listed).error().with_context("uploaded logs in " + folder.path);
    for (const auto& status : *listed) {
      if (status.is_directory()) continue;
      const auto name = fs::file_name(status.path);
      if (name.ends_with(".har")) {
        co_return Error(
            ErrorCode::kUnimplemented,
            fmt::format("{} is a Hadoop archive, which Knit does not read: yarn logs does", status.path));
      }
      auto file = parse_upload_name(name);
      if (!file) continue;
      file->folder = folder;
      file->length = status.length;
      out.push_back(*std::move(file));
    }
  }
  std::stable_sort(out.begin(), out.end(), [](const UploadedFile& a, const UploadedFile& b) {
    return std::tie(a.node, a.name) < std::tie(b.node, b.name);
  });
  co_return out;
}

io::Task<Result<std::unique_ptr<logs::NodeLog>>> Uploads::open(const UploadedFile& file) {
  const auto path = fs::join_path(file.folder.path, file.name);
  auto log = co_await io::run_until(io::after(kOpenDeadline), open_log(file, path));
  co_return std::move(log).with_context(path);
}

}  // namespace knit::client
