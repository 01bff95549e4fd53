#include "hdfs/fake_hdfs_test.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/try.h"
#include "fs/path.h"
#include "hdfs/convert.h"
#include "hdfs/golden_test.h"
#include "hdfs/proto/datatransfer.pb.h"
#include "hdfs/proto/namenode.pb.h"

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

Error java(std::string name, ErrorCode code, std::string text) {
  return Error(code, std::move(text), std::move(name));
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

}  // namespace

// ---- DataNodes ----

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
    const auto found = cluster_.replicas.find({node.uuid, block.id});
    if (found == cluster_.replicas.end()) {
      co_return java("org.apache.hadoop.hdfs.server.datanode.ReplicaNotFoundException", ErrorCode::kNotFound,
                     "none");
    }
    co_return std::uint64_t{found->second.bytes.size()};
  }

 private:
  FakeHdfs& cluster_;
};

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

// ---- NameNode ----

FakeHdfs::FakeHdfs(std::size_t count) : servers_(std::make_unique<io::TaskGroup>()) {
  for (std::size_t n = 0; n < count; ++n) {
    nodes.push_back({.ip = fmt::format("10.0.0.{}", n + 1),
                     .host = fmt::format("dn{}", n),
                     .uuid = fmt::format("uuid-{}", n),
                     .transfer_port = 9866,
                     .ipc_port = 9867,
                     .location = "/default-rack"});
  }
  files["/"] = {.id = 1, .permission = 0755, .is_directory = true};
}

FakeHdfs::~FakeHdfs() {
  loop.run(servers_->stop());
  for (const std::string& problem : problems) ADD_FAILURE() << "what no client may do: " << problem;
}

std::unique_ptr<HdfsFileSystem> FakeHdfs::file_system(Options options) {
  if (options.user.empty()) options.user = "alice";
  auto caller = std::make_unique<ScriptedCaller>();
  name_node = caller.get();
  script(*caller);
  script_blocks(*caller);
  return std::make_unique<HdfsFileSystem>("fake:8020", std::move(caller), std::make_unique<Nodes>(*this),
                                          options, next_id_++);
}

void FakeHdfs::run_until_set(const std::function<bool()>& done) {
  using namespace std::chrono_literals;
  const auto limit = loop.now() + 1h;
  loop.run_ready();
  // Whatever is ready happens before time passes, so that no step is missed.
  while (!done()) {
    if (loop.now() > limit) throw std::runtime_error("an hour has passed");
    loop.advance(20ms);
  }
}

FakeFile* FakeHdfs::find(const std::string& path) {
  const auto found = files.find(path);
  return found == files.end() ? nullptr : &found->second;
}

FakeFile* FakeHdfs::file_of_block(std::uint64_t id) {
  for (auto& [path, file] : files) {
    for (const ExtendedBlock& block : file.blocks) {
      if (block.id == id) return &file;
    }
  }
  return nullptr;
}

std::string FakeHdfs::stored(const std::string& path) {
  const FakeFile* file = find(path);
  if (!file) return "no such file";
  if (!file->holder.empty()) return "still open";
  std::string all;
  for (const ExtendedBlock& block : file->blocks) {
    std::optional<std::string> bytes;
    for (const DatanodeInfo& node : file->places.at(block.id)) {
      const Replica& replica = replicas[{node.uuid, block.id}];
      if (!replica.finalized || replica.generation != block.generation) return "a replica is stale";
      if (replica.bytes.size() != block.length) return "a replica has another length";
      if (bytes && *bytes != replica.bytes) return "replicas differ";
      bytes = replica.bytes;
    }
    if (!bytes) return "a block without replicas";
    all += *bytes;
  }
  return all;
}

namespace {

Error no_file(const std::string& path) {
  return java("java.io.FileNotFoundException", ErrorCode::kNotFound, "File does not exist: " + path);
}

void fill_status(const FakeFile& file, const std::string& name, proto::HdfsFileStatusProto* out) {
  out->set_filetype(file.is_directory ? proto::HdfsFileStatusProto::IS_DIR
                                      : proto::HdfsFileStatusProto::IS_FILE);
  out->set_path(name);
  std::uint64_t length = 0;
  for (const ExtendedBlock& block : file.blocks) length += block.length;
  out->set_length(length);
  out->mutable_permission()->set_perm(file.permission);
  out->set_owner("alice");
  out->set_group("g");
  out->set_modification_time(1'700'000'000'000);
  out->set_access_time(1'700'000'000'000);
  out->set_block_replication(file.replication);
  out->set_blocksize(file.block_size);
  out->set_fileid(file.id);
  if (file.encrypted) {
    auto* info = out->mutable_fileencryptioninfo();
    info->set_suite(proto::AES_CTR_NOPADDING);
    info->set_cryptoprotocolversion(proto::ENCRYPTION_ZONES);
    info->set_key("k");
    info->set_iv("i");
    info->set_keyname("thekey");
    info->set_ezkeyversionname("v");
  }
  if (file.erasure_coded) {
    out->mutable_ecpolicy()->set_name("RS-6-3-1024k");
    out->mutable_ecpolicy()->set_id(1);
  }
}

}  // namespace

