#include "security/random.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/try.h"

namespace knit::security {
namespace {

Result<std::string> from_device(std::size_t count) {
  const int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return Error(ErrorCode::kInternal,
                 fmt::format("no random bytes: this kernel has no getrandom, and /dev/urandom "
                             "cannot be opened ({})",
                             strerror(errno)));
  }
  std::string out(count, '\0');
  std::size_t done = 0;
  int error = 0;
  while (done < count && error == 0) {
    const ssize_t n = read(fd, out.data() + done, count - done);
    if (n > 0) {
      done += static_cast<std::size_t>(n);
    } else if (n == 0) {
      error = EIO;
    } else if (errno != EINTR) {
      error = errno;
    }
  }
  close(fd);
  if (error != 0) {
    return Error(ErrorCode::kInternal, fmt::format("no random bytes from /dev/urandom: {}", strerror(error)));
  }
  return out;
}

}  // namespace

Result<std::string> random_bytes(std::size_t count) {
  KNIT_ASSERT(count <= (std::size_t{1} << 20), "more than 1 MiB of random bytes asked for");
  std::string out(count, '\0');
  std::size_t done = 0;
  while (done < count) {
    // By number: glibc has the function since 2.25, and the portable client runs on 2.17.
    const long n = syscall(SYS_getrandom, out.data() + done, count - done, 0);
    if (n >= 0) {
      done += static_cast<std::size_t>(n);
    } else if (errno == ENOSYS) {
      return from_device(count);
    } else if (errno != EINTR) {
      return Error(ErrorCode::kInternal, fmt::format("no random bytes from the kernel: {}", strerror(errno)));
    }
  }
  return out;
}

}  // namespace knit::security
