#include "fs/file_system.h"

#include <fmt/format.h>

#include "base/try.h"
#include "io/stream.h"

namespace knit::fs {

io::Task<Result<std::string>> read_file(FileSystem& fs, std::string path, std::uint64_t limit) {
  KNIT_CO_TRY(const auto reader, co_await fs.open(path));
  if (reader->length() > limit) {
    co_return Error(
        ErrorCode::kResourceExhausted,
        fmt::format("{} has {} bytes, more than the {} that are taken", path, reader->length(), limit));
  }
  std::string bytes(reader->length(), '\0');
  for (std::size_t at = 0; at < bytes.size();) {
    const auto rest = std::as_writable_bytes(std::span(bytes)).subspan(at);
    KNIT_CO_TRY(const std::size_t count, co_await reader->read_at(at, rest));
    if (count == 0) {
      co_return Error(ErrorCode::kDataLoss,
                      fmt::format("{} ends after {} of {} bytes", path, at, bytes.size()));
    }
    at += count;
  }
  co_return bytes;
}

io::Task<Status> write_file(FileSystem& fs, std::string path, std::string bytes, CreateOptions options) {
  options.expected_length = bytes.size();
  KNIT_CO_TRY(const auto writer, co_await fs.create(path, options));
  Status done = co_await writer->write(io::as_bytes(bytes));
  if (done) done = co_await writer->close();
  if (!done) co_await writer->abort();
  co_return done;
}

}  // namespace knit::fs
