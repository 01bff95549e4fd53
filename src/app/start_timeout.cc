#include "app/start_timeout.h"

#include <fmt/format.h>
#include <knit/duration.h>

namespace knit::app {

std::string start_timeout_text(std::chrono::milliseconds timeout, const std::string& why) {
  return fmt::format("nothing ran within {} {}{}{}", to_text(timeout), kStartTimeoutMark,
                     why.empty() ? "" : ": ", why);
}

}  // namespace knit::app
