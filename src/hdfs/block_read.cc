#include "hdfs/block_read.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/try.h"

namespace knit::hdfs {
namespace {

Error corrupt(std::string what) {
  return Error(ErrorCode::kDataLoss, "DataNode sent " + std::move(what));
}

}  // namespace

BlockRead::BlockRead(std::uint64_t offset, std::uint64_t length) : offset_(offset), length_(length) {
  KNIT_ASSERT(length > 0, "a read of something");
}

Result<std::optional<BlockRead::Step>> BlockRead::step(std::span<const std::byte> arrived) {
  KNIT_ASSERT(!finished_, "nothing comes after the end");
  if (!answered_) {
    KNIT_TRY(const auto view, decode_delimited(arrived, needed_));
    if (!view) return std::optional<Step>();
    KNIT_TRY(const Step step, take_answer(view->message, view->size));
    return std::optional(step);
  }
  KNIT_TRY(const auto packet, decode_packet(arrived, needed_));
  if (!packet) return std::optional<Step>();
  KNIT_TRY(const Step step, take_packet(*packet));
  return std::optional(step);
}

Result<BlockRead::Step> BlockRead::take_answer(std::span<const std::byte> message, std::size_t used) {
  KNIT_TRY(const OperationAnswer answer, decode_answer(message));
  const std::string_view why =
      answer.message.empty() ? to_string(answer.status) : std::string_view(answer.message);
  if (answer.status == TransferStatus::kErrorAccessToken) {
    return Error(ErrorCode::kUnauthenticated, fmt::format("block token refused: {}", why));
  }
  if (answer.status != TransferStatus::kSuccess) {
    return Error(ErrorCode::kUnavailable, fmt::format("read refused: {}", why));
  }
  if (!answer.has_checksum) return corrupt("an answer without its checksums' kind");
  // BlockReaderRemote.newBlockReader: the data begins with the chunk of the first byte asked for.
  if (answer.chunk_offset > offset_ || offset_ - answer.chunk_offset >= answer.checksum.bytes_per_checksum) {
    return corrupt(fmt::format("data from {} on, asked for {}", answer.chunk_offset, offset_));
  }
  checksum_ = answer.checksum;
  next_offset_ = answer.chunk_offset;
  answered_ = true;
  needed_ = kPacketLengths;
  return Step{.used = used};
}

Result<BlockRead::Step> BlockRead::take_packet(const PacketView& packet) {
  const PacketHeader& header = packet.header;
  if (header.seqno != next_seqno_ || header.offset_in_block < 0 ||
      static_cast<std::uint64_t>(header.offset_in_block) != next_offset_) {
    return corrupt(fmt::format("packet {} at {}, expected {} at {}", header.seqno, header.offset_in_block,
                               next_seqno_, next_offset_));
  }
  if (header.last != (header.data_length == 0)) return corrupt("an end with data, or a packet without");
  ++next_seqno_;
  needed_ = kPacketLengths;
  if (header.last) {
    if (remaining() > 0) return corrupt(fmt::format("an end {} bytes too early", remaining()));
    finished_ = true;
    return Step{.used = packet.size};
  }
  if (remaining() == 0) return corrupt("more than was asked for");
  if (packet.checksums.size() != checksum_.size_for(packet.data.size())) {
    return corrupt(
        fmt::format("{} bytes of checksums for {} of data", packet.checksums.size(), packet.data.size()));
  }
  if (const auto at = find_corrupt_chunk(checksum_, packet.data, packet.checksums)) {
    return Error(ErrorCode::kDataLoss,
                 fmt::format("wrong checksum at offset {} of the block", next_offset_ + *at));
  }
  // Whole chunks come: what lies before and after the range is cut off.
  const std::uint64_t begin = next_offset_;
  const std::uint64_t end = begin + packet.data.size();
  next_offset_ = end;
  const std::uint64_t from = std::max(begin, offset_);
  const std::uint64_t to = std::min(end, offset_ + length_);
  if (from >= to) return corrupt("a packet before the range that was asked for");
  given_ += to - from;
  return Step{.used = packet.size, .data = packet.data.subspan(from - begin, to - from)};
}

}  // namespace knit::hdfs
