#include "master/yarn_cluster.h"

#include <fmt/format.h>

#include "base/try.h"

namespace knit::master {
namespace {

// Clients kept at the same time; idle ones beyond it are dropped.
constexpr std::size_t kMaxPeers = 500;

rpc::Service scheduler_service(std::vector<io::HostPort> addresses, security::Token token,
                               CallerContext context) {
  rpc::Service service;
  service.name = "ResourceManager (scheduler)";
  service.protocol = std::string(yarn::kMasterProtocol);
  service.addresses = std::move(addresses);
  service.identity.token = std::move(token);
  service.caller_context = std::move(context);
  return service;
}

rpc::Limits scheduler_limits() {
  rpc::Limits limits;
  // An allocate call is answered in milliseconds; one that is not is better asked again.
  limits.call_timeout = std::chrono::seconds(30);
  // Beats come once a second at least, so the connection is never idle while all is well.
  limits.idle_close = std::chrono::seconds(60);
  return limits;
}

rpc::Service node_service(const NodeId& node, security::Token token, CallerContext context) {
  rpc::Service service;
  service.name = "NodeManager";
  service.protocol = std::string(yarn::kNodeManagerProtocol);
  service.addresses = {{node.host, static_cast<std::uint16_t>(node.port)}};
  service.identity.token = std::move(token);
  service.caller_context = std::move(context);
  return service;
}

rpc::Limits node_limits() {
  rpc::Limits limits;
  // The launcher tries again by itself, so one try gives up early.
  limits.failover_deadline = std::chrono::seconds(10);
  limits.call_timeout = std::chrono::seconds(30);
  return limits;
}

}  // namespace

YarnScheduler::YarnScheduler(std::vector<io::HostPort> addresses, security::Token token,
                             CallerContext context)
    : rpc_(scheduler_service(std::move(addresses), std::move(token), std::move(context)), scheduler_limits()),
      protocol_(rpc_) {}

io::Task<Result<yarn::RegisterResponse>> YarnScheduler::register_master(yarn::RegisterRequest request) {
  return protocol_.register_master(std::move(request));
}

io::Task<Result<yarn::AllocateResponse>> YarnScheduler::allocate(yarn::AllocateRequest request) {
  return protocol_.allocate(std::move(request));
}

io::Task<Result<bool>> YarnScheduler::finish(yarn::FinishRequest request) {
  return protocol_.finish(std::move(request));
}

void YarnScheduler::use_token(security::Token token) {
  rpc_.use_token(std::move(token));
}

struct YarnNodes::Peer {
  Peer(const NodeId& node, const security::Token& token, const CallerContext& context)
      : rpc(node_service(node, token, context), node_limits()), protocol(rpc) {}
  rpc::Client rpc;
  yarn::NodeManager protocol;
};

void YarnNodes::use_token(const NodeId& node, security::Token token) {
  auto& kept = tokens_[node];
  if (kept == token) return;
  kept = std::move(token);
  // A NodeManager checks the key of the token again at each start, so a new token needs a new connection.
  if (const auto peer = peers_.find(node); peer != peers_.end()) peer->second->rpc.use_token(kept);
}

void YarnNodes::forget_idle() {
  for (auto it = peers_.begin(); it != peers_.end();) {
    it = it->second.use_count() == 1 ? peers_.erase(it) : std::next(it);
  }
}

Result<std::shared_ptr<YarnNodes::Peer>> YarnNodes::peer(const NodeId& node) {
  const auto token = tokens_.find(node);
  if (token == tokens_.end()) {
    return Error(ErrorCode::kUnauthenticated,
                 fmt::format("the ResourceManager has sent no token for node {}", to_string(node)));
  }
  if (peers_.size() >= kMaxPeers && !peers_.contains(node)) forget_idle();
  auto& peer = peers_[node];
  if (!peer) peer = std::make_shared<Peer>(node, token->second, context_);
  return peer;
}

io::Task<Status> YarnNodes::start(NodeId node, yarn::StartRequest request) {
  KNIT_CO_TRY(const auto peer, this->peer(node));
  std::vector<yarn::StartRequest> requests;
  requests.push_back(std::move(request));
  KNIT_CO_TRY(auto results, co_await peer->protocol.start(std::move(requests)));
  KNIT_ASSERT(results.size() == 1, "one result for one container");
  co_return std::move(results.front());
}

io::Task<Status> YarnNodes::stop(NodeId node, ContainerId container) {
  KNIT_CO_TRY(const auto peer, this->peer(node));
  KNIT_CO_TRY(auto results, co_await peer->protocol.stop({container}));
  KNIT_ASSERT(results.size() == 1, "one result for one container");
  co_return std::move(results.front());
}

io::Task<Status> YarnNodes::signal(NodeId node, ContainerId container, yarn::ContainerSignal signal) {
  KNIT_CO_TRY(const auto peer, this->peer(node));
  co_return co_await peer->protocol.signal(container, signal);
}

}  // namespace knit::master
