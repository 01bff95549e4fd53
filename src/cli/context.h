// What every command shares: the global options, the client, and how results and errors are told.
#pragma once

#include <knit/client.h>

#include <CLI/CLI.hpp>
#include <boost/json/value.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace knit::cli {

// The exit codes of every command. docs/cli.md is their reference.
enum Exit : int {
  kExitSucceeded = 0,
  kExitFailed = 1,
  kExitUsage = 2,
  kExitKilled = 3,
  kExitDeadline = 4,
  kExitUnreachable = 5,
  kExitNotAllowed = 6,
  kExitNotFound = 7,
  kExitInterrupted = 130,
};
int exit_code_of(ErrorCode code);

// Lives as long as the program.
struct Context {
  ClientOptions options;
  bool json = false;
  bool verbose = false;
  std::function<int()> action;       // the chosen command, set while the command line is read
  std::vector<std::string> command;  // what stands after "--"
  bool has_command = false;

  // The client, opened when first asked for. Prints the error and throws CommandEnd where that fails.
  Client& client();

 private:
  std::unique_ptr<Client> client_;
};

// Ends a command from anywhere inside it; caught in main.
struct CommandEnd {
  int exit_code;
};

// "knit: error: ..." to stderr. Gives the exit code.
int fail(const Error& error);

// The value, or the end of the command with its error told.
template <class T>
T must(Result<T> result) {
  if (!result) throw CommandEnd{fail(result.error())};
  return std::move(*result);
}
inline void must(Status status) {
  if (!status) throw CommandEnd{fail(status.error())};
}

// The same for a change to an application: one that has ended, or an instance that has, is no longer there to
// be changed (kFailedPrecondition gives kExitNotFound).
int fail_change(const Error& error);
template <class T>
T must_change(Result<T> result) {
  if (!result) throw CommandEnd{fail_change(result.error())};
  return std::move(*result);
}
inline void must_change(Status status) {
  if (!status) throw CommandEnd{fail_change(status.error())};
}

ApplicationId parse_application(const std::string& text);

// --staging-dir, for a command that looks where `run --staging-dir` has put an application or its files.
void add_staging_option(CLI::App& command, Context& context);

// stdout, as one pretty-printed JSON document.
void print_json(const boost::json::value& value);

// Rows under a header in aligned columns; the last column is not padded.
void print_table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows);

// "2026-11-23T02:00:42.123Z".
std::string iso_time(WallTime time);
boost::json::value json_time(const std::optional<WallTime>& time);

}  // namespace knit::cli
