#include "cli/context.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <cstdio>

#include "cli/standard_streams.h"

namespace knit::cli {

int exit_code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kFailedPrecondition:
    case ErrorCode::kUnimplemented:
      return kExitUsage;
    case ErrorCode::kDeadlineExceeded:
      return kExitDeadline;
    case ErrorCode::kUnavailable:
      return kExitUnreachable;
    case ErrorCode::kPermissionDenied:
    case ErrorCode::kUnauthenticated:
    case ErrorCode::kResourceExhausted:
      return kExitNotAllowed;
    case ErrorCode::kNotFound:
      return kExitNotFound;
    case ErrorCode::kCancelled:
      return kExitInterrupted;
    case ErrorCode::kDataLoss:
    case ErrorCode::kInternal:
      return kExitFailed;
  }
  return kExitFailed;
}

namespace {

// As whom Knit speaks to which cluster, and which file says so.
void tell_cluster(const Client& client) {
  constexpr std::array<std::string_view, 4> kTold = {"fs.defaultFS", "yarn.resourcemanager.address",
                                                     "yarn.resourcemanager.ha.rm-ids",
                                                     "yarn.resourcemanager.hostname"};
  tell("knit: the user is {}\n", client.user());
  for (const auto& setting : client.settings()) {
    if (std::find(kTold.begin(), kTold.end(), setting.key) == kTold.end()) continue;
    tell("knit: {} is {} ({})\n", setting.key, setting.value, setting.origin);
  }
}

}  // namespace

Client& Context::client() {
  if (!client_) {
    client_ = must(Client::open(options));
    if (verbose) tell_cluster(*client_);
  }
  return *client_;
}

int fail(const Error& error) {
  if (error.code() == ErrorCode::kCancelled) return kExitInterrupted;
  tell("knit: error: {}\n", error.message());
  return exit_code_of(error.code());
}

int fail_change(const Error& error) {
  const int code = fail(error);
  return error.code() == ErrorCode::kFailedPrecondition ? kExitNotFound : code;
}

ApplicationId parse_application(const std::string& text) {
  return must(ApplicationId::parse(text));
}

void add_staging_option(CLI::App& command, Context& context) {
  command.add_option_function<std::string>(
      "--staging-dir",
      [&context](const std::string& place) {
        context.options.properties.emplace_back("knit.staging.dir", place);
      },
      "the staging directory that 'knit run' was given, if it was");
}

namespace {

void pretty(std::string& out, const boost::json::value& value, int indent) {
  const std::string pad(static_cast<std::size_t>(indent) + 2, ' ');
  const auto close = [&](char bracket) {
    out += '\n';
    out.append(static_cast<std::size_t>(indent), ' ');
    out += bracket;
  };
  if (const auto* object = value.if_object(); object && !object->empty()) {
    out += '{';
    const char* comma = "\n";
    for (const auto& [key, member] : *object) {
      out += comma + pad + boost::json::serialize(boost::json::value(key)) + ": ";
      pretty(out, member, indent + 2);
      comma = ",\n";
    }
    close('}');
  } else if (const auto* array = value.if_array(); array && !array->empty()) {
    out += '[';
    const char* comma = "\n";
    for (const auto& element : *array) {
      out += comma + pad;
      pretty(out, element, indent + 2);
      comma = ",\n";
    }
    close(']');
  } else {
    out += boost::json::serialize(value);
  }
}

}  // namespace

void print_json(const boost::json::value& value) {
  std::string text;
  pretty(text, value, 0);
  fmt::print("{}\n", text);
}

void print_table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(header.size());
  const auto widen = [&](const std::vector<std::string>& row) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  };
  const auto print = [&](const std::vector<std::string>& row) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += i + 1 < row.size() ? fmt::format("{:<{}}  ", row[i], widths[i]) : row[i];
    }
    line.erase(line.find_last_not_of(' ') + 1);
    fmt::print("{}\n", line);
  };
  widen(header);
  for (const auto& row : rows) widen(row);
  print(header);
  for (const auto& row : rows) print(row);
}

std::string iso_time(WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)), (time - seconds).count());
}

boost::json::value json_time(const std::optional<WallTime>& time) {
  if (!time) return nullptr;
  return boost::json::string(iso_time(*time));
}

}  // namespace knit::cli
