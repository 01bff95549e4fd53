#include "rpc/error_map.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/utf8.h"

namespace knit::rpc {
namespace {

struct Meaning {
  std::string_view name;
  ErrorCode code;
};

// Sorted by name. The classes that ResourceManagers, NodeManagers and NameNodes of 2.10 to 3.5 throw at
// clients (org.apache.hadoop.yarn.exceptions, .hdfs.protocol, .hdfs.server.namenode, .fs, .ipc, .security and
// Java's own).
constexpr auto kMeanings = std::to_array<Meaning>({
    {"AccessControlException", ErrorCode::kPermissionDenied},
    {"AclException", ErrorCode::kInvalidArgument},
    {"AlreadyBeingCreatedException", ErrorCode::kFailedPrecondition},
    {"ApplicationAttemptNotFoundException", ErrorCode::kNotFound},
    {"ApplicationIdNotProvidedException", ErrorCode::kInvalidArgument},
    {"ApplicationMasterNotRegisteredException", ErrorCode::kFailedPrecondition},
    {"ApplicationNotFoundException", ErrorCode::kNotFound},
    {"AuthenticationException", ErrorCode::kUnauthenticated},
    {"AuthorizationException", ErrorCode::kPermissionDenied},
    {"ClusterStorageCapacityExceededException", ErrorCode::kResourceExhausted},
    {"ContainerNotFoundException", ErrorCode::kNotFound},
    {"DSQuotaExceededException", ErrorCode::kResourceExhausted},
    {"DirectoryListingStartAfterNotFoundException", ErrorCode::kNotFound},
    {"FileAlreadyExistsException", ErrorCode::kAlreadyExists},
    {"FileNotFoundException", ErrorCode::kNotFound},
    {"HadoopIllegalArgumentException", ErrorCode::kInvalidArgument},
    {"IllegalArgumentException", ErrorCode::kInvalidArgument},
    {"IllegalStateException", ErrorCode::kFailedPrecondition},
    {"InvalidApplicationMasterRequestException", ErrorCode::kFailedPrecondition},
    {"InvalidAuxServiceException", ErrorCode::kInvalidArgument},
    {"InvalidContainerException", ErrorCode::kFailedPrecondition},
    {"InvalidContainerReleaseException", ErrorCode::kInvalidArgument},
    {"InvalidLabelResourceRequestException", ErrorCode::kInvalidArgument},
    {"InvalidPathException", ErrorCode::kInvalidArgument},
    {"InvalidProtocolBufferException", ErrorCode::kInvalidArgument},
    {"InvalidResourceBlacklistRequestException", ErrorCode::kInvalidArgument},
    {"InvalidResourceRequestException", ErrorCode::kInvalidArgument},
    {"InvalidToken", ErrorCode::kUnauthenticated},
    {"LeaseExpiredException", ErrorCode::kFailedPrecondition},
    {"MaxDirectoryItemsExceededException", ErrorCode::kResourceExhausted},
    {"NMNotYetReadyException", ErrorCode::kUnavailable},
    {"NSQuotaExceededException", ErrorCode::kResourceExhausted},
    {"NotReplicatedYetException", ErrorCode::kFailedPrecondition},
    {"ObserverRetryOnActiveException", ErrorCode::kUnavailable},
    {"OutOfMemoryError", ErrorCode::kResourceExhausted},
    {"ParentNotDirectoryException", ErrorCode::kFailedPrecondition},
    {"PathComponentTooLongException", ErrorCode::kInvalidArgument},
    {"PathExistsException", ErrorCode::kAlreadyExists},
    {"PathIsDirectoryException", ErrorCode::kFailedPrecondition},
    {"PathIsNotDirectoryException", ErrorCode::kFailedPrecondition},
    {"PathIsNotEmptyDirectoryException", ErrorCode::kFailedPrecondition},
    {"PathNotFoundException", ErrorCode::kNotFound},
    {"QuotaByStorageTypeExceededException", ErrorCode::kResourceExhausted},
    {"QuotaExceededException", ErrorCode::kResourceExhausted},
    {"RecoveryInProgressException", ErrorCode::kFailedPrecondition},
    {"ReplicaNotFoundException", ErrorCode::kNotFound},
    {"ReservationNotFoundException", ErrorCode::kNotFound},
    {"ResourceNotFoundException", ErrorCode::kNotFound},
    {"ResourceProfilesNotEnabledException", ErrorCode::kUnimplemented},
    {"RetriableException", ErrorCode::kUnavailable},
    {"RetryStartFileException", ErrorCode::kUnavailable},
    {"RpcNoSuchMethodException", ErrorCode::kUnimplemented},
    {"RpcNoSuchProtocolException", ErrorCode::kUnimplemented},
    {"SafeModeException", ErrorCode::kFailedPrecondition},
    {"SaslException", ErrorCode::kUnauthenticated},
    {"SchedulerInvalidResoureRequestException", ErrorCode::kInvalidArgument},  // spelt so in Hadoop
    {"SnapshotAccessControlException", ErrorCode::kPermissionDenied},
    {"StandbyException", ErrorCode::kUnavailable},
    {"TokenExpiredException", ErrorCode::kUnauthenticated},
    {"UnknownCryptoProtocolVersionException", ErrorCode::kUnimplemented},
    {"UnresolvedPathException", ErrorCode::kUnimplemented},  // a symbolic link on the way
    {"UnsupportedActionException", ErrorCode::kUnimplemented},
    {"UnsupportedOperationException", ErrorCode::kUnimplemented},
    {"VersionMismatch", ErrorCode::kUnimplemented},
    {"YARNFeatureNotEnabledException", ErrorCode::kUnimplemented},
});
static_assert(std::ranges::is_sorted(kMeanings, {}, &Meaning::name));

const Meaning* find(std::string_view java_class) {
  const auto last = java_class.find_last_of(".$");
  if (last != std::string_view::npos) java_class.remove_prefix(last + 1);
  const auto found = std::ranges::lower_bound(kMeanings, java_class, {}, &Meaning::name);
  return found != kMeanings.end() && found->name == java_class ? &*found : nullptr;
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
         c == '.';
}

// The class name a text such as "org.apache.hadoop.security.AccessControlException: Permission denied" begins
// with, or empty. Two dots at least: "Note: ..." is no class.
std::string_view leading_class(std::string_view text) {
  std::size_t end = 0;
  while (end < text.size() && is_name_character(text[end])) ++end;
  const std::string_view name = text.substr(0, end);
  if (!text.substr(end).starts_with(": ")) return {};
  if (std::ranges::count(name, '.') < 2) return {};
  const char first_of_class = name[std::min(name.size() - 1, name.find_last_of('.') + 1)];
  return first_of_class >= 'A' && first_of_class <= 'Z' ? name : std::string_view();
}

// "\n\tat org.apache...": where Java's stack begins; also where a text without one goes on with a cause.
std::string_view without_stack(std::string_view text) {
  for (const std::string_view mark : {"\n\tat ", "\nCaused by: "}) text = text.substr(0, text.find(mark));
  while (text.ends_with('\n')) text.remove_suffix(1);
  return text;
}

// A message is for people. Far above any real one; a frame could hold 128 MiB.
constexpr std::size_t kMaxMessage = 64u << 10;

// What a refusal of the whole connection means, where its text does not say so to everybody.
std::string_view hint(std::string_view message) {
  if (message.starts_with("SIMPLE authentication is not enabled")) {
    return ". This server takes no user name without proof: hadoop.security.authentication is not 'simple' "
           "there "
           "(a secure cluster), or it is a port for ApplicationMasters alone. Nothing was carried out";
  }
  if (message.starts_with("Unable to find SASL server implementation for DIGEST-MD5")) {
    return ". The server's Java lacks the mechanism that Hadoop's tokens need";
  }
  return {};
}

}  // namespace

ErrorCode code_of(std::string_view java_class) {
  const Meaning* known = find(java_class);
  return known ? known->code : ErrorCode::kInternal;
}

Error to_error(const Answer& answer) {
  std::string_view text = base::utf8_head(without_stack(answer.message), kMaxMessage);
  const Meaning* meaning = find(answer.exception_class);
  if (text == answer.exception_class) text = {};
  // Each class in front of the message wraps the next one; the first that means something is the one to act
  // on.
  for (std::string_view name = leading_class(text); !name.empty(); name = leading_class(text)) {
    if (!meaning) meaning = find(name);
    text.remove_prefix(std::min(text.size(), name.size() + 2));
  }
  ErrorCode code = meaning ? meaning->code : ErrorCode::kInternal;
  // Before a call is looked at, AccessControlException means that the connection's way to log in was not
  // accepted.
  if (answer.unauthorized && code == ErrorCode::kPermissionDenied &&
      !answer.exception_class.ends_with("AuthorizationException")) {
    code = ErrorCode::kUnauthenticated;
  }
  std::string message(text);
  if (message.empty())
    message = answer.exception_class.empty() ? "failed without a message" : answer.exception_class;
  message += hint(message);
  return Error(code, std::move(message), answer.exception_class);
}

Disposition disposition(const Error& error, Repeat repeat, bool sent) {
  if (error.code() == ErrorCode::kCancelled) return Disposition::kFail;
  if (!error.remote_exception().empty()) {
    // The server looked at the call and did not carry it out.
    if (error.code() != ErrorCode::kUnavailable) return Disposition::kFail;
    for (const std::string_view later :
         {"RetriableException", "NMNotYetReadyException", "RetryStartFileException"}) {
      if (error.is_remote(later)) return Disposition::kRetrySame;
    }
    return Disposition::kFailover;  // StandbyException, ObserverRetryOnActiveException, also wrapped
  }
  if (error.code() != ErrorCode::kUnavailable && error.code() != ErrorCode::kDeadlineExceeded)
    return Disposition::kFail;
  return sent && repeat == Repeat::kNever ? Disposition::kFail : Disposition::kFailover;
}

}  // namespace knit::rpc
