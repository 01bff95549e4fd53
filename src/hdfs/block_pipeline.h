// The book-keeping of writing one block to a pipeline of DataNodes, without I/O: bytes become packets,
// packets wait for their acknowledgement, and what a lost DataNode may not have seen is sent again. Learned
// from Hadoop 3.4.2's DFSOutputStream (writeChunk, flushOrSync) and DataStreamer (ResponseProcessor,
// processDatanodeError).
//
// A driver (BlockWriter) asks for the next packet to send, reports acknowledgements, and after a failure sets
// up a new pipeline and calls resend().
#pragma once

#include <knit/result.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "hdfs/checksum.h"
#include "hdfs/packet.h"

namespace knit::hdfs {

// Why a pipeline cannot go on.
struct PipelineFailure {
  std::size_t node = 0;     // of the pipeline
  bool restarting = false;  // that node said that it restarts
  bool certain = true;      // false: no answer came in time, and any node of the pipeline may be why
  Error error;
};

class BlockPipeline {
 public:
  using TimePoint = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

  struct Options {
    ChecksumSpec checksum;
    std::uint64_t block_size = 0;     // at most so many bytes; a multiple of bytes_per_checksum
    std::uint64_t start = 0;          // bytes the block has already, when it is appended to
    std::size_t packet_size = 65536;  // dfs.client-write-packet-size, header and checksums included
    std::size_t max_packets = 80;     // unacknowledged, dfs.client.write.max-packets-in-flight
    std::chrono::milliseconds heartbeat{30'000};  // of silence; half of dfs.client.socket-timeout
  };
  // `now`: the silence that heartbeats break begins here.
  explicit BlockPipeline(Options options, TimePoint now = {});

  // Takes bytes until the block or the window is full, and gives how many. Not after finish().
  std::size_t write(std::span<const std::byte> bytes);
  // All bytes of the block were written.
  bool full() const { return written() == options_.block_size; }
  // More bytes fit now.
  bool has_room() const { return !full() && packets_.size() < options_.max_packets; }

  // Makes all that was written ready to send, and gives the packet to wait for with is_acknowledged() (-1:
  // none). With `sync` the DataNodes are to write to their disks. The chunk at the end is sent again, whole,
  // by what follows.
  std::int64_t flush(bool sync);
  // No more bytes come: the rest and the end of the block are sent.
  void finish();
  bool is_acknowledged(std::int64_t seqno) const { return seqno <= acknowledged_seqno_; }
  // The end of the block is acknowledged.
  bool finished() const { return finished_; }

  // A packet on its way: an acknowledgement that comes too early does not take its bytes away.
  struct Outgoing {
    std::span<const std::byte> bytes;
    std::shared_ptr<const std::vector<std::byte>> owner;
  };
  // The next packet for the wire, or nothing. Counts as sent.
  std::optional<Outgoing> next_packet(TimePoint now);
  // Something is ready for next_packet().
  bool wants_to_send() const;
  // When a heartbeat is due if nothing else is sent before.
  TimePoint heartbeat_due() const { return last_sent_ + options_.heartbeat; }
  std::span<const std::byte> heartbeat(TimePoint now);

  // An acknowledgement of a pipeline of `nodes` DataNodes. A failure names the node to leave out.
  std::optional<PipelineFailure> acknowledge(const PipelineAck& ack, std::size_t nodes);

  // A new pipeline stands: what is not acknowledged is sent again. Where only the end of the block was
  // missing, the DataNodes finished the block while the pipeline was set up (PIPELINE_CLOSE_RECOVERY), and
  // nothing is.
  void resend(TimePoint now);
  // Only the end of the block is missing: every byte is acknowledged and the end was sent.
  bool closing() const;

  // Bytes of the block: taken, sent, acknowledged by all DataNodes.
  std::uint64_t written() const { return offset_ + fill_; }
  std::uint64_t sent() const { return sent_; }
  std::uint64_t acknowledged() const { return acknowledged_; }
  // Recoveries without an acknowledgement since; more than five of them mean that they do not help.
  int recoveries() const { return recoveries_; }

 private:
  struct Packet {
    std::int64_t seqno;
    std::uint64_t end;  // offset in the block after it
    bool last;
    std::shared_ptr<const std::vector<std::byte>> bytes;
    std::size_t begin;  // of the packet in `bytes`
  };
  void close_packet(bool sync);
  std::size_t packet_capacity() const;

  Options options_;
  std::size_t chunks_per_packet_;
  std::size_t sums_room_;

  // The packet being filled: data from kMaxPacketHeader + sums_room_ on.
  std::vector<std::byte> buffer_;
  std::uint64_t offset_;     // where it begins in the block
  std::size_t fill_ = 0;     // bytes of data in it
  std::size_t flushed_ = 0;  // of them, those that an earlier packet has carried too

  std::deque<Packet> packets_;  // not acknowledged, in order; the first sent_packets_ of them were sent
  std::size_t sent_packets_ = 0;
  std::int64_t next_seqno_ = 0;
  std::int64_t acknowledged_seqno_ = -1;
  std::uint64_t sent_, acknowledged_;
  bool ending_ = false, finished_ = false;
  int recoveries_ = 0;
  TimePoint last_sent_{};
  std::vector<std::byte> heartbeat_packet_;
};

}  // namespace knit::hdfs
