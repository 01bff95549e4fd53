// What can be told wrong about a RunSpec without asking a cluster. What a cluster or YARN's launch script
// adds (maxima, quoting, names that bash keeps for itself) is in yarn/limits.h and yarn/quoting.h.
#pragma once

#include <knit/run_spec.h>

#include <chrono>
#include <string>

namespace knit::app {

// Ours; far above what one master and one queue are used for.
inline constexpr std::int32_t kMaxInstances = 100'000;
// As parse_duration's.
inline constexpr std::chrono::milliseconds kLongestDuration = std::chrono::days(3650);
// NAME_MAX of Linux.
inline constexpr std::size_t kMaxFileName = 255;

// kInvalidArgument names the option in the CLI's words, what is wrong and what is allowed.
Status validate(const RunSpec& spec);

// The name a file has in the container: its own, or the last part of its source.
std::string name_in_container(const FileSpec& file);
// The application's name: its own, or the base name of the command.
std::string application_name(const RunSpec& spec);

}  // namespace knit::app
