// The DataNodes of FakeHdfs.
#include <fmt/format.h>

#include <algorithm>

#include "base/try.h"
#include "hdfs/fake_hdfs_for_test.h"
#include "hdfs/golden_for_test.h"
#include "hdfs/proto/datatransfer.pb.h"

namespace knit::hdfs {
namespace {

namespace proto = hadoop::hdfs;

template <class Message>
Message parse(std::string_view bytes) {
  Message message;
  EXPECT_TRUE(message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  return message;
}

std::string delimited(const google::protobuf::MessageLite& message) {
  std::string out;
  std::size_t length = message.ByteSizeLong();
  for (; length >= 0x80; length >>= 7) out += static_cast<char>(length | 0x80);
  return out + static_cast<char>(length) + message.SerializeAsString();
}

io::Task<Result<std::string>> read_delimited(io::Stream& stream) {
  std::size_t length = 0;
  for (int shift = 0;; shift += 7) {
    std::byte byte;
    KNIT_CO_TRY_VOID(co_await io::read_exactly(stream, std::span(&byte, 1)));
    length |= (std::to_integer<std::size_t>(byte) & 0x7f) << shift;
    if (std::to_integer<int>(byte) < 0x80) break;
  }
  std::string message(length, '\0');
  KNIT_CO_TRY_VOID(co_await io::read_exactly(stream, std::as_writable_bytes(std::span(message))));
  co_return message;
}

// Until the other side goes.
io::Task<Status> hear_no_more(io::Stream& stream) {
  std::byte nothing;
  co_return co_await io::read_exactly(stream, std::span(&nothing, 1));
}

}  // namespace

class FakeHdfs::Nodes final : public DataNodes {
 public:
  explicit Nodes(FakeHdfs& cluster) : cluster_(cluster) {}
  io::Task<Result<std::unique_ptr<io::Stream>>> connect(DatanodeInfo node) override {
    if (cluster_.faults.refuse_connection && cluster_.faults.refuse_connection(node)) {
      co_return Error(ErrorCode::kUnavailable, transfer_address(node) + ": Connection refused");
    }
    auto [ours, theirs] = io::make_pipe();
    cluster_.servers_->spawn(cluster_.serve(node, std::move(theirs)));
    co_return std::move(ours);
  }
  io::Task<Result<std::uint64_t>> visible_length(DatanodeInfo node, ExtendedBlock block,
                                                 security::Token) override {
    if (cluster_.faults.hang_read && cluster_.faults.hang_read(node)) {
      KNIT_CO_TRY_VOID(co_await io::sleep_for(Options().socket_timeout));
      co_return Error(ErrorCode::kDeadlineExceeded, transfer_address(node) + " keeps silent");
    }
    const auto found = cluster_.replicas.find({node.uuid, block.id});
    if (found == cluster_.replicas.end()) {
      co_return Error(ErrorCode::kNotFound, "none",
                      "org.apache.hadoop.hdfs.server.datanode.ReplicaNotFoundException");
    }
    co_return std::uint64_t{found->second.bytes.size()};
  }

