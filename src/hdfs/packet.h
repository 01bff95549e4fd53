// Packets and acknowledgements of DataTransferProtocol, as bytes (Hadoop 3.4.2: PacketHeader, PacketReceiver,
// PipelineAck, DFSPacket). Everything that decodes takes what has arrived so far and asks for more; nothing
// here waits.
//
//   int32 PLEN = 4 + checksums + data, int16 HLEN, PacketHeaderProto (HLEN bytes), checksums, data
#pragma once

#include <knit/result.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace knit::hdfs {

inline constexpr std::size_t kMaxPacket = 16u << 20;  // PacketReceiver.MAX_PACKET_SIZE
inline constexpr std::size_t kPacketLengths = 6;      // PLEN and HLEN
inline constexpr std::size_t kMaxPacketHeader = 33;  // PacketHeader.PKT_MAX_HEADER_LEN: lengths, and 27 bytes
inline constexpr std::size_t kMaxMessage = 1u
                                           << 20;  // of one answer or acknowledgement; real ones have < 1 KiB
inline constexpr std::int64_t kHeartbeatSeqno = -1;  // DFSPacket.HEART_BEAT_SEQNO
inline constexpr std::int64_t kOutOfBandSeqno = -2;  // PipelineAck.UNKOWN_SEQNO

// What a DataNode says of an operation, a packet or a pipeline: datatransfer.proto's Status.
enum class TransferStatus : std::uint8_t {
  kSuccess = 0,
  kError = 1,
  kErrorChecksum = 2,
  kErrorInvalid = 3,
  kErrorExists = 4,
  kErrorAccessToken = 5,
  kChecksumOk = 6,
  kErrorUnsupported = 7,
  kRestarting = 8,  // OOB_RESTART: goes down for an upgrade and comes back
  kOutOfBand1 = 9,
  kOutOfBand2 = 10,
  kOutOfBand3 = 11,
  kInProgress = 12,
  kErrorBlockPinned = 13,
  kUnknown = 15,
};
// "ERROR_ACCESS_TOKEN".
std::string_view to_string(TransferStatus status);

struct PacketHeader {
  std::int64_t offset_in_block = 0;
  std::int64_t seqno = 0;
  bool last = false;  // ends the block, and has no data
  std::uint32_t data_length = 0;
  bool sync = false;  // to the disks, not only to the DataNodes' memory
  bool operator==(const PacketHeader&) const = default;
};

// Writes lengths and header so that they end where `room` ends (checksums and data follow there), and gives
// how many bytes that took. `room` must be kMaxPacketHeader bytes long.
std::size_t write_packet_header(const PacketHeader& header, std::size_t checksum_length,
                                std::span<std::byte> room);

// A whole packet without data: a heartbeat, or the end of a block.
std::vector<std::byte> encode_empty_packet(const PacketHeader& header);

// A packet as it lies in a buffer.
struct PacketView {
  PacketHeader header;
  std::span<const std::byte> checksums, data;
  std::size_t size = 0;  // of the whole packet
};

// The packet at the start of `arrived`; nullopt until all of it is there, and then `needed` says how many
// bytes to have before asking again. kDataLoss where it can be no packet.
Result<std::optional<PacketView>> decode_packet(std::span<const std::byte> arrived, std::size_t& needed);

// A message with its length, as a protobuf varint, in front of it: answers and acknowledgements.
struct DelimitedView {
  std::span<const std::byte> message;
  std::size_t size = 0;  // with the length
};
Result<std::optional<DelimitedView>> decode_delimited(std::span<const std::byte> arrived,
                                                      std::size_t& needed);

// One acknowledgement of a packet by all DataNodes of a pipeline, the nearest one first.
struct PipelineAck {
  std::int64_t seqno = 0;
  std::vector<TransferStatus> replies;
};
Result<PipelineAck> decode_ack(std::span<const std::byte> message);

}  // namespace knit::hdfs
