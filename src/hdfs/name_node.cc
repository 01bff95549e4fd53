#include "hdfs/name_node.h"

#include <fmt/format.h>

#include "base/try.h"
#include "hdfs/convert.h"
#include "hdfs/proto/namenode.pb.h"
#include "rpc/call.h"

namespace knit::hdfs {
namespace {

namespace proto = hadoop::hdfs;

constexpr rpc::CallOptions kAtMostOnce{.repeat = rpc::Repeat::kAtMostOnce};

// Java's CreateFlag.
enum CreateFlag : std::uint32_t {
  kCreate = 0x01,
  kOverwrite = 0x02,
  kAppend = 0x04,
  kShouldReplicate = 0x80
};

// Ends a call whose answer holds nothing.
template <class Response>
Status nothing(Result<Response> answer) {
  if (!answer) return std::move(answer).error();
  return {};
}

Error not_found(std::string_view path) {
  return Error(ErrorCode::kNotFound, fmt::format("{} does not exist", path));
}

}  // namespace

io::Task<Result<std::optional<FileInfo>>> NameNode::get_file_info(std::string path) {
  proto::GetFileInfoRequestProto request;
  request.set_src(path);
  KNIT_CO_TRY(const auto answer,
              co_await rpc::call<proto::GetFileInfoResponseProto>(caller_, "getFileInfo", request));
  if (!answer.has_fs()) co_return std::optional<FileInfo>();
  co_return std::optional(decode(answer.fs()));
}

io::Task<Result<std::vector<FileInfo>>> NameNode::get_listing(std::string path) {
  std::vector<FileInfo> all;
  proto::GetListingRequestProto request;
  request.set_src(path);
  request.set_startafter("");
  request.set_needlocation(false);
  while (true) {
    KNIT_CO_TRY(const auto answer,
                co_await rpc::call<proto::GetListingResponseProto>(caller_, "getListing", request));
    if (!answer.has_dirlist()) co_return not_found(path);
    for (const auto& entry : answer.dirlist().partiallisting()) all.push_back(decode(entry));
    if (answer.dirlist().remainingentries() == 0) co_return all;
    if (all.size() + answer.dirlist().remainingentries() > kMaxListed) {
      co_return Error(ErrorCode::kResourceExhausted,
                      fmt::format("{} has more than {} entries", path, kMaxListed));
    }
    if (answer.dirlist().partiallisting().empty()) {
      co_return Error(ErrorCode::kDataLoss, fmt::format("the listing of {} stops before its end", path));
    }
    request.set_startafter(all.back().status.path);
  }
}

io::Task<Result<LocatedBlocks>> NameNode::get_block_locations(std::string path, std::uint64_t offset,
                                                              std::uint64_t length) {
  proto::GetBlockLocationsRequestProto request;
  request.set_src(path);
  request.set_offset(offset);
  request.set_length(length);
  KNIT_CO_TRY(const auto answer, co_await rpc::call<proto::GetBlockLocationsResponseProto>(
                                     caller_, "getBlockLocations", request));
  if (!answer.has_locations()) co_return not_found(path);
  co_return decode(answer.locations());
}

io::Task<Result<ServerDefaults>> NameNode::get_server_defaults() {
  KNIT_CO_TRY(const auto answer, co_await rpc::call<proto::GetServerDefaultsResponseProto>(
                                     caller_, "getServerDefaults", proto::GetServerDefaultsRequestProto()));
  co_return decode(answer.serverdefaults());
}

io::Task<Result<FileInfo>> NameNode::create(CreateCall call) {
  proto::CreateRequestProto request;
  request.set_src(call.path);
  request.mutable_masked()->set_perm(call.permission.masked);
  request.set_clientname(client_name_);
  request.set_createflag(kCreate | kShouldReplicate | (call.overwrite ? kOverwrite : 0));
  request.set_createparent(call.create_parents);
  request.set_replication(call.replication);
  request.set_blocksize(call.block_size);
  request.mutable_unmasked()->set_perm(call.permission.unmasked);
  KNIT_CO_TRY(const auto answer,
              co_await rpc::call<proto::CreateResponseProto>(caller_, "create", request, kAtMostOnce));
  if (!answer.has_fs()) co_return Error(ErrorCode::kDataLoss, "create: the answer has no file");
  co_return decode(answer.fs());
}

io::Task<Result<AppendAnswer>> NameNode::append(std::string path) {
  proto::AppendRequestProto request;
  request.set_src(path);
  request.set_clientname(client_name_);
  request.set_flag(kAppend);
  KNIT_CO_TRY(const auto answer,
              co_await rpc::call<proto::AppendResponseProto>(caller_, "append", request, kAtMostOnce));
  AppendAnswer out;
  if (answer.has_block()) out.last = decode(answer.block());
  if (answer.has_stat()) {
    out.file = decode(answer.stat());
    co_return out;
  }
  // A NameNode that cannot say whose file it opened: ask (ClientProtocol.append before 2.7 had no status).
  KNIT_CO_TRY(auto file, co_await get_file_info(path));
  if (!file) co_return not_found(path);
  out.file = *std::move(file);
  co_return out;
}

io::Task<Result<LocatedBlock>> NameNode::add_block(std::string path, std::uint64_t file_id,
                                                   std::optional<ExtendedBlock> previous,
                                                   std::span<const DatanodeInfo> excluded) {
  proto::AddBlockRequestProto request;
  request.set_src(path);
  request.set_clientname(client_name_);
  if (previous) encode(*previous, request.mutable_previous());
  for (const DatanodeInfo& node : excluded) encode(node, request.add_excludenodes());
  request.set_fileid(file_id);
  KNIT_CO_TRY(const auto answer,
              co_await rpc::call<proto::AddBlockResponseProto>(caller_, "addBlock", request));
  co_return decode(answer.block());
}

io::Task<Status> NameNode::abandon_block(ExtendedBlock block, std::string path, std::uint64_t file_id) {
  proto::AbandonBlockRequestProto request;
  encode(block, request.mutable_b());
  request.set_src(path);
  request.set_holder(client_name_);
  request.set_fileid(file_id);
  co_return nothing(co_await rpc::call<proto::AbandonBlockResponseProto>(caller_, "abandonBlock", request));
}

io::Task<Result<bool>> NameNode::complete(std::string path, std::uint64_t file_id,
                                          std::optional<ExtendedBlock> last) {
  proto::CompleteRequestProto request;
  request.set_src(path);
  request.set_clientname(client_name_);
  if (last) encode(*last, request.mutable_last());
  request.set_fileid(file_id);
  KNIT_CO_TRY(const auto answer,
              co_await rpc::call<proto::CompleteResponseProto>(caller_, "complete", request));
  co_return answer.result();
}

io::Task<Status> NameNode::fsync(std::string path, std::uint64_t file_id,
                                 std::optional<std::uint64_t> last_block_length) {
  proto::FsyncRequestProto request;
  request.set_src(path);
  request.set_client(client_name_);
  request.set_lastblocklength(last_block_length ? static_cast<std::int64_t>(*last_block_length) : -1);
  request.set_fileid(file_id);
  co_return nothing(co_await rpc::call<proto::FsyncResponseProto>(caller_, "fsync", request));
}

io::Task<Result<LocatedBlock>> NameNode::update_block_for_pipeline(ExtendedBlock block) {
  proto::UpdateBlockForPipelineRequestProto request;
  encode(block, request.mutable_block());
  request.set_clientname(client_name_);
  KNIT_CO_TRY(const auto answer, co_await rpc::call<proto::UpdateBlockForPipelineResponseProto>(
                                     caller_, "updateBlockForPipeline", request));
  co_return decode(answer.block());
}

io::Task<Status> NameNode::update_pipeline(ExtendedBlock old_block, ExtendedBlock new_block,
                                           std::span<const DatanodeInfo> nodes,
                                           std::span<const std::string> storage_ids) {
  proto::UpdatePipelineRequestProto request;
  request.set_clientname(client_name_);
  encode(old_block, request.mutable_oldblock());
  encode(new_block, request.mutable_newblock());
  for (const DatanodeInfo& node : nodes) encode(node, request.add_newnodes());
  for (const std::string& id : storage_ids) request.add_storageids(id);
  co_return nothing(co_await rpc::call<proto::UpdatePipelineResponseProto>(caller_, "updatePipeline", request,
                                                                           kAtMostOnce));
}

io::Task<Result<LocatedBlock>> NameNode::get_additional_datanode(std::string path, std::uint64_t file_id,
                                                                 const LocatedBlock& pipeline,
                                                                 std::span<const DatanodeInfo> excluded) {
  proto::GetAdditionalDatanodeRequestProto request;
  request.set_src(path);
  encode(pipeline.block, request.mutable_blk());
  for (const DatanodeInfo& node : pipeline.nodes) encode(node, request.add_existings());
  for (const DatanodeInfo& node : excluded) encode(node, request.add_excludes());
  request.set_numadditionalnodes(1);
  request.set_clientname(client_name_);
  for (const std::string& id : pipeline.storage_ids) request.add_existingstorageuuids(id);
  request.set_fileid(file_id);
  KNIT_CO_TRY(const auto answer, co_await rpc::call<proto::GetAdditionalDatanodeResponseProto>(
                                     caller_, "getAdditionalDatanode", request));
  co_return decode(answer.block());
}

io::Task<Status> NameNode::renew_lease() {
  proto::RenewLeaseRequestProto request;
  request.set_clientname(client_name_);
  co_return nothing(co_await rpc::call<proto::RenewLeaseResponseProto>(caller_, "renewLease", request));
}

io::Task<Result<bool>> NameNode::recover_lease(std::string path) {
  proto::RecoverLeaseRequestProto request;
  request.set_src(path);
  request.set_clientname(client_name_);
  KNIT_CO_TRY(const auto answer,
              co_await rpc::call<proto::RecoverLeaseResponseProto>(caller_, "recoverLease", request));
  co_return answer.result();
}

io::Task<Status> NameNode::mkdirs(std::string path, Permission permission, bool create_parents) {
  proto::MkdirsRequestProto request;
  request.set_src(path);
  request.mutable_masked()->set_perm(permission.masked);
  request.set_createparent(create_parents);
  request.mutable_unmasked()->set_perm(permission.unmasked);
  KNIT_CO_TRY(const auto answer, co_await rpc::call<proto::MkdirsResponseProto>(caller_, "mkdirs", request));
  if (!answer.result()) {
    co_return Error(ErrorCode::kInternal,
                    fmt::format("the NameNode did not make {} and does not say why", path));
  }
  co_return Status();
}

namespace {

io::Task<Status> rename(rpc::Caller& caller, proto::Rename2RequestProto request) {
  co_return nothing(co_await rpc::call<proto::Rename2ResponseProto>(caller, "rename2", request, kAtMostOnce));
}

}  // namespace

io::Task<Status> NameNode::rename2(std::string from, std::string to, bool overwrite) {
  proto::Rename2RequestProto request;
  request.set_src(from);
  request.set_dst(to);
  request.set_overwritedest(overwrite);
  co_return co_await rename(caller_, std::move(request));
}

io::Task<Status> NameNode::rename_to_trash(std::string from, std::string to) {
  proto::Rename2RequestProto request;
  request.set_src(from);
  request.set_dst(to);
  request.set_overwritedest(false);
  request.set_movetotrash(true);
  co_return co_await rename(caller_, std::move(request));
}

io::Task<Result<bool>> NameNode::remove(std::string path, bool recursive) {
  proto::DeleteRequestProto request;
  request.set_src(path);
  request.set_recursive(recursive);
  KNIT_CO_TRY(const auto answer,
              co_await rpc::call<proto::DeleteResponseProto>(caller_, "delete", request, kAtMostOnce));
  co_return answer.result();
}

io::Task<Status> NameNode::set_permission(std::string path, std::uint16_t permission) {
  proto::SetPermissionRequestProto request;
  request.set_src(path);
  request.mutable_permission()->set_perm(permission);
  co_return nothing(co_await rpc::call<proto::SetPermissionResponseProto>(caller_, "setPermission", request));
}

io::Task<Status> NameNode::set_times(std::string path, WallTime modified) {
  proto::SetTimesRequestProto request;
  request.set_src(path);
  request.set_mtime(static_cast<std::uint64_t>(modified.time_since_epoch().count()));
  request.set_atime(~std::uint64_t{0});  // -1
  co_return nothing(co_await rpc::call<proto::SetTimesResponseProto>(caller_, "setTimes", request));
}

}  // namespace knit::hdfs