 private:
  FakeHdfs& cluster_;
};

std::unique_ptr<DataNodes> FakeHdfs::make_nodes() {
  return std::make_unique<Nodes>(*this);
}

io::Task<void> FakeHdfs::serve(DatanodeInfo node, std::unique_ptr<io::Stream> stream) {
  std::byte head[3];
  if (!co_await io::read_exactly(*stream, head)) co_return;
  if (head[0] != std::byte{0} || head[1] != std::byte{28}) problems.push_back("wrong version");
  auto message = co_await read_delimited(*stream);
  if (!message) co_return;
  switch (std::to_integer<int>(head[2])) {
    case 80:
      (void)(co_await serve_write(node, *stream, *message)).has_value();
      break;
    case 81:
      (void)(co_await serve_read(node, *stream, *message)).has_value();
      break;
    case 86:
      (void)(co_await serve_transfer(node, *stream, *message)).has_value();
      break;
    default:
      problems.push_back("unknown operation");
  }
  stream->close();
}

io::Task<Status> FakeHdfs::serve_write(const DatanodeInfo& node, io::Stream& stream, std::string message) {
  const auto op = parse<proto::OpWriteBlockProto>(message);
  std::vector<DatanodeInfo> pipeline{node};
  for (const auto& target : op.targets()) {
    const auto found = std::ranges::find(nodes, target.id().datanodeuuid(), &DatanodeInfo::uuid);
    pipeline.push_back(*found);
  }
  if (op.pipelinesize() != pipeline.size()) problems.push_back("pipeline size");
  if (faults.hang && faults.hang(pipeline)) {
    co_return co_await hear_no_more(stream);
  }
  proto::BlockOpResponseProto answer;
  answer.set_status(proto::SUCCESS);
  answer.set_firstbadlink("");
  std::optional<std::size_t> bad;
  if (faults.bad_link) bad = faults.bad_link(pipeline);
  if (bad) {
    answer.set_status(proto::ERROR);
    if (*bad > 0) answer.set_firstbadlink(transfer_address(pipeline[*bad]));
    co_return co_await stream.write(io::as_bytes(delimited(answer)));
  }
  const std::uint64_t id = op.header().baseheader().block().blockid();
  const bool creates = op.stage() == proto::OpWriteBlockProto::PIPELINE_SETUP_CREATE;
  for (const DatanodeInfo& member : pipeline) {
    Replica& replica = replicas[{member.uuid, id}];
    if (creates) {
      replica = {.generation = op.header().baseheader().block().generationstamp(), .bytes = {}};
      continue;
    }
    // FsDatasetImpl.recoverRbw: as long as acknowledged and sent say; what is beyond the acknowledged goes.
    if (op.latestgenerationstamp() <= replica.generation) problems.push_back("generation did not grow");
    if (replica.bytes.size() < op.minbytesrcvd() || replica.bytes.size() > op.maxbytesrcvd()) {
      problems.push_back(fmt::format("replica of {} bytes, client says {} to {}", replica.bytes.size(),
                                     op.minbytesrcvd(), op.maxbytesrcvd()));
    }
    replica.bytes.resize(op.minbytesrcvd());
    replica.generation = op.latestgenerationstamp();
    replica.finalized = op.stage() == proto::OpWriteBlockProto::PIPELINE_CLOSE_RECOVERY;
  }
  KNIT_CO_TRY_VOID(co_await stream.write(io::as_bytes(delimited(answer))));
  if (op.stage() == proto::OpWriteBlockProto::PIPELINE_CLOSE_RECOVERY) co_return Status();
  co_return co_await serve_packets(pipeline, id, stream);
}

io::Task<Status> FakeHdfs::serve_packets(const std::vector<DatanodeInfo>& pipeline, std::uint64_t block,
                                         io::Stream& stream) {
  const ChecksumSpec spec;
  while (true) {
    std::vector<std::byte> buffer;
    std::size_t needed = kPacketLengths;
    std::optional<PacketView> packet;
    while (!packet) {
      const std::size_t had = buffer.size();
      buffer.resize(needed);
      KNIT_CO_TRY_VOID(co_await io::read_exactly(stream, std::span(buffer).subspan(had)));
      KNIT_CO_TRY(packet, decode_packet(buffer, needed));
    }
    proto::PipelineAckProto ack;
    ack.set_seqno(packet->header.seqno);
    std::vector replies(pipeline.size(), proto::SUCCESS);
    bool close_after = false;
    if (packet->header.seqno == kHeartbeatSeqno) {
      ++heartbeats;
    } else {
      const auto fault = faults.packet ? faults.packet(packets) : Faults::Packet::kStore;
      ++packets;
      if (fault == Faults::Packet::kClose) co_return Status();
      if (fault == Faults::Packet::kSilence) {
        std::byte more[4096];  // swallows everything, answers nothing
        while ((co_await stream.read_some(more)).value_or(0) > 0) {
        }
        co_return Status();
      }
      if (fault == Faults::Packet::kLastNodeFails) replies.back() = proto::ERROR;
      if (fault == Faults::Packet::kRestart) {
        ack.set_seqno(kOutOfBandSeqno);
        replies.assign(1, proto::OOB_RESTART);
      }
      close_after = fault != Faults::Packet::kStore;
      if (packet->checksums.size() != spec.size_for(packet->data.size()) ||
          find_corrupt_chunk(spec, packet->data, packet->checksums)) {
        problems.push_back("wrong checksum");
      }
      const auto offset = static_cast<std::size_t>(packet->header.offset_in_block);
      if (offset % 512 != 0 && packet->data.size() > 512) problems.push_back("a long packet within a chunk");
      for (const DatanodeInfo& member : pipeline) {
        Replica& replica = replicas[{member.uuid, block}];
        if (fault == Faults::Packet::kLastNodeFails && &member == &pipeline.back()) continue;
        if (offset > replica.bytes.size()) problems.push_back("a gap between packets");
        replica.bytes.replace(std::min(offset, replica.bytes.size()), packet->data.size(),
                              text_of(packet->data));
        if (packet->header.last && fault == Faults::Packet::kStore) replica.finalized = true;
      }
    }
    for (const auto reply : replies) {
      ack.add_reply(reply);
      ack.add_flag(static_cast<std::uint32_t>(reply));
    }
    KNIT_CO_TRY_VOID(co_await stream.write(io::as_bytes(delimited(ack))));
    if (close_after || packet->header.last) co_return Status();
  }
}

io::Task<Status> FakeHdfs::serve_read(const DatanodeInfo& node, io::Stream& stream, std::string message) {
  const auto op = parse<proto::OpReadBlockProto>(message);
  if (faults.hang_read && faults.hang_read(node)) co_return co_await hear_no_more(stream);
  proto::BlockOpResponseProto answer;
  const auto found = replicas.find({node.uuid, op.header().baseheader().block().blockid()});
  const bool refuse = faults.refuse_token && faults.refuse_token(node);
  if (refuse || found == replicas.end() || op.offset() + op.len() > found->second.bytes.size()) {
    answer.set_status(refuse ? proto::ERROR_ACCESS_TOKEN : proto::ERROR);
    answer.set_message(refuse ? "token expired" : "no such replica");
    co_return co_await stream.write(io::as_bytes(delimited(answer)));
  }
  const ChecksumSpec spec;
  const std::string& bytes = found->second.bytes;
  answer.set_status(proto::SUCCESS);
  auto* info = answer.mutable_readopchecksuminfo();
  info->mutable_checksum()->set_type(proto::CHECKSUM_CRC32C);
  info->mutable_checksum()->set_bytesperchecksum(512);
  std::size_t at = op.offset() / 512 * 512;
  info->set_chunkoffset(at);
  std::string out = delimited(answer);
  const std::size_t end = std::min(bytes.size(), (op.offset() + op.len() + 511) / 512 * 512);
  PacketHeader header;
  while (true) {
    std::string data = bytes.substr(at, std::min<std::size_t>(65536, end - at));
    std::vector<std::byte> sums(spec.size_for(data.size())), room(kMaxPacketHeader);
    compute_checksums(spec, bytes_of(data), sums);
    if (!data.empty() && faults.corrupt_read && faults.corrupt_read(node)) data.back() ^= 1;
    header.offset_in_block = static_cast<std::int64_t>(at);
    header.data_length = static_cast<std::uint32_t>(data.size());
    header.last = data.empty();
    const std::size_t used = write_packet_header(header, sums.size(), room);
    out += text_of(std::span(room).last(used)) + text_of(sums) + data;
    ++header.seqno;
    at += data.size();
    if (faults.cut_read && faults.cut_read(node)) {
      co_return co_await stream.write(io::as_bytes(std::string_view(out).substr(0, out.size() - 1)));
    }
    KNIT_CO_TRY_VOID(co_await stream.write(io::as_bytes(out)));
    out.clear();
    if (header.last) break;
  }
  KNIT_CO_TRY(const std::string status, co_await read_delimited(stream));
  reads_verified += parse<proto::ClientReadStatusProto>(status).status() == proto::CHECKSUM_OK;
  co_return Status();
}

io::Task<Status> FakeHdfs::serve_transfer(const DatanodeInfo& node, io::Stream& stream, std::string message) {
  const auto op = parse<proto::OpTransferBlockProto>(message);
  const std::uint64_t id = op.header().baseheader().block().blockid();
  proto::BlockOpResponseProto answer;
  answer.set_status(replicas.contains({node.uuid, id}) ? proto::SUCCESS : proto::ERROR);
  if (answer.status() == proto::SUCCESS) {
    for (const auto& target : op.targets())
      replicas[{target.id().datanodeuuid(), id}] = replicas[{node.uuid, id}];
  }
  co_return co_await stream.write(io::as_bytes(delimited(answer)));
}

}  // namespace knit::hdfs
