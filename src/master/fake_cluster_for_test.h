// A YARN cluster in memory that a master can be run against, for tests: it gives containers, runs "programs"
// and can be told to misbehave.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/try.h"
#include "io/wait.h"
#include "master/cluster.h"

namespace knit::master {

class FakeCluster final : public Scheduler, public Nodes {
 public:
  // How a program behaves: how long it runs and what YARN says of its end.
  struct Program {
    io::Duration lasts = std::chrono::seconds(1);
    std::int32_t status = 0;
    std::string diagnostics;
  };
  struct Start {
    ContainerId container;
    NodeId node;
    std::map<std::string, std::string> environment;
    std::string tokens;
    std::string instance() const { return environment.at("KNIT_INSTANCE"); }
    std::string restart() const { return environment.at("KNIT_RESTART_COUNT"); }
  };

  // What a test sets.
  int nodes = 3;
  int capacity = 1000;       // containers that may exist at once
  int per_heartbeat = 1000;  // containers given in one answer
  bool only_named = false;   // none from other nodes while some are asked for by name
  std::function<Program(const Start&)> program = [](const Start&) { return Program(); };
  // Before a call is handled ("register", "allocate", "finish", "start", "stop"): an error is its answer.
  // `number` counts calls of that kind from 1. With `lost_answer` set the call is handled all the same.
  std::function<std::optional<Error>(std::string_view method, int number, bool* lost_answer)> trouble;
  io::Duration beat_takes{};                                      // before the answer to allocate()
  std::function<io::Task<Status>(NodeId, ContainerId)> on_start;  // an error refuses the start
  std::function<void(ContainerId, yarn::ContainerSignal)> on_signal;
  bool recovers_late = false;                // kept containers are told by a later answer
  bool deaf = false;                         // NodeManagers stop nothing
  int finish_rounds = 2;                     // answers "false" before "true"
  std::optional<security::Token> new_token;  // sent with the next answer

  // What a test sees.
  std::vector<Start> starts;
  std::vector<ContainerId> stopped, released;
  std::vector<std::pair<ContainerId, yarn::ContainerSignal>> signalled;
  std::vector<yarn::AllocateRequest> requests;
  std::vector<yarn::FinishRequest> finishes;
  int registrations = 0, tokens_used = 0;
  int given = 0;
  bool registered = false, finished = false;
  std::size_t live() const { return running_.size() + waiting_.size(); }

  // The ResourceManager restarts: it forgets asks and registration; containers that run go on.
  void restart() {
    registered = false;
    owed_.clear();
    response_id_ = 0;
    cached_.reset();
  }
  // The attempt's master has died and another follows: what runs is kept, what was given and not started is
  // not, and what the last answer told is told again.
  void begin_attempt() {
    restart();
    for (const auto& container : std::set(waiting_)) end(container, -100, "Container killed by the RM");
    ready_.clear();
    told_.clear();
    opened_.clear();
    completed_.insert(completed_.end(), sent_.begin(), sent_.end());
  }
  // Nobody knows this container any more.
  void forget(const ContainerId& container) { running_.erase(container); }
  // Ends a container from outside.
  void end(const ContainerId& container, std::int32_t status, std::string diagnostics = {}) {
    if (running_.erase(container) + waiting_.erase(container) == 0) return;
    completed_.push_back({.id = container, .exit_status = status, .diagnostics = std::move(diagnostics)});
  }
  void lose_node(int number) {
    for (const auto& [container, node] : std::map(running_)) {
      if (node == node_id(number)) end(container, -100, "Container released on a *lost* node");
    }
  }
  static NodeId node_id(int number) { return {"node" + std::to_string(number), 45454}; }

  io::Task<Result<yarn::RegisterResponse>> register_master(yarn::RegisterRequest) override {
    bool lost = false;
    if (auto error = check("register", &lost); error && !lost) co_return *error;
    if (registered)
      co_return remote("InvalidApplicationMasterRequestException",
                       "Application Master is already registered : x");
    registered = true;
    ++registrations;
    if (lost) co_return lost_error();
    yarn::RegisterResponse response;
    response.queue = "root.default";
    response.maximum = {ByteSize::mib(8192), 4, {}};
    if (recovers_late && registrations > 1) co_return response;
    for (const auto& [container, node] : running_) {
      response.previous_containers.push_back({.id = container, .node = node});
      if (told_.insert(node).second) response.nm_tokens.push_back(token_for(node));
    }
    co_return response;
  }

  io::Task<Result<yarn::AllocateResponse>> allocate(yarn::AllocateRequest request) override {
    bool lost = false;
    requests.push_back(request);
    if (beat_takes > io::Duration::zero()) KNIT_CO_TRY_VOID(co_await io::sleep_for(beat_takes));
    if (auto error = check("allocate", &lost); error && !lost) co_return *error;
    if (!registered) co_return remote("ApplicationMasterNotRegisteredException", "AM should re-register.");
    if (cached_ && request.response_id == response_id_ - 1) co_return *cached_;
    if (request.response_id != response_id_) {
      co_return remote("InvalidApplicationMasterRequestException", "expect responseId to be N but get M");
    }
    for (const auto& ask : request.asks) owed_[ask.place] = ask.count;
    for (const auto& container : request.releases) {
      released.push_back(container);
      end(container, -100, "Container released by application");
    }
    yarn::AllocateResponse response = answer(request);
    cached_ = response;
    // What is given now was allocated after this request, so it comes with the next.
    allocate_more();
    if (lost) co_return lost_error();
    co_return response;
  }

