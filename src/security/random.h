// Unpredictable bytes from the kernel.
#pragma once

#include <knit/result.h>

#include <cstddef>
#include <string>

namespace knit::security {

// `count` bytes from getrandom(2), or from /dev/urandom on kernels before 3.17, which the master must still
// run on. Waits only while the kernel has not yet gathered its first entropy after boot. kInternal if neither
// source works. At most 1 MiB at once.
Result<std::string> random_bytes(std::size_t count);

}  // namespace knit::security
