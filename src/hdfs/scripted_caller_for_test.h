// For tests: a NameNode that is a script.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/try.h"
#include "io/wait.h"
#include "rpc/caller.h"

namespace knit::hdfs {

// Answers each call by the handler of its method; records what was asked.
class ScriptedCaller final : public rpc::Caller {
 public:
  struct Call {
    std::string method, request;
    rpc::Repeat repeat;
  };
  using Handler = std::function<Result<std::string>(const std::string& request)>;

  io::Task<Result<std::string>> call(std::string method, std::string request,
                                     rpc::CallOptions options = {}) override {
    calls.push_back({method, request, options.repeat});
    if (takes_time) KNIT_CO_TRY_VOID(co_await io::yield());
    const auto handler = handlers.find(method);
    if (handler == handlers.end()) co_return Error(ErrorCode::kInternal, "no script for " + method);
    auto answer = handler->second(request);
    // Carried out, and the answer is long on its way.
    if (const auto delay = delays.find(method); delay != delays.end()) {
      KNIT_CO_TRY_VOID(co_await io::sleep_for(delay->second));
    }
    co_return answer;
  }
  // How often a method was called.
  std::size_t count(std::string_view method) const {
    std::size_t n = 0;
    for (const Call& call : calls) n += call.method == method;
    return n;
  }

  std::map<std::string, Handler> handlers;
  std::map<std::string, std::chrono::milliseconds> delays;  // by method
  std::vector<Call> calls;
  bool takes_time = false;  // as over a network: a cancelled task's calls fail
};

}  // namespace knit::hdfs
