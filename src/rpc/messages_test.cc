#include "rpc/messages.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "rpc/fake_server_for_test.h"

namespace knit::rpc {
namespace {

constexpr std::string_view kRm = "org.apache.hadoop.yarn.api.ApplicationClientProtocolPB";

TEST(Messages, SimpleConnectionIsByteForByteJavas) {
  const std::string java = golden("rpc/rm-application-list.c2s.bin");
  const auto frames = frames_of(std::string_view(java).substr(7));
  const auto context = decode_from_client(frames.at(0));
  ASSERT_TRUE(context);
  const CallerId caller{context->header.clientid(), "CLI"};
  ASSERT_EQ(caller.client_id.size(), kClientIdSize);
  const std::string ours = preamble(AuthProtocol::kNone) + context_frame(caller, kRm, "root") +
                           call_frame(caller, {0, 0, "getApplications", kRm}, "\x10\x03\x10\x04\x10\x05");
  EXPECT_EQ(base::hex_encode(ours), base::hex_encode(java));
}

TEST(Messages, TokenConnectionIsByteForByteJavas) {
  for (const char* name : {"am-nm-start", "am-nm-status", "am-nm-stop", "am-rm-token"}) {
    const std::string java = golden(std::string("rpc/") + name + ".c2s.bin");
    EXPECT_EQ(java.substr(0, 7), preamble(AuthProtocol::kSasl));
    const auto frames = frames_of(std::string_view(java).substr(7));
    std::string ours;
    for (const std::string& frame : frames) {
      const auto from = decode_from_client(frame);
      ASSERT_TRUE(from);
      const CallerId caller{from->header.clientid(), from->header.callercontext().context()};
      if (from->header.callid() == kSaslCallId) {
        ours += sasl_frame(*decode<hadoop::common::RpcSaslProto>(from->body, "sasl"));
      } else if (from->header.callid() == kContextCallId) {
        const auto context = decode<hadoop::common::IpcConnectionContextProto>(from->body, "context");
        ours += context_frame(caller, context->protocol(), std::nullopt);
      } else {
        DelimitedReader reader(frame);
        (void)reader.next("header");
        const auto method = decode<hadoop::common::RequestHeaderProto>(*reader.next("method"), "method");
        ours += call_frame(caller,
                           {from->header.callid(), from->header.retrycount(), from->method,
                            method->declaringclassprotocolname()},
                           from->body);
      }
    }
    EXPECT_EQ(base::hex_encode(ours), base::hex_encode(java.substr(7))) << name;
  }
}

TEST(Messages, PingHasNothingButAHeader) {
  const std::string ping = ping_frame({std::string(16, '\x11'), "CLI"});
  const auto from = decode_from_client(frames_of(ping).at(0));
  ASSERT_TRUE(from);
  EXPECT_EQ(from->header.callid(), kPingCallId);
  EXPECT_EQ(from->header.retrycount(), -1);
  EXPECT_TRUE(golden("rpc-probes/ping-then-call.c2s.bin").find(ping) != std::string::npos);
}

TEST(Messages, AnswersOfARealServer) {
  const auto empty = decode_answer(frames_of(golden("rpc/rm-application-list.s2c.bin")).at(0));
  ASSERT_TRUE(empty);
  EXPECT_EQ(empty->call_id, 0);
  EXPECT_EQ(empty->status, AnswerStatus::kSuccess);
  EXPECT_EQ(empty->body, "");

  const auto missing = decode_answer(frames_of(golden("rpc-probes/app-not-found.s2c.bin")).at(0));
  ASSERT_TRUE(missing);
  EXPECT_EQ(missing->status, AnswerStatus::kError);
  EXPECT_EQ(missing->exception_class, "org.apache.hadoop.yarn.exceptions.ApplicationNotFoundException");

  const auto refused = decode_answer(frames_of(golden("rpc-probes/simple-to-token-server.s2c.bin")).at(0));
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, AnswerStatus::kFatal);
  EXPECT_EQ(refused->call_id, kAuthorizationFailedCallId);
  EXPECT_TRUE(refused->unauthorized);

  const auto sasl = decode_answer(frames_of(golden("rpc/am-nm-start.s2c.bin")).at(0));
  ASSERT_TRUE(sasl);
  EXPECT_EQ(sasl->call_id, kSaslCallId);
}

TEST(Messages, AnAnswerCutAnywhereIsRefused) {
  for (const char* name : {"rpc/nn-cat-small.s2c.bin", "rpc-probes/bad-header.s2c.bin"}) {
    for (const std::string& frame : frames_of(golden(name))) {
      ASSERT_TRUE(decode_answer(frame));
      for (std::size_t size = 0; size < frame.size(); ++size) {
        const auto answer = decode_answer(frame.substr(0, size));
        ASSERT_FALSE(answer) << name << " " << size;
        EXPECT_EQ(answer.error().code(), ErrorCode::kDataLoss);
      }
    }
  }
  EXPECT_FALSE(decode_answer(frames_of(golden("rpc/rm-application-list.s2c.bin")).at(0) + "x"));
}

}  // namespace
}  // namespace knit::rpc
