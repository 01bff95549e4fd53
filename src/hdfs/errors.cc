#include "hdfs/errors.h"

#include <fmt/format.h>

#include <algorithm>

namespace knit::hdfs {
namespace {

bool is_about_space(const Error& error) {
  // BlockManager.chooseTarget4NewBlock: "replicated" before 2.8, "written" since.
  const std::string_view text = error.message();
  return text.find("could only be written to 0 of") != std::string_view::npos ||
         text.find("could only be replicated to 0 nodes") != std::string_view::npos;
}

bool is_safe_mode(const Error& error) {
  return error.is_remote("SafeModeException") || error.message().find("is in safe mode") != std::string::npos;
}

std::string advice(const Error& error, const Attempt& attempt) {
  if (is_safe_mode(error)) {
    return "; the NameNode only reads until it leaves safe mode: wait, or ask the administrator (hdfs "
           "dfsadmin "
           "-safemode get)";
  }
  if (error.code() == ErrorCode::kPermissionDenied) return fmt::format("; Knit is {} to HDFS", attempt.user);
  // We offer none: what is made in a zone would have to be encrypted.
  if (error.is_remote("UnknownCryptoProtocolVersionException")) {
    return "; it lies in an encryption zone, and Knit cannot encrypt: write outside of it, or with Hadoop's "
           "own "
           "tools";
  }
  if (error.is_remote("NSQuotaExceededException")) {
    return "; the directory has as many names as it may: remove some, or ask the administrator for a larger "
           "quota";
  }
  if (error.is_remote("DSQuotaExceededException") || error.is_remote("QuotaByStorageTypeExceededException")) {
    return "; the quota counts every replica: remove something, or ask the administrator for a larger quota";
  }
  if (error.is_remote("AlreadyBeingCreatedException") || error.is_remote("RecoveryInProgressException")) {
    return "; another client writes it or has died doing so: HDFS takes it from a dead one after a minute";
  }
  if (error.is_remote("LeaseExpiredException")) {
    return "; somebody removed, replaced or took over the file while it was written";
  }
  return {};
}

// What a NameNode says in several lines, in one.
std::string on_one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

}  // namespace

Error explain(Error error, const Attempt& attempt) {
  const std::string context = fmt::format("{} {}{}", attempt.what, attempt.uri, attempt.path);
  if (is_about_space(error)) {
    return Error(
        ErrorCode::kResourceExhausted,
        fmt::format("{}: no DataNode of {} takes the block: they are full, down, or cannot be reached from "
                    "here ({})",
                    context, attempt.uri, error.message()),
        error.remote_exception());
  }
  const std::string more = advice(error, attempt);
  const auto code = is_safe_mode(error) ? ErrorCode::kUnavailable : error.code();
  return Error(code, fmt::format("{}: {}{}", context, on_one_line(error.message()), more),
               error.remote_exception());
}

}  // namespace knit::hdfs
