// The daemons themselves. A driver.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "io/net.h"
#include "master/cluster.h"
#include "rpc/client.h"

namespace knit::master {

// Gives Hadoop's CallerContext, for audit logs.
using CallerContext = std::function<std::string()>;

class YarnScheduler final : public Scheduler {
 public:
  YarnScheduler(std::vector<io::HostPort> addresses, security::Token token, CallerContext context);

  io::Task<Result<yarn::RegisterResponse>> register_master(yarn::RegisterRequest request) override;
  io::Task<Result<yarn::AllocateResponse>> allocate(yarn::AllocateRequest request) override;
  io::Task<Result<bool>> finish(yarn::FinishRequest request) override;
  void use_token(security::Token token) override;

 private:
  rpc::Client rpc_;
  yarn::MasterProtocol protocol_;
};

// One connection a node, closed when it has been idle for some seconds; tokens are kept for ever, for each is
// sent once.
class YarnNodes final : public Nodes {
 public:
  explicit YarnNodes(CallerContext context) : context_(std::move(context)) {}
  void use_token(const NodeId& node, security::Token token) override;
  io::Task<Status> start(NodeId node, yarn::StartRequest request) override;
  io::Task<Status> stop(NodeId node, ContainerId container) override;
  io::Task<Status> signal(NodeId node, ContainerId container, yarn::ContainerSignal signal) override;

 private:
  struct Peer;
  Result<std::shared_ptr<Peer>> peer(const NodeId& node);
  void forget_idle();

  CallerContext context_;
  std::map<NodeId, security::Token> tokens_;
  std::map<NodeId, std::shared_ptr<Peer>> peers_;
};

}  // namespace knit::master
