#include "hdfs/packet.h"

#include <gtest/gtest.h>

#include "hdfs/golden_for_test.h"

namespace knit::hdfs {
namespace {

std::vector<PacketView> packets_in(std::span<const std::byte> stream) {
  std::vector<PacketView> all;
  while (!stream.empty()) {
    std::size_t needed = 0;
    auto packet = decode_packet(stream, needed).value();
    EXPECT_TRUE(packet);
    if (!packet) break;
    all.push_back(*packet);
    stream = stream.subspan(packet->size);
  }
  return all;
}

TEST(Packet, GoldenWriteDecodesAndEncodesBackExactly) {
  for (const char* name : {"put-small", "put-160000", "hflush-heartbeat"}) {
    const auto stream = golden(std::string("datatransfer/") + name + ".c2s.bin");
    const auto rest = std::span(stream).subspan(after_operation(stream));
    std::string again;
    for (const PacketView& packet : packets_in(rest)) {
      std::vector<std::byte> room(kMaxPacketHeader);
      const std::size_t used = write_packet_header(packet.header, packet.checksums.size(), room);
      again += text_of(std::span(room).last(used)) + text_of(packet.checksums) + text_of(packet.data);
    }
    EXPECT_EQ(again, text_of(rest)) << name;
  }
}

TEST(Packet, GoldenFields) {
  const auto stream = golden("datatransfer/put-small.c2s.bin");
  const auto packets = packets_in(std::span(stream).subspan(after_operation(stream)));
  ASSERT_EQ(packets.size(), 2u);
  EXPECT_EQ(packets[0].header, (PacketHeader{.offset_in_block = 0, .seqno = 0, .data_length = 13}));
  EXPECT_EQ(text_of(packets[0].data), "Hello, HDFS!\n");
  EXPECT_EQ(text_of(packets[0].checksums), "\x7e\xc5\x98\xeb");
  EXPECT_EQ(packets[1].header, (PacketHeader{.offset_in_block = 13, .seqno = 1, .last = true}));
}

TEST(Packet, EveryPrefixAsksForMore) {
  const auto stream = golden("datatransfer/hflush-heartbeat.c2s.bin");
  const auto rest = std::span(stream).subspan(after_operation(stream));
  for (std::size_t length = 0; length < 739; ++length) {
    std::size_t needed = 0;
    auto packet = decode_packet(rest.first(length), needed);
    ASSERT_TRUE(packet.has_value());
    ASSERT_FALSE(*packet);
    ASSERT_GT(needed, length);
    ASSERT_LE(needed, 739u);
  }
}

TEST(Packet, RefusesWhatCanBeNoPacket) {
  std::size_t needed = 0;
  const auto code = [&](std::string_view text) {
    auto result = decode_packet(bytes_of(text), needed);
    return result ? ErrorCode::kInternal : result.error().code();
  };
  using namespace std::string_literals;
  using namespace std::string_view_literals;
  EXPECT_EQ(code("\0\0\0\3\0\x19"sv), ErrorCode::kDataLoss);          // shorter than its own length field
  EXPECT_EQ(code("\x01\0\0\1\0\x19"sv), ErrorCode::kDataLoss);        // above 16 MiB
  EXPECT_EQ(code("\xff\xff\xff\xff\0\x19"sv), ErrorCode::kDataLoss);  // negative in Java
  EXPECT_EQ(code("\0\0\0\4\0\0"sv), ErrorCode::kDataLoss);            // no header
  EXPECT_EQ(decode_packet(bytes_of("\x01\0\0\1\0\x19"sv), needed).error().message(),
            "DataNode sent a packet of 16777217 bytes with a header of 25, outside of 4 to 16777216 bytes");
  std::string claims = "\0\0\0\5\0\x19\t\0\0\0\0\0\0\0\0\x11\0\0\0\0\0\0\0\0\x18\0%\2\0\0\0!"s;
  EXPECT_EQ(code(claims), ErrorCode::kDataLoss);  // two bytes of data in one
  claims[28] = '\xff', claims[29] = '\xff', claims[30] = '\xff', claims[31] = '\xff';
  EXPECT_EQ(code(claims), ErrorCode::kDataLoss);  // negative data length
}

TEST(Packet, GoldenAcknowledgements) {
  const auto stream = golden("datatransfer/hflush-heartbeat.s2c.bin");
  std::span<const std::byte> rest(stream);
  std::size_t needed = 0;
  auto answer = decode_delimited(rest, needed).value();  // of the operation
  ASSERT_TRUE(answer);
  rest = rest.subspan(answer->size);
  std::vector<std::int64_t> seqnos;
  while (!rest.empty()) {
    auto view = decode_delimited(rest, needed).value();
    ASSERT_TRUE(view);
    auto ack = decode_ack(view->message).value();
    seqnos.push_back(ack.seqno);
    EXPECT_EQ(ack.replies, std::vector{TransferStatus::kSuccess});
    rest = rest.subspan(view->size);
  }
  EXPECT_EQ(seqnos, (std::vector<std::int64_t>{0, -1, -1, 1, 2, 3}));
}

TEST(Packet, AcknowledgementsOfEveryAge) {
  using namespace std::string_literals;
  using namespace std::string_view_literals;
  // seqno 1, two replies, no flags (before 2.6).
  auto ack = decode_ack(bytes_of("\x08\x02\x10\x00\x10\x01"sv)).value();
  EXPECT_EQ(ack.seqno, 1);
  EXPECT_EQ(ack.replies, (std::vector{TransferStatus::kSuccess, TransferStatus::kError}));
  // Flags win: status in the low 4 bits, marks of congestion above.
  ack = decode_ack(bytes_of("\x08\x03\x10\x00\x22\x02\x20\x48"sv)).value();
  EXPECT_EQ(ack.seqno, kOutOfBandSeqno);
  EXPECT_EQ(ack.replies, (std::vector{TransferStatus::kSuccess, TransferStatus::kRestarting}));
  EXPECT_FALSE(decode_ack(bytes_of("\x10\x00"sv)));  // no seqno
}

TEST(Packet, DelimitedLengths) {
  using namespace std::string_literals;
  using namespace std::string_view_literals;
  std::size_t needed = 0;
  EXPECT_FALSE(*decode_delimited({}, needed));
  EXPECT_EQ(needed, 1u);
  EXPECT_FALSE(*decode_delimited(bytes_of("\x80"sv), needed));
  EXPECT_EQ(needed, 2u);
  auto empty = decode_delimited(bytes_of("\0"sv), needed).value();
  ASSERT_TRUE(empty);
  EXPECT_EQ(empty->size, 1u);
  EXPECT_EQ(decode_delimited(bytes_of("\xff\xff\xff\x7f"sv), needed).error().message(),
            "DataNode sent an answer of 268435455 bytes, over the limit of 1048576 bytes");
  EXPECT_FALSE(decode_delimited(bytes_of("\x80\x80\x80\x80"sv), needed));
}

}  // namespace
}  // namespace knit::hdfs
