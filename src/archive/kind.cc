#include "archive/kind.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>

#include "archive/system_error.h"

namespace knit::archive {
namespace {

struct Signature {
  std::string_view bytes;
  std::string_view what;
};
// Formats people meet; what they begin with is in each format's own description.
constexpr std::array<Signature, 7> kOthers = {{
    {"BZh", "compressed with bzip2"},
    {"\xfd"
     "7zXZ",
     "compressed with xz"},
    {"\x28\xb5\x2f\xfd", "compressed with zstd"},
    {"\x04\x22\x4d\x18", "compressed with lz4"},
    {"7z\xbc\xaf\x27\x1c", "a 7z archive"},
    {"Rar!", "a RAR archive"},
    {"\x7f"
     "ELF",
     "a program"},
}};

Error refused(const std::string& path, std::string_view what) {
  return Error(
      ErrorCode::kInvalidArgument,
      fmt::format("{}: is {}, which YARN would not unpack: give a zip, tar or tar.gz archive, or use "
                  "--file to have it as it is",
                  path, what));
}

bool ends_with(std::string_view name, std::string_view suffix) {
  if (name.size() < suffix.size()) return false;
  name.remove_prefix(name.size() - suffix.size());
  return std::equal(name.begin(), name.end(), suffix.begin(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
}

// Empty where the beginning says nothing.
Result<std::string_view> known_other(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return system_error(path, errno);
  std::array<char, 8> start{};
  const auto count = pread(fd, start.data(), start.size(), 0);
  const int number = errno;
  close(fd);
  if (count < 0) return system_error(path, number);
  const std::string_view begin(start.data(), static_cast<std::size_t>(count));
  for (const auto& other : kOthers) {
    if (begin.starts_with(other.bytes)) return other.what;
  }
  if (begin.empty()) return std::string_view("empty");
  return std::string_view();
}

}  // namespace

std::string_view suffix_of(Kind kind) {
  switch (kind) {
    case Kind::kZip:
      return ".zip";
    case Kind::kTar:
      return ".tar";
    case Kind::kTarGz:
      return ".tar.gz";
  }
  return {};
}

std::optional<Kind> kind_by_name(std::string_view name) {
  if (ends_with(name, ".zip") || ends_with(name, ".jar")) return Kind::kZip;
  if (ends_with(name, ".tar.gz") || ends_with(name, ".tgz")) return Kind::kTarGz;
  if (ends_with(name, ".tar")) return Kind::kTar;
  return std::nullopt;
}

Result<Kind> recognize(const std::string& path) {
  const auto other = known_other(path);
  if (!other) return other.error();
  if (!other->empty()) return refused(path, *other);

  const std::unique_ptr<::archive, decltype(&archive_read_free)> reader(archive_read_new(),
                                                                        archive_read_free);
  archive_read_support_filter_gzip(reader.get());
  archive_read_support_format_tar(reader.get());
  archive_read_support_format_zip_streamable(reader.get());
  constexpr std::size_t kBlock = 64 * 1024;
  int result = archive_read_open_filename(reader.get(), path.c_str(), kBlock);
  archive_entry* entry = nullptr;
  if (result == ARCHIVE_OK) result = archive_read_next_header(reader.get(), &entry);
  // An archive without entries ends here.
  if (result != ARCHIVE_OK && result != ARCHIVE_WARN && result != ARCHIVE_EOF)
    return refused(path, "no archive that can be read");
  const bool gzip = archive_filter_code(reader.get(), 0) == ARCHIVE_FILTER_GZIP;
  const int format = archive_format(reader.get()) & ARCHIVE_FORMAT_BASE_MASK;
  if (format == ARCHIVE_FORMAT_ZIP && !gzip) return Kind::kZip;
  if (format == ARCHIVE_FORMAT_TAR) return gzip ? Kind::kTarGz : Kind::kTar;
  return refused(path, "no archive that can be read");
}

std::string name_for(Kind kind, std::string_view name) {
  if (kind_by_name(name) == kind) return std::string(name);
  return fmt::format("{}{}", name, suffix_of(kind));
}

}  // namespace knit::archive
