// errno as an Error. For archive's own files.
#pragma once

#include <fmt/format.h>
#include <knit/result.h>

#include <cerrno>
#include <string_view>
#include <system_error>

namespace knit::archive {

// "/x/y: Permission denied", with the code a caller acts on.
inline Error system_error(std::string_view path, int number) {
  auto code = ErrorCode::kInternal;
  if (number == ENOENT || number == ENOTDIR || number == ELOOP) code = ErrorCode::kNotFound;
  if (number == EACCES || number == EPERM) code = ErrorCode::kPermissionDenied;
  if (number == ENOSPC || number == EDQUOT || number == EFBIG || number == EMFILE || number == ENFILE)
    code = ErrorCode::kResourceExhausted;
  if (number == EIO) code = ErrorCode::kDataLoss;
  return Error(code, fmt::format("{}: {}", path, std::generic_category().message(number)));
}

}  // namespace knit::archive
