// Text as Java's DataOutput.writeUTF and its object streams write it.
#pragma once

#include <knit/result.h>

#include <cstddef>
#include <span>
#include <string>

namespace knit::logs {

// Java's "modified UTF-8" as ordinary UTF-8: NUL is two bytes there, and a character beyond the basic plane
// is a pair of surrogates of three bytes each. kDataLoss for anything else, a lone surrogate included. From:
// java.io.DataInput, "Modified UTF-8".
Result<std::string> from_modified_utf8(std::span<const std::byte> bytes);

}  // namespace knit::logs
