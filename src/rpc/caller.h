// One remote call as bytes: what the protocol clients of yarn and hdfs need of an RPC connection, and what
// their tests script. rpc::Client is the real one.
#pragma once

#include <knit/result.h>

#include <chrono>
#include <optional>
#include <string>

#include "io/task.h"

namespace knit::rpc {

// What may be done with a call whose answer did not come.
enum class Repeat {
  kSafe,        // idempotent: repeat freely
  kAtMostOnce,  // guarded by the server's retry cache: repeat with the same client id and call id
  kNever,       // the caller finds out what happened
};

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
