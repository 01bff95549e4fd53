// The two sides of YARN that a master talks to, as interfaces: yarn_cluster.h speaks to the daemons, tests
// script them.
#pragma once

#include <knit/ids.h>
#include <knit/result.h>

#include "io/task.h"
#include "security/token.h"
#include "yarn/application_master.h"
#include "yarn/node_manager.h"

namespace knit::master {

// The ResourceManager. One call at a time. Each call ends by itself, within a minute or two.
class Scheduler {
 public:
  virtual ~Scheduler() = default;
  virtual io::Task<Result<yarn::RegisterResponse>> register_master(yarn::RegisterRequest request) = 0;
  virtual io::Task<Result<yarn::AllocateResponse>> allocate(yarn::AllocateRequest request) = 0;
  virtual io::Task<Result<bool>> finish(yarn::FinishRequest request) = 0;
  // Every later connection shows this token, and the present one is replaced soon, to prove that it works
  // while the old token would still be accepted.
  virtual void use_token(security::Token token) = 0;
};

// The NodeManagers. Any number of calls at a time, each bounded.
class Nodes {
 public:
  virtual ~Nodes() = default;
  // What opens this node; replaces an earlier one.
  virtual void use_token(const NodeId& node, security::Token token) = 0;
  virtual io::Task<Status> start(NodeId node, yarn::StartRequest request) = 0;
  virtual io::Task<Status> stop(NodeId node, ContainerId container) = 0;
  virtual io::Task<Status> signal(NodeId node, ContainerId container, yarn::ContainerSignal signal) = 0;
};

}  // namespace knit::master
