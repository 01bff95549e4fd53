// The one place that knows what a Java exception means to a caller, and the one that decides whether a call
// is tried again.
#pragma once

#include <knit/error.h>

#include <string_view>

#include "rpc/limits.h"
#include "rpc/messages.h"

namespace knit::rpc {

// What a Java exception class, by its last name ("...exceptions.ApplicationNotFoundException",
// "Token$Invalid"), asks of the caller; kInternal for one that is not known. Packages are not compared: they
// moved between versions.
ErrorCode code_of(std::string_view java_class);

// The error of an answer with status kError or kFatal: code by its class, or, where that is a mere wrapper
// (YarnException, IOException, RemoteException), by the class its message begins with; the message without
// class names in front and without the stack; remote_exception is the class as the server named it.
Error to_error(const Answer& answer);

// Errors of our own side of a connection.
//
// "Nothing arrived": connecting failed, or the call was still waiting to be sent. "Lost": it was sent, and
// what became of it is unknown. Both are kUnavailable or kDeadlineExceeded without a remote exception; `sent`
// tells them apart.
enum class Disposition {
  kFail,       // the caller gets the error
  kRetrySame,  // the server asks to come back later
  kFailover,   // try the next address (with a single one: the same again, over a new connection)
};

// The one decision. `sent`: bytes of the call went out, so that the server may have carried it out.
Disposition disposition(const Error& error, Repeat repeat, bool sent);

}  // namespace knit::rpc
