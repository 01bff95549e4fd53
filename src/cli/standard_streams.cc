#include "cli/standard_streams.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "cli/context.h"

namespace knit::cli {

void occupy_closed_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(stream, F_GETFD) >= 0) continue;
    // Gets the lowest number that is free: this one. What is written to stdout fails, and is told.
    (void)open("/dev/null", stream == STDERR_FILENO ? O_WRONLY : O_RDONLY);
  }
}

namespace {

bool reader_has_gone() {
  pollfd out = {STDOUT_FILENO, 0, 0};
  return poll(&out, 1, 0) == 1 && (out.revents & (POLLERR | POLLHUP)) != 0;
}

}  // namespace

int finish_output(int code) {
  if (code != kExitSucceeded || reader_has_gone()) return code;
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  tell("knit: error: stdout did not take all of the output{}\n",
       errno == 0 ? "" : ": " + std::generic_category().message(errno));
  return kExitFailed;
}

}  // namespace knit::cli
