#include "hdfs/data_nodes.h"

#include <fmt/format.h>

#include "base/try.h"
#include "hdfs/convert.h"
#include "hdfs/proto/datanode.pb.h"
#include "io/net.h"
#include "io/wait.h"
#include "rpc/call.h"
#include "rpc/client.h"

namespace knit::hdfs {
namespace {

constexpr std::string_view kDatanodeProtocol = "org.apache.hadoop.hdfs.protocol.ClientDatanodeProtocol";

class TcpDataNodes final : public DataNodes {
 public:
  explicit TcpDataNodes(const Options& options) : options_(options) {}

  io::Task<Result<std::unique_ptr<io::Stream>>> connect(DatanodeInfo node) override {
    const io::HostPort address{host(node), node.transfer_port};
    auto stream = co_await io::run_until(io::after(options_.connect_timeout), io::connect(address));
    if (stream || stream.error().code() != ErrorCode::kDeadlineExceeded) co_return std::move(stream);
    co_return Error(ErrorCode::kDeadlineExceeded,
                    fmt::format("{} did not answer within {} s", io::to_string(address),
                                options_.connect_timeout.count() / 1000));
  }

  io::Task<Result<std::uint64_t>> visible_length(DatanodeInfo node, ExtendedBlock block,
                                                 security::Token token) override {
    rpc::Service service{.name = fmt::format("DataNode {}", host(node)),
                         .protocol = std::string(kDatanodeProtocol),
                         .addresses = {{host(node), node.ipc_port}},
                         .identity = {.user = options_.user, .token = std::nullopt},
                         .caller_context = {}};
    // With block tokens on, the DataNode knows us by the block's.
    if (!token.identifier.empty()) service.identity.token = std::move(token);
    rpc::Client client(std::move(service), {.connect_timeout = options_.connect_timeout,
                                            .call_timeout = options_.socket_timeout,
                                            .failover_deadline = options_.connect_timeout});
    hadoop::hdfs::GetReplicaVisibleLengthRequestProto request;
    encode(block, request.mutable_block());
    KNIT_CO_TRY(const auto answer, co_await rpc::call<hadoop::hdfs::GetReplicaVisibleLengthResponseProto>(
                                       client, "getReplicaVisibleLength", request));
    co_return answer.length();
  }

 private:
  const std::string& host(const DatanodeInfo& node) const {
    return options_.use_datanode_hostname ? node.host : node.ip;
  }
  Options options_;
};

}  // namespace

std::unique_ptr<DataNodes> make_data_nodes(const Options& options) {
  return std::make_unique<TcpDataNodes>(options);
}

}  // namespace knit::hdfs
