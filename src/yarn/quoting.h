// Text that survives a NodeManager's launch script byte for byte. A core: pure functions.
//
// A NodeManager pastes a launch context into launch_container.sh without any escaping (ContainerLaunch's
// expandEnvironment and UnixShellScriptBuilder, the same in Hadoop 2.9 to 3.5):
//
//   export KEY="VALUE"                          evaluated once, by the script's bash
//   exec /bin/bash -c "COMMAND COMMAND ..."     evaluated twice: by the script's bash and by the one it
//   starts
//
// and before that replaces, in values and in commands: <LOG_DIR> and <CPS>, from 3.4 <ADD_OPENS>, every `{{`
// by `$` and every `}}` by nothing, paired or not. The context travels as UTF-8 text, so other bytes would be
// lost already on the way. What these functions make is printable ASCII: every other byte is written as
// $'\xNN'.
#pragma once

#include <knit/result.h>

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace knit::yarn {

// Linux takes at most 128 KiB, the end mark included, in one argument or variable (MAX_ARG_STRLEN,
// binfmts.h).
inline constexpr std::size_t kMaximumString = 128 * 1024 - 1;
// All commands of a context become one argument of the inner bash; what is left of 128 KiB is for the log
// directory's path that a NodeManager puts in.
inline constexpr std::size_t kMaximumCommand = 120 * 1024;
// Arguments and variables together: a quarter of the stack's soft limit (8 MiB by default), less a command
// and the variables that YARN adds.
inline constexpr std::size_t kMaximumEnvironment = 1792 * 1024;

// Appended to a command: nothing to read, and YARN's own places for the output. Shell text with a marker that
// the NodeManager is meant to replace.
inline constexpr std::string_view kLogRedirection = "</dev/null 1>'<LOG_DIR>/stdout' 2>'<LOG_DIR>/stderr'";

// Text that stands for exactly `bytes` between the double quotes that a NodeManager puts around it: the value
// of an environment variable, or (as a command) text for the inner bash to evaluate. kInvalidArgument for a
// NUL.
Result<std::string> quote_once(std::string_view bytes);

// A command that makes the inner bash replace itself by argv[0], looked up in PATH, with exactly these
// arguments. kInvalidArgument for an empty argv, a NUL, or more than kMaximumCommand bytes.
Result<std::string> exec_command(std::span<const std::string> argv);
// The same with the caller's own text in front of it and behind it, pasted as it is and so evaluated twice
// ("cd sub &&", kLogRedirection).
Result<std::string> exec_command(std::string_view before, std::span<const std::string> argv,
                                 std::string_view behind);

// Refuses what bash cannot export, or has a meaning of its own for and would not pass on: such a name ends
// the launch or loses its value.
Status check_variable_name(std::string_view name);

// True for the names a NodeManager sets itself, last: whatever a launch context says of them is lost
// (ContainerLaunch.sanitizeEnv).
bool is_set_by_yarn(std::string_view name);

// The environment of a launch context: every name checked, every value quoted, single and total sizes within
// what Linux passes to a program. kInvalidArgument names the variable.
Result<std::map<std::string, std::string>> quote_environment(
    const std::map<std::string, std::string>& variables);

}  // namespace knit::yarn
