#include "hdfs/packet.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/try.h"
#include "hdfs/proto/datatransfer.pb.h"

namespace knit::hdfs {
namespace {

std::uint32_t read_u32(std::span<const std::byte> bytes) {
  std::uint32_t value = 0;
  for (std::size_t n = 0; n < 4; ++n) value = value << 8 | std::to_integer<std::uint32_t>(bytes[n]);
  return value;
}

Error corrupt(std::string what) {
  return Error(ErrorCode::kDataLoss, "DataNode sent " + std::move(what));
}

TransferStatus status_of(std::uint32_t number) {
  return number <= 13 ? static_cast<TransferStatus>(number) : TransferStatus::kUnknown;
}

}  // namespace

std::string_view to_string(TransferStatus status) {
  switch (status) {
    case TransferStatus::kSuccess:
      return "SUCCESS";
    case TransferStatus::kError:
      return "ERROR";
    case TransferStatus::kErrorChecksum:
      return "ERROR_CHECKSUM";
    case TransferStatus::kErrorInvalid:
      return "ERROR_INVALID";
    case TransferStatus::kErrorExists:
      return "ERROR_EXISTS";
    case TransferStatus::kErrorAccessToken:
      return "ERROR_ACCESS_TOKEN";
    case TransferStatus::kChecksumOk:
      return "CHECKSUM_OK";
    case TransferStatus::kErrorUnsupported:
      return "ERROR_UNSUPPORTED";
    case TransferStatus::kRestarting:
      return "OOB_RESTART";
    case TransferStatus::kOutOfBand1:
      return "OOB_RESERVED1";
    case TransferStatus::kOutOfBand2:
      return "OOB_RESERVED2";
    case TransferStatus::kOutOfBand3:
      return "OOB_RESERVED3";
    case TransferStatus::kInProgress:
      return "IN_PROGRESS";
    case TransferStatus::kErrorBlockPinned:
      return "ERROR_BLOCK_PINNED";
    case TransferStatus::kUnknown:
      break;
  }
  return "unknown status";
}

std::size_t write_packet_header(const PacketHeader& header, std::size_t checksum_length,
                                std::span<std::byte> room) {
  KNIT_ASSERT(room.size() == kMaxPacketHeader, "room for a packet's header");
  hadoop::hdfs::PacketHeaderProto proto;
  proto.set_offsetinblock(header.offset_in_block);
  proto.set_seqno(header.seqno);
  proto.set_lastpacketinblock(header.last);
  proto.set_datalen(static_cast<std::int32_t>(header.data_length));
  if (header.sync) proto.set_syncblock(true);
  const std::size_t length = proto.ByteSizeLong();
  const std::size_t total = kPacketLengths + length;
  KNIT_ASSERT(total <= room.size(), "a packet's header is at most 27 bytes long");
  std::byte* at = room.data() + (room.size() - total);
  const auto plen = static_cast<std::uint32_t>(4 + checksum_length + header.data_length);
  for (int shift = 24; shift >= 0; shift -= 8) *at++ = static_cast<std::byte>(plen >> shift);
  *at++ = static_cast<std::byte>(length >> 8);
  *at++ = static_cast<std::byte>(length);
  proto.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(at));
  return total;
}

std::vector<std::byte> encode_empty_packet(const PacketHeader& header) {
  KNIT_ASSERT(header.data_length == 0, "an empty packet");
  std::vector<std::byte> bytes(kMaxPacketHeader);
  const std::size_t used = write_packet_header(header, 0, bytes);
  bytes.erase(bytes.begin(), bytes.end() - static_cast<std::ptrdiff_t>(used));
  return bytes;
}

Result<std::optional<PacketView>> decode_packet(std::span<const std::byte> arrived, std::size_t& needed) {
  needed = kPacketLengths;
  if (arrived.size() < needed) return std::optional<PacketView>();
  const std::size_t plen = read_u32(arrived);
  const std::size_t hlen =
      std::to_integer<std::size_t>(arrived[4]) << 8 | std::to_integer<std::size_t>(arrived[5]);
  if (plen < 4 || plen > kMaxPacket || hlen > kMaxPacket - plen) {
    return corrupt(fmt::format("a packet of {} bytes with a header of {}, outside of 4 to {} bytes", plen,
                               hlen, kMaxPacket));
  }
  needed = kPacketLengths + hlen + (plen - 4);
  if (arrived.size() < needed) return std::optional<PacketView>();

  hadoop::hdfs::PacketHeaderProto proto;
  if (!proto.ParsePartialFromArray(arrived.data() + kPacketLengths, static_cast<int>(hlen)) ||
      !proto.IsInitialized()) {
    return corrupt("a packet whose header cannot be decoded");
  }
  const std::size_t payload = plen - 4;
  if (proto.datalen() < 0 || static_cast<std::size_t>(proto.datalen()) > payload) {
    return corrupt(
        fmt::format("a packet of {} bytes that claims {} bytes of data", payload, proto.datalen()));
  }
  PacketView view;
  view.header = {.offset_in_block = proto.offsetinblock(),
                 .seqno = proto.seqno(),
                 .last = proto.lastpacketinblock(),
                 .data_length = static_cast<std::uint32_t>(proto.datalen()),
                 .sync = proto.syncblock()};
  const auto body = arrived.subspan(kPacketLengths + hlen, payload);
  view.checksums = body.first(payload - view.header.data_length);
  view.data = body.last(view.header.data_length);
  view.size = needed;
  return std::optional(view);
}

Result<std::optional<DelimitedView>> decode_delimited(std::span<const std::byte> arrived,
                                                      std::size_t& needed) {
  std::size_t length = 0;
  std::size_t used = 0;
  while (true) {
    needed = used + 1;
    if (arrived.size() < needed) return std::optional<DelimitedView>();
    const auto byte = std::to_integer<std::size_t>(arrived[used]);
    length |= (byte & 0x7f) << (7 * used);
    ++used;
    if (byte < 0x80) break;
    if (used == 4) return corrupt("an answer whose length cannot be decoded");  // 2^28 is far above the limit
  }
  if (length > kMaxMessage)
    return corrupt(fmt::format("an answer of {} bytes, over the limit of {} bytes", length, kMaxMessage));
  needed = used + length;
  if (arrived.size() < needed) return std::optional<DelimitedView>();
  return std::optional(DelimitedView{.message = arrived.subspan(used, length), .size = needed});
}

Result<PipelineAck> decode_ack(std::span<const std::byte> message) {
  hadoop::hdfs::PipelineAckProto proto;
  if (!proto.ParsePartialFromArray(message.data(), static_cast<int>(message.size())) ||
      !proto.IsInitialized()) {
    return corrupt("an acknowledgement that cannot be decoded");
  }
  PipelineAck ack{.seqno = proto.seqno(), .replies = {}};
  // Since 2.6 the flags repeat the reply in their low 4 bits (PipelineAck.getHeaderFlag), beside congestion
  // marks.
  if (proto.flag_size() > 0) {
    for (const std::uint32_t flag : proto.flag()) ack.replies.push_back(status_of(flag & 0xf));
  } else {
    for (const int reply : proto.reply()) ack.replies.push_back(status_of(static_cast<std::uint32_t>(reply)));
  }
  return ack;
}

}  // namespace knit::hdfs
