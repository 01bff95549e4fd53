// Typed calls: protobuf messages over a Caller.
#pragma once

#include <string>
#include <utility>

#include "rpc/caller.h"
#include "rpc/decode.h"

namespace knit::rpc {

// One call of `method`. An incomplete request is a Bug. Besides the Caller's errors: kDataLoss for an answer
// that is no Response.
template <class Response, class Request>
io::Task<Result<Response>> call(Caller& caller, std::string method, const Request& request,
                                CallOptions options = {}) {
  std::string bytes;
  if (!request.IsInitialized() || !request.SerializePartialToString(&bytes)) {
    throw Bug("incomplete request for " + method);
  }
  auto answer = co_await caller.call(method, std::move(bytes), options);
  if (!answer) co_return std::move(answer).error();
  co_return decode<Response>(*answer, "the answer to " + method);
}

}  // namespace knit::rpc
