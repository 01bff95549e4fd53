#include "hdfs/block_pipeline.h"

#include <gtest/gtest.h>

#include "hdfs/golden_for_test.h"

namespace knit::hdfs {
namespace {

using TimePoint = BlockPipeline::TimePoint;
constexpr TimePoint kStart{};

BlockPipeline::Options options(std::uint64_t block_size = 128u << 20) {
  return {.checksum = {}, .block_size = block_size};
}

// All that the pipeline has to send.
std::string drain(BlockPipeline& pipeline, TimePoint now = kStart) {
  std::string out;
  while (auto packet = pipeline.next_packet(now)) out += text_of(packet->bytes);
  return out;
}

PipelineAck success(std::int64_t seqno, std::size_t nodes = 1) {
  return {.seqno = seqno, .replies = std::vector(nodes, TransferStatus::kSuccess)};
}

std::vector<PacketHeader> headers(std::string_view stream) {
  std::vector<PacketHeader> all;
  std::size_t needed = 0;
  for (auto rest = bytes_of(stream); !rest.empty();) {
    auto packet = decode_packet(rest, needed).value();
    all.push_back(packet.value().header);
    const ChecksumSpec spec;
    EXPECT_EQ(find_corrupt_chunk(spec, packet->data, packet->checksums), std::nullopt);
    rest = rest.subspan(packet->size);
  }
  return all;
}

TEST(BlockPipeline, SendsWhatJavaSendsForASmallFile) {
  const auto expected = golden("datatransfer/put-small.c2s.bin");
  BlockPipeline pipeline(options());
  EXPECT_EQ(pipeline.write(bytes_of("Hello, HDFS!\n")), 13u);
  EXPECT_FALSE(pipeline.wants_to_send());
  pipeline.finish();
  std::string sent = drain(pipeline);
  EXPECT_FALSE(pipeline.wants_to_send()) << "the end waits for the acknowledgement of the rest";
  EXPECT_FALSE(pipeline.acknowledge(success(0), 1));
  sent += drain(pipeline);
  EXPECT_EQ(sent, text_of(std::span(expected).subspan(after_operation(expected))));
  EXPECT_FALSE(pipeline.finished());
  EXPECT_FALSE(pipeline.acknowledge(success(1), 1));
  EXPECT_TRUE(pipeline.finished());
  EXPECT_EQ(pipeline.acknowledged(), 13u);
}

TEST(BlockPipeline, SendsWhatJavaSendsFor160000Bytes) {
  const auto expected = golden("datatransfer/put-160000.c2s.bin");
  const std::string text = numbered_lines();
  for (const std::size_t step :
       {std::size_t{160000}, std::size_t{1000}, std::size_t{511}, std::size_t{65536}}) {
    BlockPipeline pipeline(options());
    for (std::size_t at = 0; at < text.size(); at += step) {
      const auto part = std::string_view(text).substr(at, step);
      ASSERT_EQ(pipeline.write(bytes_of(part)), part.size());
    }
    pipeline.finish();
    std::string sent = drain(pipeline);
    for (int n = 0; n < 3; ++n) EXPECT_FALSE(pipeline.acknowledge(success(n), 1));
    sent += drain(pipeline);
    EXPECT_EQ(sent, text_of(std::span(expected).subspan(after_operation(expected)))) << step;
  }
}

TEST(BlockPipeline, SendsWhatJavaSendsAroundFlushAndHeartbeat) {
  const auto expected = golden("datatransfer/hflush-heartbeat.c2s.bin");
  BlockPipeline pipeline(options());
  std::string sent;
  const auto step = [&] {
    sent += drain(pipeline);
    for (const auto& header : headers(sent)) {
      if (header.seqno >= 0 && !pipeline.is_acknowledged(header.seqno)) {
        EXPECT_FALSE(pipeline.acknowledge(success(header.seqno), 1));
      }
    }
  };
  pipeline.write(bytes_of(std::string(700, 'x')));
  EXPECT_EQ(pipeline.flush(false), 0);
  step();
  EXPECT_TRUE(pipeline.is_acknowledged(0));
  for (int n = 0; n < 2; ++n) sent += text_of(pipeline.heartbeat(kStart));
  EXPECT_FALSE(pipeline.acknowledge(success(kHeartbeatSeqno), 1));
  pipeline.write(bytes_of("tail"));
  EXPECT_EQ(pipeline.flush(true), 1);
  step();
  pipeline.write(bytes_of(std::string(700, 'x')));
  pipeline.finish();
  step();
  step();
  EXPECT_TRUE(pipeline.finished());
  EXPECT_EQ(sent, text_of(std::span(expected).subspan(after_operation(expected))));
}

TEST(BlockPipeline, FlushWithNothingNewSendsNothing) {
  BlockPipeline pipeline(options());
  EXPECT_EQ(pipeline.flush(false), -1);
  pipeline.write(bytes_of("abc"));
  EXPECT_EQ(pipeline.flush(false), 0);
  EXPECT_EQ(pipeline.flush(false), 0);
  EXPECT_EQ(headers(drain(pipeline)).size(), 1u);
  // But to the disks: an empty packet that says so.
  EXPECT_EQ(pipeline.flush(true), 1);
  EXPECT_EQ(headers(drain(pipeline)),
            (std::vector{PacketHeader{.offset_in_block = 3, .seqno = 1, .sync = true}}));
  pipeline.finish();
  ASSERT_FALSE(pipeline.acknowledge(success(0), 1));
  ASSERT_FALSE(pipeline.acknowledge(success(1), 1));
  EXPECT_EQ(headers(drain(pipeline)),
            (std::vector{PacketHeader{.offset_in_block = 3, .seqno = 2, .last = true}}));
}

TEST(BlockPipeline, FillsABlockAndNoMore) {
  BlockPipeline pipeline(options(1024));
  EXPECT_EQ(pipeline.write(bytes_of(std::string(3000, 'x'))), 1024u);
  EXPECT_TRUE(pipeline.full());
  EXPECT_FALSE(pipeline.has_room());
  pipeline.finish();
  const auto sent = headers(drain(pipeline));
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].data_length, 1024u);
}