void FakeHdfs::script(ScriptedCaller& caller) {
  auto& on = caller.handlers;
  on["getServerDefaults"] = [](const std::string&) -> Result<std::string> {
    proto::GetServerDefaultsResponseProto answer;
    auto* defaults = answer.mutable_serverdefaults();
    defaults->set_blocksize(128 << 20);
    defaults->set_bytesperchecksum(512);
    defaults->set_writepacketsize(65536);
    defaults->set_replication(3);
    defaults->set_filebuffersize(4096);
    return answer.SerializeAsString();
  };
  on["getFileInfo"] = [this](const std::string& bytes) -> Result<std::string> {
    proto::GetFileInfoResponseProto answer;
    const FakeFile* file = find(parse<proto::GetFileInfoRequestProto>(bytes).src());
    if (file) fill_status(*file, "", answer.mutable_fs());
    return answer.SerializeAsString();
  };
  on["create"] = [this](const std::string& bytes) -> Result<std::string> {
    const auto request = parse<proto::CreateRequestProto>(bytes);
    if (const FakeFile* old = find(request.src());
        old && (!(request.createflag() & 2) || old->is_directory)) {
      return java("org.apache.hadoop.fs.FileAlreadyExistsException", ErrorCode::kAlreadyExists, "exists");
    }
    if (!find(std::string(fs::parent_path(request.src())))) return no_file("parent");
    files[request.src()] = {.id = next_id_++,
                            .replication = request.replication(),
                            .block_size = request.blocksize(),
                            .permission = static_cast<std::uint16_t>(request.masked().perm()),
                            .holder = request.clientname()};
    proto::CreateResponseProto answer;
    fill_status(files[request.src()], "", answer.mutable_fs());
    return answer.SerializeAsString();
  };
  on["mkdirs"] = [this](const std::string& bytes) -> Result<std::string> {
    const auto request = parse<proto::MkdirsRequestProto>(bytes);
    for (std::string path = request.src(); path != "/"; path = fs::parent_path(path)) {
      const FakeFile* file = find(path);
      if (!file || file->is_directory) continue;
      const bool itself = path == request.src();
      return java(itself ? "org.apache.hadoop.fs.FileAlreadyExistsException"
                         : "org.apache.hadoop.fs.ParentNotDirectoryException",
                  itself ? ErrorCode::kAlreadyExists : ErrorCode::kFailedPrecondition,
                  path + " is no directory");
    }
    for (std::string path = request.src(); !find(path); path = fs::parent_path(path)) {
      files[path] = {.id = next_id_++,
                     .permission = static_cast<std::uint16_t>(request.masked().perm()),
                     .is_directory = true};
    }
    proto::MkdirsResponseProto answer;
    answer.set_result(true);
    return answer.SerializeAsString();
  };
  on["delete"] = [this](const std::string& bytes) -> Result<std::string> {
    proto::DeleteResponseProto answer;
    answer.set_result(files.erase(parse<proto::DeleteRequestProto>(bytes).src()) > 0);
    return answer.SerializeAsString();
  };
  on["rename2"] = [this](const std::string& bytes) -> Result<std::string> {
    const auto request = parse<proto::Rename2RequestProto>(bytes);
    if (!find(request.src())) return no_file(request.src());
    auto node = files.extract(request.src());
    node.key() = request.dst();
    files.insert(std::move(node));
    return std::string();
  };
  on["renewLease"] = [](const std::string&) -> Result<std::string> { return std::string(); };
  on["recoverLease"] = [this](const std::string& bytes) -> Result<std::string> {
    FakeFile* file = find(parse<proto::RecoverLeaseRequestProto>(bytes).src());
    if (!file) return no_file("");
    file->holder.clear();
    for (ExtendedBlock& block : file->blocks) {
      for (const DatanodeInfo& node : file->places[block.id]) {
        Replica& replica = replicas[{node.uuid, block.id}];
        replica.finalized = true;
        block.length = replica.bytes.size();
      }
    }
    proto::RecoverLeaseResponseProto answer;
    answer.set_result(true);
    return answer.SerializeAsString();
  };
}

