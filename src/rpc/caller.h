// One remote call as bytes: what the protocol clients of yarn and hdfs need of an RPC connection, and what
// their tests script. rpc::Client is the real one.
#pragma once

#include <knit/result.h>

#include <chrono>
#include <optional>
#include <string>

#include "io/task.h"
#include "rpc/limits.h"

namespace knit::rpc {

struct CallOptions {
  Repeat repeat = Repeat::kSafe;
  std::optional<std::chrono::milliseconds>
      timeout;  // of one try; default: the caller's own (Limits::call_timeout)
};

// Sends a serialized request and returns the serialized answer. An answer that is an error carries the Java
// class of the exception in Error::remote_exception.
class Caller {
 public:
  virtual ~Caller() = default;
  virtual io::Task<Result<std::string>> call(std::string method, std::string request,
                                             CallOptions options = {}) = 0;
};

}  // namespace knit::rpc
