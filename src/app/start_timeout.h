// The words in which an application is ended because nothing of it ran in time: by the client that follows it
// while it waits for its master, by the master afterwards.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace knit::app {

// Stands in the application's diagnostics; whoever explains its end knows it by that.
inline constexpr std::string_view kStartTimeoutMark = "(start timeout)";

// "nothing ran within 30.0 s (start timeout): WHY".
std::string start_timeout_text(std::chrono::milliseconds timeout, const std::string& why);

}  // namespace knit::app
