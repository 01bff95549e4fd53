#include "rpc/messages.h"

#include "base/try.h"
#include "rpc/decode.h"
#include "rpc/frame.h"
#include "rpc/proto/ipc_connection_context.pb.h"
#include "rpc/proto/rpc_engine.pb.h"
#include "rpc/proto/rpc_header.pb.h"

namespace knit::rpc {
namespace {

namespace proto = hadoop::common;

constexpr std::int32_t kNoRetryCount = -1;  // RpcConstants.INVALID_RETRY_COUNT

// ProtoUtil.makeRpcRequestHeader. The fields Java leaves to their defaults are written all the same, as Java
// does.
proto::RpcRequestHeaderProto header(std::int32_t call_id, std::int32_t retry_count,
                                    const std::string& client_id, const std::string& caller_context) {
  proto::RpcRequestHeaderProto header;
  header.set_rpckind(proto::RPC_PROTOCOL_BUFFER);
  header.set_rpcop(proto::RpcRequestHeaderProto::RPC_FINAL_PACKET);
  header.set_callid(call_id);
  header.set_clientid(client_id);
  header.set_retrycount(retry_count);
  if (!caller_context.empty()) header.mutable_callercontext()->set_context(caller_context);
  return header;
}

}  // namespace

std::string call_frame(const CallerId& caller, const CallHeader& call, std::string_view request) {
  proto::RequestHeaderProto method;
  method.set_methodname(call.method.data(), call.method.size());
  method.set_declaringclassprotocolname(call.protocol.data(), call.protocol.size());
  method.set_clientprotocolversion(1);  // of every protocol, 2.7 to 3.5
  FrameWriter frame;
  frame.add(header(call.call_id, call.retry_count, caller.client_id, caller.caller_context));
  frame.add(method).add_bytes(request);
  return std::move(frame).finish();
}

std::string context_frame(const CallerId& caller, std::string_view protocol,
                          const std::optional<std::string>& user) {
  proto::IpcConnectionContextProto context;
  auto& info = *context.mutable_userinfo();
  if (user) info.set_effectiveuser(*user);
  context.set_protocol(protocol.data(), protocol.size());
  FrameWriter frame;
  frame.add(header(kContextCallId, kNoRetryCount, caller.client_id, caller.caller_context)).add(context);
  return std::move(frame).finish();
}

std::string ping_frame(const CallerId& caller) {
  FrameWriter frame;
  frame.add(header(kPingCallId, kNoRetryCount, caller.client_id, {}));
  return std::move(frame).finish();
}

std::string sasl_frame(const proto::RpcSaslProto& message) {
  FrameWriter frame;
  frame.add(header(kSaslCallId, kNoRetryCount, {}, {})).add(message);
  return std::move(frame).finish();
}

Result<Answer> decode_answer(std::string frame) {
  DelimitedReader reader(frame);
  KNIT_TRY(const std::string_view bytes, reader.next("header"));
  KNIT_TRY(auto header, decode<proto::RpcResponseHeaderProto>(bytes, "a header"));
  Answer answer;
  // Unsigned here, signed in requests: -33 arrives as 4294967263.
  answer.call_id = static_cast<std::int32_t>(header.callid());
  if (header.status() == proto::RpcResponseHeaderProto::SUCCESS) {
    KNIT_TRY(const std::string_view body, reader.next("message"));
    if (reader.remaining() != 0) {
      return Error(ErrorCode::kDataLoss,
                   fmt::format("{} bytes follow the message of an answer", reader.remaining()));
    }
    // The frame becomes the body: an answer may be 128 MiB.
    const auto length = body.size();
    frame.erase(0, static_cast<std::size_t>(body.data() - frame.data()));
    frame.resize(length);
    answer.body = std::move(frame);
    return answer;
  }
  answer.status =
      header.status() == proto::RpcResponseHeaderProto::ERROR ? AnswerStatus::kError : AnswerStatus::kFatal;
  answer.exception_class = std::move(*header.mutable_exceptionclassname());
  answer.message = std::move(*header.mutable_errormsg());
  answer.unauthorized = header.errordetail() == proto::RpcResponseHeaderProto::FATAL_UNAUTHORIZED;
  return answer;
}

}  // namespace knit::rpc
