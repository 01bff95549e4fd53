#include "yarn/quoting.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/try.h"

namespace knit::yarn {
namespace {

bool printable(unsigned char c) {
  return c >= 0x20 && c < 0x7f;
}

bool word_safe(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_@%+:,./-").find(static_cast<char>(c)) != std::string_view::npos;
}

// True if a marker of YARN's could begin with `first` when `second` follows: `{{`, `}}`, and any <NAME>, also
// those that a later Hadoop may add.
bool begins_marker(char first, char second) {
  if (first == '<') return (second >= 'A' && second <= 'Z') || second == '_';
  return (first == '{' || first == '}') && first == second;
}

// One word of the inner shell's language. In single quotes bash looks for nothing but the closing one, in
// every locale.
std::string inner_word(std::string_view argument) {
  if (!argument.empty() && std::all_of(argument.begin(), argument.end(), word_safe))
    return std::string(argument);
  std::string word = "'";
  for (const char c : argument) {
    if (c == '\'') {
      word += "'\\''";
    } else {
      word += c;
    }
  }
  return word + "'";
}

// Bash refuses to set these: with the script's `set -e` the launch ends there.
constexpr std::array<std::string_view, 6> kReadOnly = {"BASHOPTS", "BASH_VERSINFO", "EUID",
                                                       "PPID",     "SHELLOPTS",     "UID"};
// Bash gives these values of its own, or none (tried with bash 5.2; older ones pass some of them on).
constexpr std::array<std::string_view, 33> kBashOwn = {
    "BASH",          "BASHPID",         "BASH_ALIASES",
    "BASH_ARGC",     "BASH_ARGV",       "BASH_ARGV0",
    "BASH_CMDS",     "BASH_COMMAND",    "BASH_EXECUTION_STRING",
    "BASH_LINENO",   "BASH_SOURCE",     "BASH_SUBSHELL",
    "BASH_VERSION",  "COMP_WORDBREAKS", "DIRSTACK",
    "EPOCHREALTIME", "EPOCHSECONDS",    "FUNCNAME",
    "GROUPS",        "HISTCMD",         "IFS",
    "LINENO",        "OLDPWD",          "OPTERR",
    "OPTIND",        "PIPESTATUS",      "PS4",
    "PWD",           "RANDOM",          "SECONDS",
    "SHLVL",         "SRANDOM",         "_"};
constexpr std::array<std::string_view, 14> kYarnOwn = {"CONTAINER_ID",
                                                       "NM_HOST",
                                                       "NM_PORT",
                                                       "NM_HTTP_PORT",
                                                       "LOCAL_DIRS",
                                                       "LOCAL_USER_DIRS",
                                                       "LOG_DIRS",
                                                       "USER",
                                                       "LOGNAME",
                                                       "HOME",
                                                       "PWD",
                                                       "JVM_PID",
                                                       "LOCALIZATION_COUNTERS",
                                                       "HADOOP_TOKEN_FILE_LOCATION"};

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// For messages: a name that may hold anything, made printable and short.
std::string shown(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 60)) out += printable(static_cast<unsigned char>(c)) ? c : '?';
  return text.size() > 60 ? out + "..." : out;
}

Error invalid(std::string message) {
  return Error(ErrorCode::kInvalidArgument, std::move(message));
}

}  // namespace

Result<std::string> quote_once(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() + bytes.size() / 8);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto c = static_cast<unsigned char>(bytes[i]);
    if (c == 0) return invalid("a NUL byte cannot be passed to a program in an argument or a variable");
    if (!printable(c)) {
      // Close the double quotes, say a run of such bytes in ANSI-C quotes, open them again.
      out += "\"$'";
      for (; i < bytes.size() && bytes[i] != 0 && !printable(static_cast<unsigned char>(bytes[i])); ++i) {
        fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(bytes[i]));
      }
      out += "'\"";
      --i;
      continue;
    }
    if (c == '\\' || c == '"' || c == '$' || c == '`') out += '\\';
    out += bytes[i];
    if (i + 1 < bytes.size() && begins_marker(bytes[i], bytes[i + 1])) out += "\"\"";
  }
  return out;
}

Result<std::string> exec_command(std::string_view before, std::span<const std::string> argv,
                                 std::string_view behind) {
  if (argv.empty() || argv[0].empty()) return invalid("no command was given");
  std::string inner = "exec --";
  for (const auto& argument : argv) {
    inner += ' ';
    inner += inner_word(argument);
  }
  const std::size_t size = before.size() + inner.size() + behind.size() + 2;
  if (size > kMaximumCommand) {
    return invalid(
        fmt::format("the command is {} bytes long when quoted, and YARN's shell can be given {}: put long "
                    "arguments into a file and ship that",
                    size, kMaximumCommand));
  }
  KNIT_TRY(auto quoted, quote_once(inner).with_context(fmt::format("command '{}'", shown(argv[0]))));
  std::string command(before);
  if (!before.empty()) command += ' ';
  command += quoted;
  if (!behind.empty()) command += ' ';
  command += behind;
  return command;
}

Result<std::string> exec_command(std::span<const std::string> argv) {
  return exec_command({}, argv, {});
}

Status check_variable_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto fits = [&](char c) { return letter(c) || (c >= '0' && c <= '9'); };
  if (name.empty() || !letter(name[0]) || !std::all_of(name.begin(), name.end(), fits)) {
    return invalid(
        fmt::format("environment variable '{}': YARN starts containers through bash, which takes only names "
                    "of letters, digits and '_' that do not begin with a digit",
                    shown(name)));
  }
  if (contains(kReadOnly, name) || contains(kBashOwn, name)) {
    return invalid(
        fmt::format("environment variable '{}': YARN starts containers through bash, which sets this name "
                    "itself; choose another",
                    name));
  }
  return {};
}

bool is_set_by_yarn(std::string_view name) {
  return contains(kYarnOwn, name);
}

Result<std::map<std::string, std::string>> quote_environment(
    const std::map<std::string, std::string>& variables) {
  std::map<std::string, std::string> quoted;
  std::size_t total = 0;
  for (const auto& [name, value] : variables) {
    KNIT_TRY_VOID(check_variable_name(name));
    const std::size_t size = name.size() + 1 + value.size();
    if (size > kMaximumString) {
      return invalid(fmt::format(
          "environment variable '{}' is {} bytes long with its name, and Linux passes at most {}: "
          "put the value into a file and ship that",
          name, size, kMaximumString));
    }
    total += size + 1;
    KNIT_TRY(quoted[name], quote_once(value).with_context(fmt::format("environment variable '{}'", name)));
  }
  if (total > kMaximumEnvironment) {
    return invalid(
        fmt::format("the environment is {} bytes in all, and Linux passes at most {} to a program with the "
                    "usual limits: put large values into a file and ship that",
                    total, kMaximumEnvironment));
  }
  return quoted;
}

}  // namespace knit::yarn
