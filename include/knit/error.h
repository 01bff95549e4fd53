// Errors as values: what every fallible call of Knit returns instead of throwing.
#pragma once

#include <knit/export.h>

#include <string>
#include <string_view>
#include <utility>

namespace knit {

// What the caller can do about an error; the names follow the field's (gRPC, absl) usage.
enum class ErrorCode {
  kInvalidArgument,     // the caller's input is wrong: mend it
  kNotFound,            // no such application, instance, file, queue or node
  kAlreadyExists,       // the name is taken
  kPermissionDenied,    // the cluster does not let this user do it, or nobody (a stopped queue)
  kUnauthenticated,     // who we are was not accepted (expired or invalid token, secure cluster)
  kFailedPrecondition,  // not in this state (ended application, used after fork)
  kResourceExhausted,   // a quota, a limit or the disk is full
  kUnavailable,         // cannot be reached or used (safe mode) now; another address or a later try may work
  kDeadlineExceeded,    // a deadline passed
  kCancelled,           // the caller gave up
  kDataLoss,            // bytes are corrupt or end too early
  kUnimplemented,       // the other side, or Knit, does not offer this
  kInternal,            // the other side failed in a way with no better name
};

// The stable lower-case name of a code, e.g. "not_found".
KNIT_EXPORT std::string_view to_string(ErrorCode code);

// One failure: a code to act on, a message for people, and, when a Hadoop daemon reported it, the Java class
// of its exception ("org.apache.hadoop.yarn.exceptions.ApplicationNotFoundException") to dispatch on.
class [[nodiscard]] KNIT_EXPORT Error {
 public:
  Error(ErrorCode code, std::string message, std::string remote_exception = {})
      : code_(code), message_(std::move(message)), remote_exception_(std::move(remote_exception)) {}

  ErrorCode code() const { return code_; }
  // Context first, outermost layer first: "submit application_1_0001: queue does not exist".
  const std::string& message() const { return message_; }
  // The Java class name of the remote exception, or empty.
  const std::string& remote_exception() const { return remote_exception_; }
  // True if the remote exception's class name ends in `.name` or `$name`, or equals it.
  bool is_remote(std::string_view name) const;

  // Puts `context` and ": " in front of the message. Once per layer, in the caller's words.
  Error with_context(std::string_view context) const&;
  Error with_context(std::string_view context) &&;

 private:
  ErrorCode code_;
  std::string message_;
  std::string remote_exception_;
};

}  // namespace knit
