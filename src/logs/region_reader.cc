#include "logs/region_reader.h"

#include <algorithm>
#include <string>

#include "base/try.h"

namespace knit::logs {
namespace {
constexpr std::size_t kBuffer = 64 << 10;
}

RegionReader::RegionReader(fs::Reader& file, std::uint64_t offset, std::uint64_t stored, Codec codec)
    : file_(file), at_(offset), left_(stored), stored_(kBuffer) {
  // A log that was empty or vanished is stored as nothing at all, not as an empty stream.
  if (codec == Codec::kZlib && stored > 0) {
    inflater_ = std::make_unique<Inflater>();
    raw_.resize(kBuffer);
  }
}

// Reads the next stored bytes into stored_: how many, 0 at the region's end.
io::Task<Result<std::size_t>> RegionReader::fill() {
  const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(left_, stored_.size()));
  if (want == 0) co_return std::size_t{0};
  KNIT_CO_TRY(auto n, co_await file_.read_at(at_, std::span(stored_).first(want)));
  if (n == 0)
    co_return Error(ErrorCode::kDataLoss, "the file ends at offset " + std::to_string(at_) + ", " +
                                              std::to_string(left_) +
                                              " bytes before a part it is said to hold");
  at_ += n;
  left_ -= n;
  co_return n;
}

io::Task<Result<std::span<const std::byte>>> RegionReader::next() {
  if (!inflater_) {
    KNIT_CO_TRY(auto n, co_await fill());
    co_return std::span<const std::byte>(stored_).first(n);
  }
  while (!done_) {
    if (pending_.empty()) {
      KNIT_CO_TRY(auto n, co_await fill());
      pending_ = std::span<const std::byte>(stored_).first(n);
    }
    const bool ended = pending_.empty();
    KNIT_CO_TRY(auto step, inflater_->step(pending_, raw_));
    pending_ = pending_.subspan(step.consumed);
    done_ = step.done;
    if (step.produced > 0) co_return std::span<const std::byte>(raw_).first(step.produced);
    if (ended && !done_)
      co_return Error(ErrorCode::kDataLoss, "compressed bytes end before their stream does, at offset " +
                                                std::to_string(at_) + " of the file");
  }
  co_return std::span<const std::byte>();
}

void RegionReader::skip(std::uint64_t n) {
  KNIT_ASSERT(can_seek() && n <= left_, "skips where it cannot");
  at_ += n;
  left_ -= n;
}

io::Task<Result<std::vector<std::byte>>> read_region(fs::Reader& file, std::uint64_t offset,
                                                     std::uint64_t stored, Codec codec, std::uint64_t limit) {
  RegionReader reader(file, offset, stored, codec);
  std::vector<std::byte> all;
  while (true) {
    KNIT_CO_TRY(auto piece, co_await reader.next());
    if (piece.empty()) co_return all;
    if (piece.size() > limit - all.size())
      co_return Error(ErrorCode::kResourceExhausted,
                      "a part of more than " + std::to_string(limit) + " bytes");
    all.insert(all.end(), piece.begin(), piece.end());
  }
}

}  // namespace knit::logs