void FakeHdfs::script_blocks(ScriptedCaller& caller) {
  auto& on = caller.handlers;
  const auto fill = [](const ExtendedBlock& block, std::uint64_t offset,
                       const std::vector<DatanodeInfo>& places, proto::LocatedBlockProto* out) {
    encode(block, out->mutable_b());
    out->set_offset(offset);
    for (const DatanodeInfo& node : places) {
      encode(node, out->add_locs());
      out->add_storagetypes(proto::DISK);
      out->add_storageids("DS-" + node.uuid);
    }
    out->set_corrupt(false);
    encode(security::Token(), out->mutable_blocktoken());
  };
  on["addBlock"] = [this, fill](const std::string& bytes) -> Result<std::string> {
    const auto request = parse<proto::AddBlockRequestProto>(bytes);
    if (faults.not_replicated_yet > 0) {
      --faults.not_replicated_yet;
      return java("org.apache.hadoop.hdfs.server.namenode.NotReplicatedYetException",
                  ErrorCode::kFailedPrecondition, "not yet");
    }
    FakeFile* file = find(request.src());
    if (!file || file->id != request.fileid() || file->holder != request.clientname()) {
      return java("org.apache.hadoop.hdfs.server.namenode.LeaseExpiredException",
                  ErrorCode::kFailedPrecondition, "no lease");
    }
    if (request.has_previous() != !file->blocks.empty()) problems.push_back("previous block");
    if (request.has_previous()) file->blocks.back() = decode(request.previous());
    std::vector<DatanodeInfo> places;
    for (const DatanodeInfo& node : nodes) {
      const auto is_node = [&](const auto& excluded) { return excluded.id().datanodeuuid() == node.uuid; };
      if (std::ranges::any_of(request.excludenodes(), is_node)) continue;
      if (places.size() < file->replication) places.push_back(node);
    }
    if (places.empty()) {
      return java(
          "java.io.IOException", ErrorCode::kInternal,
          fmt::format("File {} could only be written to 0 of the 1 minReplication nodes. There are {} "
                      "datanode(s) running and {} node(s) are excluded in this operation.",
                      request.src(), nodes.size(), request.excludenodes_size()));
    }
    const ExtendedBlock block{.pool = "BP", .id = next_block_++, .generation = next_generation_++};
    file->blocks.push_back(block);
    file->places[block.id] = places;
    proto::AddBlockResponseProto answer;
    fill(block, 0, places, answer.mutable_block());
    return answer.SerializeAsString();
  };
  on["abandonBlock"] = [this](const std::string& bytes) -> Result<std::string> {
    const auto request = parse<proto::AbandonBlockRequestProto>(bytes);
    FakeFile* file = find(request.src());
    if (!file || file->blocks.back().id != request.b().blockid())
      problems.push_back("abandons another block");
    if (file) file->blocks.pop_back();
    return std::string();
  };
  on["complete"] = [this](const std::string& bytes) -> Result<std::string> {
    const auto request = parse<proto::CompleteRequestProto>(bytes);
    FakeFile* file = find(request.src());
    if (!file || file->holder != request.clientname()) {
      return java("org.apache.hadoop.hdfs.server.namenode.LeaseExpiredException",
                  ErrorCode::kFailedPrecondition, "no lease");
    }
    proto::CompleteResponseProto answer;
    answer.set_result(faults.incomplete_answers == 0);
    if (faults.incomplete_answers > 0) --faults.incomplete_answers;
    if (request.has_last()) file->blocks.back() = decode(request.last());
    if (answer.result()) file->holder.clear();
    return answer.SerializeAsString();
  };
  on["fsync"] = [this](const std::string& bytes) -> Result<std::string> {
    const auto request = parse<proto::FsyncRequestProto>(bytes);
    const FakeFile* file = find(request.src());
    if (!file || file->id != request.fileid() || file->holder != request.client()) {
      return java("org.apache.hadoop.hdfs.server.namenode.LeaseExpiredException",
                  ErrorCode::kFailedPrecondition, "no lease");
    }
    if (request.lastblocklength() >= 0) {
      find(request.src())->blocks.back().length = static_cast<std::uint64_t>(request.lastblocklength());
    }
    return std::string();
  };
  on["append"] = [this, fill](const std::string& bytes) -> Result<std::string> {
    const auto request = parse<proto::AppendRequestProto>(bytes);
    FakeFile* file = find(request.src());
    if (!file) return no_file(request.src());
    if (!file->holder.empty()) {
      return java("org.apache.hadoop.hdfs.protocol.AlreadyBeingCreatedException",
                  ErrorCode::kFailedPrecondition, "held by " + file->holder);
    }
    file->holder = request.clientname();
    proto::AppendResponseProto answer;
    if (!file->blocks.empty() && file->blocks.back().length < file->block_size) {
      fill(file->blocks.back(), 0, file->places[file->blocks.back().id], answer.mutable_block());
    }
    fill_status(*file, "", answer.mutable_stat());
    return answer.SerializeAsString();
  };
  on["updateBlockForPipeline"] = [this, fill](const std::string& bytes) -> Result<std::string> {
    ExtendedBlock block = decode(parse<proto::UpdateBlockForPipelineRequestProto>(bytes).block());
    block.generation = 1000 + next_generation_++;
    proto::UpdateBlockForPipelineResponseProto answer;
    fill(block, 0, {}, answer.mutable_block());
    return answer.SerializeAsString();
  };
  on["updatePipeline"] = [this](const std::string& bytes) -> Result<std::string> {
    const auto request = parse<proto::UpdatePipelineRequestProto>(bytes);
    const ExtendedBlock now = decode(request.newblock());
    FakeFile* file = file_of_block(now.id);
    if (!file) return no_file("of the block");
    for (ExtendedBlock& block : file->blocks) {
      if (block.id != now.id) continue;
      if (block.generation != request.oldblock().generationstamp()) problems.push_back("old generation");
      if (now.length < block.length) problems.push_back("a shorter block");
      block = now;
    }
    auto& places = file->places[now.id];
    places.clear();
    for (const auto& id : request.newnodes()) {
      places.push_back(*std::ranges::find(nodes, id.datanodeuuid(), &DatanodeInfo::uuid));
    }
    return std::string();
  };
  on["getAdditionalDatanode"] = [this, fill](const std::string& bytes) -> Result<std::string> {
    const auto request = parse<proto::GetAdditionalDatanodeRequestProto>(bytes);
    std::vector<DatanodeInfo> places;
    std::set<std::string> not_these;
    for (const auto& node : request.excludes()) not_these.insert(node.id().datanodeuuid());
    for (const auto& node : request.existings()) {
      not_these.insert(node.id().datanodeuuid());
      places.push_back(*std::ranges::find(nodes, node.id().datanodeuuid(), &DatanodeInfo::uuid));
    }
    for (const DatanodeInfo& node : nodes) {
      if (places.size() == static_cast<std::size_t>(request.existings_size()) &&
          !not_these.contains(node.uuid)) {
        places.push_back(node);
      }
    }
    proto::GetAdditionalDatanodeResponseProto answer;
    fill(decode(request.blk()), 0, places, answer.mutable_block());
    return answer.SerializeAsString();
  };
  on["getBlockLocations"] = [this, fill](const std::string& bytes) -> Result<std::string> {
    const auto request = parse<proto::GetBlockLocationsRequestProto>(bytes);
    const FakeFile* file = find(request.src());
    if (!file) return no_file(request.src());
    proto::GetBlockLocationsResponseProto answer;
    auto* out = answer.mutable_locations();
    std::uint64_t offset = 0;
    const bool open = !file->holder.empty();
    for (const ExtendedBlock& block : file->blocks) {
      const bool last = &block == &file->blocks.back();
      if (open && last) break;
      fill(block, offset, file->places.at(block.id), out->add_blocks());
      offset += block.length;
    }
    if (!file->blocks.empty()) {
      const ExtendedBlock& last = file->blocks.back();
      fill(last, open ? offset : offset - last.length, file->places.at(last.id), out->mutable_lastblock());
    }
    out->set_filelength(offset);
    out->set_underconstruction(open);
    out->set_islastblockcomplete(!open);
    if (file->erasure_coded) {
      out->mutable_ecpolicy()->set_name("RS-6-3-1024k");
      out->mutable_ecpolicy()->set_id(1);
    }
    return answer.SerializeAsString();
  };
}

}  // namespace knit::hdfs
