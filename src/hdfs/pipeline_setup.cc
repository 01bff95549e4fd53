#include "hdfs/pipeline_setup.h"

#include <fmt/format.h>

#include "base/try.h"
#include "io/wait.h"

namespace knit::hdfs {
namespace {

// Byte by byte at first: nothing of what follows the answer may be taken.
io::Task<Result<OperationAnswer>> read_answer(io::Stream& stream) {
  std::vector<std::byte> arrived;
  std::size_t needed = 1;
  while (true) {
    const std::size_t had = arrived.size();
    arrived.resize(needed);
    KNIT_CO_TRY_VOID(co_await io::read_exactly(stream, std::span(arrived).subspan(had)));
    KNIT_CO_TRY(const auto view, decode_delimited(arrived, needed));
    if (view) co_return decode_answer(view->message);
  }
}

io::Task<Result<OperationAnswer>> exchange(io::Stream& stream, const Options& options,
                                           const std::string& operation, std::size_t nodes) {
  KNIT_CO_TRY_VOID(co_await io::run_until(io::after(options.write_timeout_of(nodes)),
                                          stream.write(io::as_bytes(operation))));
  co_return co_await io::run_until(io::after(options.read_timeout_of(nodes)), read_answer(stream));
}

}  // namespace

io::Task<PipelineSetup> set_up_pipeline(DataNodes& nodes, const Options& options, WriteOperation operation) {
  const std::vector<DatanodeInfo>& pipeline = operation.target.nodes;
  const std::string bytes = encode_operation(operation);
  auto stream = co_await nodes.connect(pipeline.front());
  if (!stream) co_return PipelineFailure{.node = 0, .error = std::move(stream).error()};
  auto answer = co_await exchange(**stream, options, bytes, pipeline.size());
  if (!answer) {
    // With one timeout for all, the node before the one that hangs says so in time; where ours is shorter
    // than the DataNodes', nobody has.
    const bool certain = pipeline.size() == 1 || answer.error().code() != ErrorCode::kDeadlineExceeded;
    co_return PipelineFailure{
        .node = 0,
        .certain = certain,
        .error = std::move(answer).error().with_context("DataNode " + transfer_address(pipeline.front()))};
  }
  if (answer->status == TransferStatus::kSuccess) co_return std::move(*stream);
  std::size_t bad = 0;
  for (std::size_t n = 0; n < pipeline.size(); ++n) {
    if (answer->first_bad_link == transfer_address(pipeline[n])) bad = n;
  }
  const std::string_view why =
      answer->message.empty() ? to_string(answer->status) : std::string_view(answer->message);
  co_return PipelineFailure{
      .node = bad,
      .restarting = answer->status == TransferStatus::kRestarting,
      .error = Error(ErrorCode::kUnavailable,
                     fmt::format("DataNode {}: {}", transfer_address(pipeline[bad]), why))};
}

io::Task<Status> transfer_replica(DataNodes& nodes, const Options& options, DatanodeInfo source,
                                  const ExtendedBlock& block, const LocatedBlock& target,
                                  const std::string& client) {
  const std::string bytes = encode_operation(
      TransferOperation{.block = block, .token = target.token, .client = client, .targets = target});
  KNIT_CO_TRY(const auto stream, co_await nodes.connect(source));
  // As DataStreamer.computeTransferReadTimeout: more time for more bytes, one socket timeout for each 200
  // packets.
  const std::size_t units = 2 + static_cast<std::size_t>(block.length / options.packet_size / 200);
  KNIT_CO_TRY(const auto answer, co_await exchange(*stream, options, bytes, units));
  if (answer.status != TransferStatus::kSuccess) {
    co_return Error(
        ErrorCode::kUnavailable,
        fmt::format("DataNode {}: {}", transfer_address(source),
                    answer.message.empty() ? to_string(answer.status) : std::string_view(answer.message)));
  }
  co_return Status();
}

}  // namespace knit::hdfs
