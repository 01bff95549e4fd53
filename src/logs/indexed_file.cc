#include "logs/indexed_file.h"

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "logs/byte_cursor.h"
#include "logs/region_reader.h"

namespace knit::logs {
namespace {

class IndexedLogFile final : public NodeLog {
 public:
  IndexedLogFile(std::unique_ptr<fs::Reader> file, const IndexedMeta& meta, Codec codec)
      : file_(std::move(file)), codec_(codec) {
    for (const auto& upload : meta.uploads)
      for (const auto& log : upload.logs)
        entries_.push_back({.container = log.container,
                            .file = log.file,
                            .length = log.length,
                            // A log that failed midway is stored shorter than its folder said. With
                            // compression only reading it shows that.
                            .whole = codec != Codec::kNone || log.stored >= log.length,
                            .modified = log.modified,
                            .uploaded = upload.uploaded,
                            .place = log.offset,
                            .size_or_index = log.stored});
    // Uncompressed, what is stored is what can be read.
    if (codec == Codec::kNone)
      for (auto& entry : entries_) entry.length = entry.size_or_index;
  }

  io::Task<Result<std::uint64_t>> read(const LogEntry& entry, std::uint64_t offset, Sink sink) override;

 protected:
  io::Task<Result<std::uint64_t>> find_tail(const LogEntry& entry, std::uint64_t lines) override;

 private:
  std::unique_ptr<fs::Reader> file_;
  Codec codec_;
};

io::Task<Result<std::uint64_t>> IndexedLogFile::read(const LogEntry& entry, std::uint64_t offset, Sink sink) {
  RegionReader bytes(*file_, entry.place, entry.size_or_index, codec_);
  if (bytes.can_seek()) {
    const auto n = std::min(offset, bytes.left());
    bytes.skip(n);
    offset -= n;
  }
  std::uint64_t passed_on = 0;
  while (true) {
    KNIT_CO_TRY(auto piece, co_await bytes.next());
    if (piece.empty()) co_return passed_on;
    const auto left_out = static_cast<std::size_t>(std::min<std::uint64_t>(offset, piece.size()));
    offset -= left_out;
    piece = piece.subspan(left_out);
    if (piece.empty()) continue;
    KNIT_CO_TRY_VOID(co_await sink(piece));
    passed_on += piece.size();
  }
}

// Uncompressed logs are searched from their end.
io::Task<Result<std::uint64_t>> IndexedLogFile::find_tail(const LogEntry& entry, std::uint64_t lines) {
  constexpr std::uint64_t kStep = 64 << 10;
  if (codec_ != Codec::kNone) co_return co_await NodeLog::find_tail(entry, lines);
  std::uint64_t found = 0;  // newlines that end a line before one of those wanted
  for (std::uint64_t end = entry.size_or_index; end > 0;) {
    const std::uint64_t size = std::min(kStep, end), start = end - size;
    KNIT_CO_TRY(auto piece, co_await read_region(*file_, entry.place + start, size, Codec::kNone, size));
    for (std::size_t i = piece.size(); i-- > 0;) {
      const bool last_byte = start + i + 1 == entry.size_or_index;
      if (piece[i] == std::byte{'\n'} && !last_byte && ++found == lines) co_return start + i + 1;
    }
    end = start;
  }
  co_return std::uint64_t{0};
}

}  // namespace

io::Task<Result<std::unique_ptr<NodeLog>>> open_indexed_file(std::unique_ptr<fs::Reader> file,
                                                             std::optional<std::uint64_t> end) {
  if (end == 0)
    co_return std::unique_ptr<NodeLog>(
        std::make_unique<IndexedLogFile>(std::move(file), IndexedMeta{}, Codec::kNone));
  const std::uint64_t length = end.value_or(file->length());
  if (length > file->length() || length < kIndexedSeparator + kIndexedTrailer)
    co_return Error(
        ErrorCode::kDataLoss,
        "not an indexed log file: " + std::to_string(file->length()) + " bytes where at least " +
            std::to_string(std::max<std::uint64_t>(end.value_or(0), kIndexedSeparator + kIndexedTrailer)) +
            " are expected");
  KNIT_CO_TRY(auto head, co_await read_region(*file, 0, kIndexedSeparator, Codec::kNone, kIndexedSeparator));
  KNIT_CO_TRY(auto trailer, co_await read_region(*file, length - kIndexedTrailer, kIndexedTrailer,
                                                 Codec::kNone, kIndexedTrailer));
  ByteCursor cursor(trailer);
  KNIT_CO_TRY(const auto meta_size, cursor.i32());
  KNIT_CO_TRY(const auto separator, cursor.take(kIndexedSeparator));
  if (!std::ranges::equal(head, separator))
    co_return Error(ErrorCode::kDataLoss, "not a finished indexed log file: it does not end as it begins");
  const std::uint64_t room = length - kIndexedTrailer - kIndexedSeparator;
  if (meta_size <= 0 || static_cast<std::uint64_t>(meta_size) > room)
    co_return Error(ErrorCode::kDataLoss, "an index of " + std::to_string(meta_size) +
                                              " bytes in a file of " + std::to_string(length));
  const auto size = static_cast<std::uint64_t>(meta_size);
  if (size > kMaxIndexedMeta)
    co_return Error(ErrorCode::kResourceExhausted, "an index of " + std::to_string(size) +
                                                       " bytes; Knit reads up to " +
                                                       std::to_string(kMaxIndexedMeta));
  const std::uint64_t logs_end = length - kIndexedTrailer - size;
  KNIT_CO_TRY(auto stream, co_await read_region(*file, logs_end, size, Codec::kNone, size));
  KNIT_CO_TRY(const auto meta, parse_indexed_meta(stream, logs_end));
  KNIT_CO_TRY(const auto codec, parse_codec(meta.compression));
  co_return std::unique_ptr<NodeLog>(std::make_unique<IndexedLogFile>(std::move(file), meta, codec));
}

io::Task<Result<IndexedChecksum>> read_indexed_checksum(fs::Reader& file) {
  if (file.length() > kMaxIndexedChecksum)
    co_return Error(ErrorCode::kDataLoss, "a checksum file of " + std::to_string(file.length()) + " bytes");
  KNIT_CO_TRY(auto bytes, co_await read_region(file, 0, file.length(), Codec::kNone, kMaxIndexedChecksum));
  co_return parse_indexed_checksum(bytes);
}

}  // namespace knit::logs
