#include "hdfs/block_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/try.h"

namespace knit::hdfs {
namespace {

// DataStreamer gives up after five recoveries without an acknowledgement between them: then the bytes, not
// the DataNodes, are the trouble.
constexpr int kMaxRecoveries = 5;

BlockPipeline::Options pipeline_options(const WriteContext& context, std::uint64_t start) {
  return {.checksum = context.checksum,
          .block_size = context.file.status.block_size,
          .start = start,
          .packet_size = context.options.packet_size,
          .heartbeat = context.options.socket_timeout / 2};
}

}  // namespace

BlockWriter::BlockWriter(const WriteContext& context, LocatedBlock pipeline, std::uint64_t start)
    : context_(context),
      pipeline_(std::move(pipeline)),
      transfer_(pipeline_options(context, start), io::now()) {
  pipeline_.block.length = context.file.status.block_size;
}

io::Task<std::variant<std::unique_ptr<BlockWriter>, PipelineFailure>> BlockWriter::create(
    const WriteContext& context, LocatedBlock target) {
  std::unique_ptr<BlockWriter> writer(new BlockWriter(context, std::move(target), 0));
  auto setup = co_await set_up_pipeline(
      context.data_nodes, context.options,
      {.target = writer->pipeline_, .client = context.name_node.client_name(), .checksum = context.checksum});
  if (auto* failure = std::get_if<PipelineFailure>(&setup)) co_return std::move(*failure);
  writer->start(std::get<0>(std::move(setup)));
  co_return std::move(writer);
}

io::Task<Result<std::unique_ptr<BlockWriter>>> BlockWriter::append(const WriteContext& context,
                                                                   LocatedBlock last) {
  const std::uint64_t length = last.block.length;
  std::unique_ptr<BlockWriter> writer(new BlockWriter(context, std::move(last), length));
  writer->is_append_ = true;
  Status fatal;
  auto failure = co_await writer->renew(PipelineStage::kAppend, fatal);
  if (!fatal) co_return std::move(fatal).error();
  if (failure) KNIT_CO_TRY_VOID(co_await writer->recover(*std::move(failure)));
  co_return std::move(writer);
}

ExtendedBlock BlockWriter::block() const {
  ExtendedBlock block = pipeline_.block;
  block.length = core().acknowledged();
  return block;
}

void BlockWriter::start(std::unique_ptr<io::Stream> stream) {
  streamed_ = true;
  const std::size_t nodes = pipeline_.nodes.size();
  transfer_.start(std::move(stream), nodes, context_.options.write_timeout_of(nodes),
                  context_.options.read_timeout_of(nodes));
}

io::Task<void> BlockWriter::stop() {
  return transfer_.stop();
}

template <class Done>
io::Task<Status> BlockWriter::wait_until(Done done) {
  if (fatal_) co_return *fatal_;
  while (true) {
    transfer_.forget_changes();
    if (auto failure = transfer_.take_failure()) {
      if (Status recovered = co_await recover(*std::move(failure)); !recovered) {
        fatal_ = recovered.error();
        co_return recovered;
      }
    }
    if (done()) co_return Status();
    transfer_.poke();
    KNIT_CO_TRY_VOID(co_await transfer_.wait_for_change());
  }
}

io::Task<Result<std::size_t>> BlockWriter::write(std::span<const std::byte> bytes) {
  KNIT_CO_TRY_VOID(co_await wait_until([this] { return core().has_room() || core().full(); }));
  const std::size_t taken = core().write(bytes);
  if (core().wants_to_send()) transfer_.poke();
  co_return taken;
}

io::Task<Status> BlockWriter::flush(bool sync) {
  const std::int64_t seqno = core().flush(sync);
  co_return co_await wait_until([this, seqno] {
    flushed_ = flushed_ || core().is_acknowledged(seqno);
    return core().is_acknowledged(seqno);
  });
}

io::Task<Status> BlockWriter::finish() {
  core().finish();
  KNIT_CO_TRY_VOID(co_await wait_until([this] { return core().finished(); }));
  co_await stop();
  co_return Status();
}

io::Task<Status> BlockWriter::recover(PipelineFailure failure) {
  while (true) {
    co_await stop();
    if (failure.error.code() == ErrorCode::kCancelled) co_return failure.error;
    if (core().recoveries() >= kMaxRecoveries) {
      co_return failure.error.with_context(fmt::format("{} did not work after {} recoveries of its pipeline",
                                                       to_string(pipeline_.block), kMaxRecoveries));
    }
    KNIT_CO_TRY_VOID(co_await leave_out(failure));
    if (!core().closing()) co_await replace_node();
    const PipelineStage stage = core().closing()           ? PipelineStage::kCloseRecovery
                                : is_append_ && !streamed_ ? PipelineStage::kAppendRecovery
                                                           : PipelineStage::kStreamingRecovery;
    Status fatal;
    auto again = co_await renew(stage, fatal);
    if (!fatal) co_return fatal;
    if (!again) co_return Status();
    failure = *std::move(again);
  }
}

io::Task<Status> BlockWriter::leave_out(const PipelineFailure& failure) {
  // The only DataNode, and it said that it will be back: wait for it (DataStreamer.handleRestartingDatanode).
  if (failure.restarting && !restart_deadline_)
    restart_deadline_ = io::after(context_.options.restart_timeout);
  if (restart_deadline_ && pipeline_.nodes.size() == 1 && io::now() < *restart_deadline_) {
    co_return co_await io::sleep_for(
        std::min(context_.options.restart_timeout, std::chrono::milliseconds(4000)));
  }
  if (pipeline_.nodes.size() <= 1) {
    co_return failure.error.with_context(
        fmt::format("no DataNode is left to write {} to; the last one was {}", to_string(pipeline_.block),
                    transfer_address(pipeline_.nodes.front())));
  }
  const std::size_t bad = std::min(failure.node, pipeline_.nodes.size() - 1);
  const auto at = static_cast<std::ptrdiff_t>(bad);
  failed_.push_back(pipeline_.nodes[bad]);
  pipeline_.nodes.erase(pipeline_.nodes.begin() + at);
  pipeline_.storage_types.erase(pipeline_.storage_types.begin() + at);
  if (!pipeline_.storage_ids.empty()) pipeline_.storage_ids.erase(pipeline_.storage_ids.begin() + at);
  co_return Status();
}

io::Task<void> BlockWriter::replace_node() {
  // ReplaceDatanodeOnFailure's DEFAULT policy, with its best-effort switch on.
  const std::size_t replication = context_.file.status.replication;
  const std::size_t left = pipeline_.nodes.size();
  if (replication < 3 || (left > replication / 2 && !is_append_ && !flushed_) || left >= replication)
    co_return;
  LocatedBlock present = pipeline_;
  present.block.length = core().acknowledged();
  auto wider = co_await context_.name_node.get_additional_datanode(context_.path, context_.file.file_id,
                                                                   present, failed_);
  if (!wider || wider->nodes.size() != left + 1) co_return;
  std::size_t added = 0;
  while (added < wider->nodes.size() && std::ranges::find(pipeline_.nodes, wider->nodes[added].uuid,
                                                          &DatanodeInfo::uuid) != pipeline_.nodes.end()) {
    ++added;
  }
  if (added == wider->nodes.size()) co_return;
  LocatedBlock target = *wider;
  target.nodes = {wider->nodes[added]};
  target.storage_types = {wider->storage_types[added]};
  if (!wider->storage_ids.empty()) target.storage_ids = {wider->storage_ids[added]};
  const Status copied =
      co_await transfer_replica(context_.data_nodes, context_.options, pipeline_.nodes.front(), present.block,
                                target, context_.name_node.client_name());
  if (!copied) {
    failed_.push_back(target.nodes.front());
    co_return;
  }
  pipeline_.nodes = wider->nodes;
  pipeline_.storage_types = wider->storage_types;
  pipeline_.storage_ids = wider->storage_ids;
}

io::Task<std::optional<PipelineFailure>> BlockWriter::renew(PipelineStage stage, Status& fatal) {
  const ExtendedBlock old_block = block();
  auto renewed = co_await context_.name_node.update_block_for_pipeline(old_block);
  if (!renewed) {
    fatal = std::move(renewed).error();
    co_return std::nullopt;
  }
  pipeline_.token = renewed->token;
  const std::uint64_t generation = renewed->block.generation;
  auto setup = co_await set_up_pipeline(context_.data_nodes, context_.options,
                                        {.target = pipeline_,
                                         .client = context_.name_node.client_name(),
                                         .stage = stage,
                                         .least_received = core().acknowledged(),
                                         .most_received = core().sent(),
                                         .generation = generation,
                                         .checksum = context_.checksum});
  if (auto* failure = std::get_if<PipelineFailure>(&setup)) co_return std::move(*failure);
  ExtendedBlock new_block = old_block;
  new_block.generation = generation;
  fatal = co_await context_.name_node.update_pipeline(old_block, new_block, pipeline_.nodes,
                                                      pipeline_.storage_ids);
  if (!fatal) co_return std::nullopt;
  pipeline_.block.generation = generation;
  restart_deadline_.reset();
  if (stage != PipelineStage::kAppend) core().resend(io::now());
  if (!core().finished()) start(std::get<0>(std::move(setup)));
  co_return std::nullopt;
}

}  // namespace knit::hdfs
