// What a NameNode's refusal means to the user: HDFS's own exceptions in words, with what can be done.
#pragma once

#include <knit/error.h>

#include <string>
#include <string_view>

namespace knit::hdfs {

// Who asked whom for what.
struct Attempt {
  std::string_view what;  // "write", "list", ...
  std::string_view path;
  std::string_view user;
  std::string_view uri;  // of the file system
};

// The same error with a message for people; the code too is sharpened where only the words tell (a cluster
// without room) or where a later try may work (kUnavailable: safe mode). Errors that no NameNode reported
// pass with their context alone.
Error explain(Error error, const Attempt& attempt);

}  // namespace knit::hdfs
