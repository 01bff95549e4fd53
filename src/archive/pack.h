// A folder as one tar file.
#pragma once

#include <knit/result.h>

#include <cstdint>
#include <stop_token>
#include <string>

namespace knit::archive {

struct PackLimits {
  // Ours: far above what anybody ships with every start, and small enough to notice "/" before the disk is
  // full.
  std::uint64_t entries = 1'000'000;
  std::uint64_t bytes = std::uint64_t{64} << 30;  // of the files' contents
  int depth = 100;                                // folders inside one another
};

struct Packed {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;  // of the files' contents
};

// Writes a tar (GNU's format, which keeps names of any length and any bytes) of what is in `directory`, not
// of the folder itself, to `fd` from where it stands. Modes, symbolic links as they are, and modification
// times in whole seconds are kept; owners are not, and names come in the order of their bytes, so that equal
// content gives equal bytes. Blocks until it is done, or `stop` is set (kCancelled).
//
// Errors name the file: kInvalidArgument for a device, socket or pipe and for a folder whose files change
// meanwhile; kNotFound, kPermissionDenied; kResourceExhausted beyond the limits and where `fd` is full.
Result<Packed> pack_directory(const std::string& directory, int fd, const PackLimits& limits = {},
                              std::stop_token stop = {});

}  // namespace knit::archive
