// What the frames of Hadoop RPC v9 contain: calls, the connection context, pings and SASL messages one way,
// answers the other. Learned from ProtoUtil, Client and RpcConstants of Hadoop 3.4.2.
#pragma once

#include <knit/result.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hadoop::common {
class RpcSaslProto;
}

namespace knit::rpc {

// RpcConstants, Server, SaslUtil
inline constexpr std::int32_t kAuthorizationFailedCallId = -1;
inline constexpr std::int32_t kContextCallId = -3;
inline constexpr std::int32_t kPingCallId = -4;
inline constexpr std::int32_t kSaslCallId = -33;
inline constexpr std::size_t kClientIdSize = 16;

// What every header of one client says.
struct CallerId {
  std::string client_id;       // 16 random bytes: with the call id the key of the server's retry cache
  std::string caller_context;  // free text for audit logs; empty: none
};

// One call. `retry_count` is 0 at the first try; a repeated call keeps its id and counts up.
struct CallHeader {
  std::int32_t call_id = 0;
  std::int32_t retry_count = 0;
  std::string_view method;
  std::string_view protocol;
};

std::string call_frame(const CallerId& caller, const CallHeader& header, std::string_view request);
// `user` none: authenticated by token, so the user info is present but empty
// (ProtoUtil.makeIpcConnectionContext).
std::string context_frame(const CallerId& caller, std::string_view protocol,
                          const std::optional<std::string>& user);
std::string ping_frame(const CallerId& caller);
std::string sasl_frame(const hadoop::common::RpcSaslProto& message);

enum class AnswerStatus { kSuccess, kError, kFatal };

// One frame from a server.
struct Answer {
  std::int32_t call_id = 0;
  AnswerStatus status = AnswerStatus::kSuccess;
  std::string exception_class;  // on kError and kFatal: a Java class
  std::string message;          // as it came, with the Java stack
  bool unauthorized = false;    // errorDetail is FATAL_UNAUTHORIZED
  std::string body;             // on kSuccess: the response message, or RpcSaslProto
};

// kDataLoss for anything that is not a header followed, on success, by exactly one message.
Result<Answer> decode_answer(std::string frame);

}  // namespace knit::rpc
