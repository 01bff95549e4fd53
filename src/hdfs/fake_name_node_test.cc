// The NameNode of FakeHdfs.
#include <fmt/format.h>

#include <algorithm>

#include "fs/path.h"
#include "hdfs/convert.h"
#include "hdfs/fake_hdfs_for_test.h"
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

Error java(std::string name, ErrorCode code, std::string text) {
  return Error(code, std::move(text), std::move(name));
}

}  // namespace

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
  script_files(*caller);
  script_names(*caller);
  script_leases(*caller);
  script_blocks(*caller);
  script_open_files(*caller);
  script_pipelines(*caller);
  script_locations(*caller);
  return std::make_unique<HdfsFileSystem>("fake:8020", std::move(caller), make_nodes(), options, next_id_++);
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

void fill(const ExtendedBlock& block, std::uint64_t offset, const std::vector<DatanodeInfo>& places,
          proto::LocatedBlockProto* out) {
  encode(block, out->mutable_b());
  out->set_offset(offset);
  for (const DatanodeInfo& node : places) {
    encode(node, out->add_locs());
    out->add_storagetypes(proto::DISK);
    out->add_storageids("DS-" + node.uuid);
  }
  out->set_corrupt(false);
  encode(security::Token(), out->mutable_blocktoken());
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
    out->mutable_ecpolicy()->set_id(1);  // of a built-in policy a NameNode sends no more
  }
}

}  // namespace

void FakeHdfs::script_files(ScriptedCaller& caller) {
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
}

void FakeHdfs::script_names(ScriptedCaller& caller) {
  auto& on = caller.handlers;
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
}

void FakeHdfs::script_leases(ScriptedCaller& caller) {
  auto& on = caller.handlers;
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
  on["addBlock"] = [this](const std::string& bytes) -> Result<std::string> {
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
}

void FakeHdfs::script_open_files(ScriptedCaller& caller) {
  auto& on = caller.handlers;
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
  on["append"] = [this](const std::string& bytes) -> Result<std::string> {
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
}

void FakeHdfs::script_pipelines(ScriptedCaller& caller) {
  auto& on = caller.handlers;
  on["updateBlockForPipeline"] = [this](const std::string& bytes) -> Result<std::string> {
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
  on["getAdditionalDatanode"] = [this](const std::string& bytes) -> Result<std::string> {
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
}

void FakeHdfs::script_locations(ScriptedCaller& caller) {
  auto& on = caller.handlers;
  on["getBlockLocations"] = [this](const std::string& bytes) -> Result<std::string> {
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
      out->mutable_ecpolicy()->set_id(1);  // of a built-in policy a NameNode sends no more
    }
    return answer.SerializeAsString();
  };
}

}  // namespace knit::hdfs
