// Bytes that must not outlive their use, as a key has.
#pragma once

#include <knit/export.h>

#include <cstddef>

namespace knit {

// Overwrites these bytes. The compiler may not leave the writes out. (explicit_bzero came with glibc 2.25.)
KNIT_EXPORT void wipe(void* bytes, std::size_t size) noexcept;

}  // namespace knit
