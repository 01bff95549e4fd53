// Protobuf messages from bytes that came from outside: the one place that parses.
#pragma once

#include <fmt/format.h>
#include <google/protobuf/message_lite.h>
#include <knit/result.h>

#include <limits>
#include <string_view>

namespace knit::rpc {

// Decodes a message whole; kDataLoss otherwise. `what` names it in the error. Not ParseFromString: the lite
// runtime prints what is missing to stderr.
template <class Message>
Result<Message> decode(std::string_view bytes, std::string_view what) {
  Message message;
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()) ||
      !message.ParsePartialFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
      !message.IsInitialized()) {
    return Error(ErrorCode::kDataLoss, fmt::format("{} cannot be decoded ({} bytes)", what, bytes.size()));
  }
  return message;
}

}  // namespace knit::rpc