TEST(BlockPipeline, AppendCompletesTheChunkInAPacketOfItsOwn) {
  auto appending = options();
  appending.start = 700;
  BlockPipeline pipeline(appending);
  EXPECT_EQ(pipeline.write(bytes_of("four")), 4u);
  pipeline.flush(false);
  EXPECT_EQ(pipeline.write(bytes_of(std::string(1000, 'y'))), 1000u);
  pipeline.finish();
  EXPECT_EQ(headers(drain(pipeline)),
            (std::vector{PacketHeader{.offset_in_block = 700, .seqno = 0, .data_length = 4},
                         PacketHeader{.offset_in_block = 700, .seqno = 1, .data_length = 324},
                         PacketHeader{.offset_in_block = 1024, .seqno = 2, .data_length = 680}}));
  EXPECT_EQ(pipeline.written(), 1704u);
}

TEST(BlockPipeline, TheWindowHoldsTheWriterBack) {
  auto narrow = options();
  narrow.max_packets = 2;
  BlockPipeline pipeline(narrow);
  EXPECT_EQ(pipeline.write(bytes_of(std::string(200000, 'x'))), 2u * 64512);
  EXPECT_FALSE(pipeline.has_room());
  EXPECT_EQ(headers(drain(pipeline)).size(), 2u);
  EXPECT_FALSE(pipeline.acknowledge(success(0), 1));
  EXPECT_TRUE(pipeline.has_room());
}

TEST(BlockPipeline, HeartbeatsAfterSilenceOnly) {
  using namespace std::chrono_literals;
  BlockPipeline pipeline(options());
  pipeline.write(bytes_of("x"));
  pipeline.flush(false);
  drain(pipeline, kStart + 10s);
  EXPECT_EQ(pipeline.heartbeat_due(), kStart + 40s);
  pipeline.heartbeat(kStart + 40s);
  EXPECT_EQ(pipeline.heartbeat_due(), kStart + 70s);
}

TEST(BlockPipeline, NamesTheNodeThatFailedFurthestAway) {
  BlockPipeline pipeline(options());
  pipeline.write(bytes_of("x"));
  pipeline.flush(false);
  drain(pipeline);
  PipelineAck ack{.seqno = 0,
                  .replies = {TransferStatus::kSuccess, TransferStatus::kError, TransferStatus::kSuccess}};
  auto failure = pipeline.acknowledge(ack, 3);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->node, 1u);
  EXPECT_FALSE(failure->restarting);
  ack = {.seqno = kOutOfBandSeqno, .replies = {TransferStatus::kRestarting}};
  failure = pipeline.acknowledge(ack, 3);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->node, 0u);
  EXPECT_TRUE(failure->restarting);
  // A seqno that was never sent, or is not the next.
  EXPECT_TRUE(pipeline.acknowledge(success(7, 3), 3));
}

// A failure after any number of acknowledgements: what is not acknowledged is sent again, and the block is
// whole.
TEST(BlockPipeline, ResendsWhatIsNotAcknowledgedAfterAFailureAtAnyStep) {
  const std::string text = numbered_lines();
  for (std::int64_t acknowledged_before = 0; acknowledged_before <= 5; ++acknowledged_before) {
    BlockPipeline pipeline(options());
    pipeline.write(bytes_of(std::string_view(text).substr(0, 700)));
    pipeline.flush(false);
    pipeline.write(bytes_of(std::string_view(text).substr(700)));
    pipeline.finish();  // packets 0 (700 bytes), 1, 2, 3 and 4 (the end)
    std::string block(text.size(), '?');
    bool ended = false;
    const auto deliver = [&](std::string_view stream) {
      std::size_t needed = 0;
      for (auto rest = bytes_of(stream); !rest.empty();) {
        auto packet = decode_packet(rest, needed).value().value();
        block.replace(static_cast<std::size_t>(packet.header.offset_in_block), packet.data.size(),
                      text_of(packet.data));
        ended = ended || packet.header.last;
        rest = rest.subspan(packet.size);
      }
    };
    deliver(drain(pipeline));
    for (std::int64_t n = 0; n < std::min<std::int64_t>(acknowledged_before, 4); ++n) {
      ASSERT_FALSE(pipeline.acknowledge(success(n), 1));
    }
    if (acknowledged_before >= 4) deliver(drain(pipeline));
    if (acknowledged_before == 5) ASSERT_FALSE(pipeline.acknowledge(success(4), 1));

    if (acknowledged_before == 5) {
      EXPECT_TRUE(pipeline.finished());
    } else {
      EXPECT_EQ(pipeline.closing(), acknowledged_before == 4);
      pipeline.resend(kStart);
      EXPECT_EQ(pipeline.recoveries(), 1);
      for (std::int64_t n = acknowledged_before; !pipeline.finished(); ++n) {
        deliver(drain(pipeline));
        ASSERT_FALSE(pipeline.acknowledge(success(n), 1)) << n;
      }
      EXPECT_EQ(pipeline.recoveries(), acknowledged_before == 4 ? 1 : 0);
    }
    EXPECT_TRUE(ended);
    EXPECT_EQ(block, text);
    EXPECT_EQ(pipeline.acknowledged(), text.size());
  }
}

}  // namespace
}  // namespace knit::hdfs
