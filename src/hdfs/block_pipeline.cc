#include "hdfs/block_pipeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/try.h"

namespace knit::hdfs {

BlockPipeline::BlockPipeline(Options options, TimePoint now)
    : options_(options),
      // DFSOutputStream.computePacketChunkSize: 126 chunks of 512 bytes in 64 KiB.
      chunks_per_packet_(
          std::max<std::size_t>(1, (std::max(options.packet_size, kMaxPacketHeader) - kMaxPacketHeader) /
                                       (options.checksum.bytes_per_checksum + options.checksum.size()))),
      sums_room_(chunks_per_packet_ * options.checksum.size()),
      offset_(options.start),
      sent_(options.start),
      acknowledged_(options.start),
      last_sent_(now),
      heartbeat_packet_(encode_empty_packet({.offset_in_block = 0, .seqno = kHeartbeatSeqno})) {
  KNIT_ASSERT(is_sane(options.checksum) && options.block_size % options.checksum.bytes_per_checksum == 0 &&
                  options.start <= options.block_size && options.max_packets > 0,
              "a block's size is whole chunks");
}

std::size_t BlockPipeline::packet_capacity() const {
  // A packet that begins within a chunk (an appended block) ends with it: BlockReceiver refuses any other.
  const std::size_t chunk = options_.checksum.bytes_per_checksum;
  const std::size_t within = offset_ % chunk;
  const std::uint64_t whole = within ? chunk - within : chunks_per_packet_ * chunk;
  return static_cast<std::size_t>(std::min<std::uint64_t>(whole, options_.block_size - offset_));
}

std::size_t BlockPipeline::write(std::span<const std::byte> bytes) {
  KNIT_ASSERT(!ending_, "no bytes after the end");
  std::size_t taken = 0;
  while (taken < bytes.size() && has_room()) {
    const std::size_t capacity = packet_capacity();
    const std::size_t start = kMaxPacketHeader + sums_room_;
    const std::size_t count = std::min(bytes.size() - taken, capacity - fill_);
    buffer_.resize(start + fill_ + count);
    std::memcpy(buffer_.data() + start + fill_, bytes.data() + taken, count);
    fill_ += count;
    taken += count;
    if (fill_ == capacity) close_packet(false);
  }
  return taken;
}

void BlockPipeline::close_packet(bool sync) {
  const std::size_t chunk = options_.checksum.bytes_per_checksum;
  const std::size_t start = kMaxPacketHeader + sums_room_;
  const std::size_t sums = options_.checksum.size_for(fill_);
  const std::span all(buffer_);
  compute_checksums(options_.checksum, all.subspan(start, fill_), all.subspan(start - sums, sums));
  const PacketHeader header{.offset_in_block = static_cast<std::int64_t>(offset_),
                            .seqno = next_seqno_++,
                            .last = false,
                            .data_length = static_cast<std::uint32_t>(fill_),
                            .sync = sync};
  const std::size_t header_at = start - sums - kMaxPacketHeader;
  const std::size_t used = write_packet_header(header, sums, all.subspan(header_at, kMaxPacketHeader));

  // What was begun of a chunk is sent again with the rest of it, for a DataNode keeps one checksum a chunk.
  const std::uint64_t end = offset_ + fill_;
  const bool whole = end % chunk == 0 || end == options_.block_size;
  const std::uint64_t chunk_begin = std::max(offset_, end - end % chunk);
  const std::size_t kept = whole ? 0 : static_cast<std::size_t>(end - chunk_begin);
  std::vector<std::byte> next;
  if (kept > 0) {
    next.resize(start + kept);
    std::memcpy(next.data() + start, buffer_.data() + start + fill_ - kept, kept);
  }
  packets_.push_back({.seqno = header.seqno,
                      .end = end,
                      .last = false,
                      .bytes = std::make_shared<std::vector<std::byte>>(std::move(buffer_)),
                      .begin = start - sums - used});
  buffer_ = std::move(next);
  offset_ = end - kept;
  fill_ = flushed_ = kept;
}

std::int64_t BlockPipeline::flush(bool sync) {
  if (fill_ > flushed_) {
    close_packet(sync);
  } else if (sync && written() > 0 && !ending_) {
    // Nothing new, but what is there is to reach the disks: an empty packet says so.
    const PacketHeader header{
        .offset_in_block = static_cast<std::int64_t>(written()), .seqno = next_seqno_++, .sync = true};
    packets_.push_back({.seqno = header.seqno,
                        .end = written(),
                        .last = false,
                        .bytes = std::make_shared<std::vector<std::byte>>(encode_empty_packet(header)),
                        .begin = 0});
  }
  return next_seqno_ - 1;
}

void BlockPipeline::finish() {
  if (ending_) return;
  if (fill_ > flushed_) close_packet(false);
  offset_ = written();
  fill_ = flushed_ = 0;
  const PacketHeader header{
      .offset_in_block = static_cast<std::int64_t>(offset_), .seqno = next_seqno_++, .last = true};
  packets_.push_back({.seqno = header.seqno,
                      .end = offset_,
                      .last = true,
                      .bytes = std::make_shared<std::vector<std::byte>>(encode_empty_packet(header)),
                      .begin = 0});
  ending_ = true;
}

bool BlockPipeline::wants_to_send() const {
  if (sent_packets_ == packets_.size()) return false;
  // The end of the block waits for all else to be acknowledged, so that a failure before it and a failure at
  // it can be told apart (DataStreamer.run: waitForAllAcks before PIPELINE_CLOSE).
  return !packets_[sent_packets_].last || sent_packets_ == 0;
}

std::optional<BlockPipeline::Outgoing> BlockPipeline::next_packet(TimePoint now) {
  if (!wants_to_send()) return std::nullopt;
  const Packet& packet = packets_[sent_packets_++];
  sent_ = std::max(sent_, packet.end);
  last_sent_ = now;
  return Outgoing{.bytes = std::span(*packet.bytes).subspan(packet.begin), .owner = packet.bytes};
}

std::span<const std::byte> BlockPipeline::heartbeat(TimePoint now) {
  last_sent_ = now;
  return heartbeat_packet_;
}

std::optional<PipelineFailure> BlockPipeline::acknowledge(const PipelineAck& ack, std::size_t nodes) {
  // From the far end: the nodes before the failing one only pass its failure on.
  for (std::size_t n = std::min(ack.replies.size(), nodes); n-- > 0;) {
    const TransferStatus reply = ack.replies[n];
    if (reply == TransferStatus::kSuccess) continue;
    return PipelineFailure{
        .node = n,
        .restarting = reply == TransferStatus::kRestarting,
        .error = Error(ErrorCode::kUnavailable, fmt::format("answered {} to a packet", to_string(reply)))};
  }
  if (ack.seqno == kHeartbeatSeqno) return std::nullopt;
  if (sent_packets_ == 0 || packets_.front().seqno != ack.seqno) {
    return PipelineFailure{
        .node = 0,
        .error = Error(ErrorCode::kDataLoss,
                       fmt::format("acknowledged packet {}, expected {}", ack.seqno,
                                   sent_packets_ ? packets_.front().seqno : kHeartbeatSeqno))};
  }
  acknowledged_seqno_ = ack.seqno;
  acknowledged_ = std::max(acknowledged_, packets_.front().end);
  finished_ = packets_.front().last;
  recoveries_ = 0;
  packets_.pop_front();
  --sent_packets_;
  return std::nullopt;
}

bool BlockPipeline::closing() const {
  return packets_.size() == 1 && packets_.front().last && sent_packets_ == 1;
}

void BlockPipeline::resend(TimePoint now) {
  last_sent_ = now;
  ++recoveries_;
  if (closing()) {
    acknowledged_seqno_ = packets_.front().seqno;
    packets_.clear();
    finished_ = true;
  }
  sent_packets_ = 0;
}

}  // namespace knit::hdfs
