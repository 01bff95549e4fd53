// Driver: the bytes of one stored stream inside an aggregated file, unpacked.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "fs/file_system.h"
#include "logs/codec.h"

namespace knit::logs {

// Reads `stored` bytes from `offset` of a file it does not own, in pieces; memory is two buffers of 64 KiB
// whatever the sizes say. Errors: the file's own; kDataLoss where the stream is corrupt or ends too early.
class RegionReader {
 public:
  RegionReader(fs::Reader& file, std::uint64_t offset, std::uint64_t stored, Codec codec);

  // The next piece, valid until the next call; empty at the end.
  io::Task<Result<std::span<const std::byte>>> next();

  // Leaves out the next `n` bytes without reading them. Only where can_seek(); `n` may not reach beyond the
  // end.
  bool can_seek() const { return !inflater_; }
  std::uint64_t left() const { return left_; }  // stored bytes not yet read
  void skip(std::uint64_t n);

 private:
  io::Task<Result<std::size_t>> fill();

  fs::Reader& file_;
  std::uint64_t at_;
  std::uint64_t left_;
  std::unique_ptr<Inflater> inflater_;  // none: stored as they are
  bool done_ = false;
  std::vector<std::byte> stored_, raw_;
  std::span<const std::byte> pending_;  // of stored_: not yet unpacked
};

// All of a stream of which at most `limit` bytes are expected; kResourceExhausted if it has more.
io::Task<Result<std::vector<std::byte>>> read_region(fs::Reader& file, std::uint64_t offset,
                                                     std::uint64_t stored, Codec codec, std::uint64_t limit);

}  // namespace knit::logs
