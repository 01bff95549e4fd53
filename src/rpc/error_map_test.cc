#include "rpc/error_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rpc/fake_server_for_test.h"

namespace knit::rpc {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Error error_of(std::string java_class, std::string message, bool unauthorized = false) {
  return to_error({.status = AnswerStatus::kError,
                   .exception_class = std::move(java_class),
                   .message = std::move(message),
                   .unauthorized = unauthorized});
}

TEST(ErrorMap, ClassesByTheirLastName) {
  const std::pair<const char*, ErrorCode> cases[] = {
      {"org.apache.hadoop.ipc.StandbyException", ErrorCode::kUnavailable},
      {"org.apache.hadoop.security.AccessControlException", ErrorCode::kPermissionDenied},
      {"org.apache.hadoop.security.authorize.AuthorizationException", ErrorCode::kPermissionDenied},
      {"org.apache.hadoop.security.token.SecretManager$InvalidToken", ErrorCode::kUnauthenticated},
      {"org.apache.hadoop.yarn.exceptions.ApplicationNotFoundException", ErrorCode::kNotFound},
      {"org.apache.hadoop.yarn.exceptions.ApplicationAttemptNotFoundException", ErrorCode::kNotFound},
      {"java.io.FileNotFoundException", ErrorCode::kNotFound},
      {"org.apache.hadoop.fs.FileAlreadyExistsException", ErrorCode::kAlreadyExists},
      {"org.apache.hadoop.fs.PathIsNotEmptyDirectoryException", ErrorCode::kFailedPrecondition},
      {"org.apache.hadoop.hdfs.server.namenode.SafeModeException", ErrorCode::kFailedPrecondition},
      {"org.apache.hadoop.hdfs.server.namenode.LeaseExpiredException", ErrorCode::kFailedPrecondition},
      {"org.apache.hadoop.hdfs.protocol.AlreadyBeingCreatedException", ErrorCode::kFailedPrecondition},
      {"org.apache.hadoop.hdfs.protocol.DSQuotaExceededException", ErrorCode::kResourceExhausted},
      {"org.apache.hadoop.hdfs.protocol.FSLimitException$PathComponentTooLongException",
       ErrorCode::kInvalidArgument},
      {"org.apache.hadoop.ipc.RpcNoSuchMethodException", ErrorCode::kUnimplemented},
      {"org.apache.hadoop.ipc.RPC$VersionMismatch", ErrorCode::kUnimplemented},
      {"org.apache.hadoop.yarn.exceptions.InvalidResourceRequestException", ErrorCode::kInvalidArgument},
      {"org.apache.hadoop.yarn.exceptions.InvalidApplicationMasterRequestException",
       ErrorCode::kFailedPrecondition},
      {"org.apache.hadoop.yarn.exceptions.ApplicationMasterNotRegisteredException",
       ErrorCode::kFailedPrecondition},
      {"org.apache.hadoop.yarn.exceptions.NMNotYetReadyException", ErrorCode::kUnavailable},
      {"java.io.IOException", ErrorCode::kInternal},
      {"StandbyException", ErrorCode::kUnavailable},
      {"", ErrorCode::kInternal},
      {"Exception$", ErrorCode::kInternal},
      {"org.apache.NotAStandbyException", ErrorCode::kInternal},
  };
  for (const auto& [name, code] : cases) EXPECT_EQ(code_of(name), code) << name;
}

TEST(ErrorMap, MessageWithoutClassAndStack) {
  auto error =
      error_of("java.io.FileNotFoundException", "File does not exist: /x\n\tat a.b.C.d(C.java:1)\n\tat e");
  EXPECT_EQ(error.message(), "File does not exist: /x");
  EXPECT_EQ(error.remote_exception(), "java.io.FileNotFoundException");

  error = error_of("java.io.FileNotFoundException", "java.io.FileNotFoundException: gone\n\tat x");
  EXPECT_EQ(error.message(), "gone");

  error = error_of("java.lang.NullPointerException", "java.lang.NullPointerException\n\tat x");
  EXPECT_EQ(error.message(), "java.lang.NullPointerException");
  EXPECT_EQ(error_of("a.B", "").message(), "a.B");
  EXPECT_EQ(error_of("", "").message(), "failed without a message");

  // Several lines of the message itself stay, and so does what only looks like a class.
  error = error_of("java.io.IOException", "first line\nsecond line\n\nCaused by: more\n\tat x");
  EXPECT_EQ(error.message(), "first line\nsecond line");
  EXPECT_EQ(error_of("a.B", "Note: this").message(), "Note: this");
  EXPECT_EQ(error_of("a.B", "node1.example.com: gone").message(), "node1.example.com: gone");
}

TEST(ErrorMap, AWrapperMeansWhatItWraps) {
  auto error =
      error_of("org.apache.hadoop.yarn.exceptions.YarnException",
               "org.apache.hadoop.security.AccessControlException: User bob cannot submit to root.x\n\tat y");
  EXPECT_EQ(error.code(), ErrorCode::kPermissionDenied);
  EXPECT_EQ(error.message(), "User bob cannot submit to root.x");
  EXPECT_TRUE(error.is_remote("YarnException"));

  error = error_of("org.apache.hadoop.ipc.RemoteException",
                   "java.io.IOException: org.apache.hadoop.ipc.StandbyException: no");
  EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
  EXPECT_EQ(disposition(error, Repeat::kNever, true), Disposition::kFailover);
}

TEST(ErrorMap, RefusedConnectionsAreUnauthenticated) {
  auto error = error_of("org.apache.hadoop.security.AccessControlException",
                        "SIMPLE authentication is not enabled.  Available:[TOKEN, KERBEROS]", true);
  EXPECT_EQ(error.code(), ErrorCode::kUnauthenticated);
  EXPECT_THAT(error.message(), HasSubstr("hadoop.security.authentication"));
  EXPECT_THAT(error.message(), HasSubstr("Nothing was carried out"));

  error = error_of("org.apache.hadoop.security.AccessControlException",
                   "Unable to find SASL server implementation for DIGEST-MD5", true);
  EXPECT_THAT(error.message(), HasSubstr("Java"));

  error = error_of("org.apache.hadoop.security.authorize.AuthorizationException", "not allowed", true);
  EXPECT_EQ(error.code(), ErrorCode::kPermissionDenied);
}

TEST(ErrorMap, AnswersOfARealServer) {
  const std::tuple<const char*, ErrorCode, const char*> cases[] = {
      {"app-not-found", ErrorCode::kNotFound,
       "Application with id 'application_1_0099' doesn't exist in RM. Please check that the job submission "
       "was successful."},
      {"nn-access-denied", ErrorCode::kPermissionDenied,
       "Permission denied: user=bob, access=WRITE, inode=\"/\":root:supergroup:drwxr-xr-x"},
      {"nn-file-not-found", ErrorCode::kNotFound, "File does not exist: /nosuch"},
      {"no-such-method", ErrorCode::kUnimplemented,
       "Unknown method noSuchMethod called on org.apache.hadoop.yarn.api.ApplicationClientProtocolPB "
       "protocol."},
      {"bad-header", ErrorCode::kInternal, nullptr},
      {"no-context", ErrorCode::kInternal, "Connection context not established"},
      {"simple-to-token-server", ErrorCode::kUnauthenticated, nullptr},
  };
  for (const auto& [name, code, message] : cases) {
    const auto answer =
        decode_answer(frames_of(golden(std::string("rpc-probes/") + name + ".s2c.bin")).at(0));
    ASSERT_TRUE(answer) << name;
    const Error error = to_error(*answer);
    EXPECT_EQ(error.code(), code) << name << ": " << error.message();
    if (message) EXPECT_EQ(error.message(), message);
    EXPECT_THAT(error.message(), Not(HasSubstr("\n"))) << name;
    EXPECT_EQ(disposition(error, Repeat::kSafe, true), Disposition::kFail);
  }
}

TEST(ErrorMap, AMessageHasALimit) {
  EXPECT_EQ(error_of("x.y.Z", std::string(1 << 20, 'x')).message().size(), 64u << 10);
}

TEST(ErrorMap, OneDecisionOnRetry) {
  const Error refused(ErrorCode::kUnavailable, "refused");
  const Error late(ErrorCode::kDeadlineExceeded, "late");
  for (const Repeat repeat : {Repeat::kSafe, Repeat::kAtMostOnce, Repeat::kNever}) {
    EXPECT_EQ(disposition(refused, repeat, false), Disposition::kFailover);
    const auto sent = repeat == Repeat::kNever ? Disposition::kFail : Disposition::kFailover;
    EXPECT_EQ(disposition(refused, repeat, true), sent);
    EXPECT_EQ(disposition(late, repeat, true), sent);
    // Refused before it was looked at: safe to repeat whatever it was.
    EXPECT_EQ(disposition(error_of("x.y.StandbyException", "s"), repeat, true), Disposition::kFailover);
    EXPECT_EQ(disposition(error_of("x.y.RetriableException", "s"), repeat, true), Disposition::kRetrySame);
    EXPECT_EQ(disposition(error_of("x.y.InvalidToken", "s"), repeat, true), Disposition::kFail);
    EXPECT_EQ(disposition(error_of("x.y.SafeModeException", "s"), repeat, true), Disposition::kFail);
    for (const ErrorCode code : {ErrorCode::kCancelled, ErrorCode::kDataLoss, ErrorCode::kUnauthenticated,
                                 ErrorCode::kResourceExhausted, ErrorCode::kInternal}) {
      EXPECT_EQ(disposition(Error(code, "x"), repeat, false), Disposition::kFail);
    }
  }
}

}  // namespace
}  // namespace knit::rpc
