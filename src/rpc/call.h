// Typed calls: protobuf messages over a Caller.
#pragma once

#include <fmt/format.h>
#include <google/protobuf/message_lite.h>

#include "rpc/caller.h"

namespace knit::rpc {

// Decodes a message whole. Not ParseFromString: the lite runtime prints what is missing to stderr.
template <class Message>
Result<Message> decode(const std::string& bytes, std::string_view what) {
  Message message;
  if (!message.ParsePartialFromString(bytes) || !message.IsInitialized()) {
    return Error(ErrorCode::kDataLoss,
                 fmt::format("{}: the answer cannot be decoded ({} bytes)", what, bytes.size()));
  }
  return message;
}

template <class Response, class Request>
io::Task<Result<Response>> call(Caller& caller, std::string method, const Request& request,
                                CallOptions options = {}) {
  std::string bytes;
  if (!request.IsInitialized() || !request.SerializePartialToString(&bytes)) {
    throw Bug("incomplete request for " + method);
  }
  auto answer = co_await caller.call(method, std::move(bytes), options);
  if (!answer) co_return std::move(answer).error();
  co_return decode<Response>(*answer, method);
}

}  // namespace knit::rpc