  io::Task<Result<bool>> finish(yarn::FinishRequest request) override {
    bool lost = false;
    if (auto error = check("finish", &lost); error && !lost) co_return *error;
    if (finished) co_return remote("ApplicationAttemptNotFoundException", "gone");
    if (!registered) co_return remote("ApplicationMasterNotRegisteredException", "AM should re-register.");
    finishes.push_back(request);
    finished = static_cast<int>(finishes.size()) > finish_rounds;
    if (finished) waiting_.clear();
    if (lost) co_return lost_error();
    co_return finished;
  }

  void use_token(security::Token) override { ++tokens_used; }

  void use_token(const NodeId& node, security::Token) override { opened_.insert(node); }

  io::Task<Status> start(NodeId node, yarn::StartRequest request) override {
    bool lost = false;
    if (auto error = check("start", &lost); error && !lost) co_return *error;
    if (!opened_.contains(node)) co_return Error(ErrorCode::kUnauthenticated, "no NM token");
    if (on_start) {
      auto allowed = co_await on_start(node, request.id);
      if (!allowed) co_return allowed;
    }
    if (running_.contains(request.id))
      co_return remote("YarnException", "Container x already is running on this node!!");
    if (waiting_.erase(request.id) == 0) co_return remote("YarnException", "no such container");
    running_.emplace(request.id, node);
    starts.push_back({request.id, node, request.context.environment, request.context.tokens});
    group_.spawn(run(starts.back()));
    if (lost) co_return lost_error();
    co_return Status();
  }

  io::Task<Status> stop(NodeId, ContainerId container) override {
    bool lost = false;
    if (auto error = check("stop", &lost); error && !lost) co_return *error;
    stopped.push_back(container);
    if (deaf) co_return Error(ErrorCode::kUnavailable, "the NodeManager does not answer");
    end(container, -105, "Container killed by the ApplicationMaster.");
    co_return Status();
  }

  io::Task<Status> signal(NodeId, ContainerId container, yarn::ContainerSignal signal) override {
    signalled.emplace_back(container, signal);
    if (on_signal) on_signal(container, signal);
    co_return Status();
  }

  io::Task<void> close() { co_await group_.stop(); }

  static Error remote(std::string java_class, std::string message) {
    return Error(ErrorCode::kInternal, std::move(message), "org.apache.hadoop.yarn.exceptions." + java_class);
  }

 private:
  static Error lost_error() { return Error(ErrorCode::kUnavailable, "the answer was lost"); }

  std::optional<Error> check(std::string_view method, bool* lost) {
    const int number = ++calls_[std::string(method)];
    return trouble ? trouble(method, number, lost) : std::nullopt;
  }

  static yarn::NmToken token_for(const NodeId& node) {
    return {node, security::Token{"nm", std::string("x"), "NMToken", ""}};
  }

  yarn::AllocateResponse answer(const yarn::AllocateRequest&) {
    yarn::AllocateResponse response;
    response.response_id = ++response_id_;
    response.nodes = nodes;
    response.available = Resource{ByteSize::mib(1024), 2, {}};
    response.allocated = std::exchange(ready_, {});
    for (const auto& container : response.allocated) {
      if (!told_.insert(container.node).second) continue;
      response.nm_tokens.push_back(token_for(container.node));
    }
    response.completed = sent_ = std::exchange(completed_, {});
    response.amrm_token = std::exchange(new_token, std::nullopt);
    if (recovers_late && registrations > 1 && response_id_ == 5) {
      for (const auto& [container, node] : running_)
        response.previous_containers.push_back({.id = container, .node = node});
    }
    return response;
  }

  // One that is asked for by name, or else each in turn.
  NodeId next_node() {
    for (int i = 0; i < nodes; ++i) {
      if (auto& named = owed_[node_id(i).host]; named > 0) {
        --named;
        --owed_["/rack"];
        return node_id(i);
      }
    }
    return node_id(given % nodes);
  }

  void allocate_more() {
    auto& outstanding = owed_["*"];
    const bool named = std::any_of(owed_.begin(), owed_.end(),
                                   [](const auto& owed) { return owed.first != "*" && owed.second > 0; });
    if (only_named && named) return;
    for (int i = 0; i < per_heartbeat && outstanding > 0 && static_cast<int>(live()) < capacity; ++i) {
      --outstanding;
      yarn::Container container;
      container.id = {{{1700, 1}, 1}, ++given + 1};
      container.node = next_node();
      container.node_http_address = container.node.host + ":8042";
      container.resource = {ByteSize::mib(1024), 1, {}};
      container.allocation_request_id = 1;
      waiting_.insert(container.id);
      ready_.push_back(container);
    }
  }

  io::Task<void> run(Start start) {
    const Program program = this->program(start);
    if (!co_await io::sleep_for(program.lasts)) co_return;
    end(start.container, program.status, program.diagnostics);
  }

  std::map<std::string, int> calls_;
  std::set<NodeId> told_, opened_;
  std::map<std::string, std::int32_t> owed_;  // by place
  std::int32_t response_id_ = 0;
  std::optional<yarn::AllocateResponse> cached_;
  std::vector<yarn::Container> ready_;
  std::set<ContainerId> waiting_;
  std::map<ContainerId, NodeId> running_;
  std::vector<yarn::ContainerStatus> completed_, sent_;  // sent: and not yet known to have been heard
  io::TaskGroup group_;
};

}  // namespace knit::master
