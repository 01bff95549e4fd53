#include "cli/run_options.h"

#include <fmt/format.h>
#include <knit/duration.h>
#include <knit/port_range.h>

#include <cerrno>
#include <charconv>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>

#include "cli/whole_number.h"

namespace knit::cli {
namespace {

constexpr std::size_t kLargestEnvironmentFile = 1 << 20;

constexpr const char* kMisplaced = "COMMAND";

std::string put_behind(const std::string& word) {
  return fmt::format("'{}': put the command and its arguments behind --, as in: knit run -n 2 -- date", word);
}

[[noreturn]] void refuse(const std::string& option, const std::string& why) {
  throw CLI::ValidationError(option, why);
}

template <class T>
T parsed(const std::string& option, Result<T> result) {
  if (!result) refuse(option, result.error().message());
  return *std::move(result);
}

std::int64_t parse_count(const std::string& option, std::string_view text) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size() || count < 0)
    refuse(option, fmt::format("'{}' is no whole number from 0 up", text));
  return count;
}

// "K=V", or "K" with the value that this process has.
Result<std::pair<std::string, std::string>> parse_variable(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == 0 || text.empty())
    return Error(ErrorCode::kInvalidArgument, fmt::format("'{}' has no name", text));
  if (equals != std::string::npos) return std::pair(text.substr(0, equals), text.substr(equals + 1));
  auto value = Client::environment_variable(text);
  if (!value) {
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("'{}' is not set here; write {}=VALUE", text, text));
  }
  return std::pair(text, *std::move(value));
}

// An option with a value of its own kind, told as a sentence where it does not fit.
void option(CLI::App& command, const std::string& names, const std::function<void(const std::string&)>& take,
            const std::string& help, const char* type) {
  command.add_option_function<std::string>(names, take, help)->type_name(type);
}

// One that may be repeated.
void repeated(CLI::App& command, const std::string& names, std::function<void(const std::string&)> take,
              const std::string& help, const char* type) {
  command
      .add_option_function<std::vector<std::string>>(
          names,
          [take = std::move(take)](const std::vector<std::string>& values) {
            for (const auto& value : values) take(value);
          },
          help)
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->type_name(type);
}

void add_resource_options(CLI::App& command, RunSpec& spec) {
  command.add_option("-n,--instances", spec.instances, "how many containers run the command (default 1)")
      ->transform(whole_number(1))
      ->type_name("N");
  option(
      command, "--memory",
      [&spec](const std::string& text) { spec.resource.memory = parsed("--memory", ByteSize::parse(text)); },
      "memory of each instance: 512MiB, 2GiB, 2g; a bare number is MiB (default 512MiB)", "SIZE");
  command.add_option("--vcores", spec.resource.vcores, "virtual cores of each instance (default 1)")
      ->transform(whole_number(1))
      ->type_name("N");
  repeated(
      command, "--resource",
      [&spec](const std::string& text) {
        const auto equals = text.find('=');
        if (equals == std::string::npos || equals == 0)
          refuse("--resource", fmt::format("write NAME=VALUE, not '{}'", text));
        spec.resource.others[text.substr(0, equals)] = parse_count("--resource", text.substr(equals + 1));
      },
      "an amount of any other resource type, of each instance (repeat)", "NAME=VALUE");
  option(
      command, "--gpus",
      [&spec](const std::string& text) { spec.resource.others["yarn.io/gpu"] = parse_count("--gpus", text); },
      "GPUs of each instance: --resource yarn.io/gpu=N", "N");
}

void add_file_options(CLI::App& command, RunSpec& spec) {
  repeated(
      command, "--file", [&spec](const std::string& text) { spec.files.push_back(parse_file(text, false)); },
      "a file or folder for each instance's working directory, from here or hdfs:// (repeat)", "SRC[#NAME]");
  repeated(
      command, "--archive",
      [&spec](const std::string& text) { spec.files.push_back(parse_file(text, true)); },
      "a zip, tar or tar.gz that is unpacked into a folder of that name (repeat)", "SRC[#NAME]");
  repeated(
      command, "-e,--env",
      [&spec](const std::string& text) { spec.environment.push_back(parsed("--env", parse_variable(text))); },
      "a variable for each instance; without =V as it is here (repeat). Values can be read in YARN's logs: "
      "put "
      "no secret here",
      "K[=V]");
  repeated(
      command, "--env-file",
      [&spec](const std::string& path) {
        for (auto& variable : parsed("--env-file", read_environment_file(path)))
          spec.environment.push_back(std::move(variable));
      },
      "variables from a file with a line K=V for each (repeat)", "FILE");
}

void add_application_options(CLI::App& command, RunSpec& spec) {
  command.add_option("--queue", spec.queue, "the queue (default: the cluster's)");
  command.add_option("--name", spec.name, "the application's name (default: the command's)");
  command.add_option("--type", spec.type, "the application's type (default KNIT)");
  repeated(
      command, "--tag", [&spec](const std::string& text) { spec.tags.push_back(text); },
      "a tag to find the application by (repeat)", "TAG");
  command.add_option("--priority", spec.priority, "in its queue; higher is served first (default 0)")
      ->transform(whole_number(-1000000000))
      ->type_name("N");
  command.add_option("--node-label", spec.node_label, "run on nodes with this label (default: the queue's)");
  command.add_option("--staging-dir", spec.staging_dir,
                     "where files are staged (default HOME/.knit in HDFS)");
}

void add_policy_options(CLI::App& command, RunSpec& spec) {
  option(
      command, "--lifetime",
      [&spec](const std::string& text) { spec.lifetime = parsed("--lifetime", parse_duration(text)); },
      "YARN ends the application after this long: 90s, 10m, 2h, 1d (default: never)", "DURATION");
  option(
      command, "--start-timeout",
      [&spec](const std::string& text) {
        spec.start_timeout = parsed("--start-timeout", parse_duration(text));
      },
      "withdraw the application if nothing runs after this long (default: never); with -d whoever attaches "
      "or "
      "waits does that, or its master as soon as it is started",
      "DURATION");
  command
      .add_option("--max-restarts", spec.max_restarts,
                  "restarts of each instance after failures of its own (default 0)")
      ->transform(whole_number())
      ->type_name("N");
  command
      .add_option("--max-failures", spec.max_failures,
                  "instances that may fail for good without failing the application (default 0)")
      ->transform(whole_number())
      ->type_name("N");
  command.add_flag("--fail-fast", spec.fail_fast, "end the others too as soon as more have failed");
  option(
      command, "--master-memory",
      [&spec](const std::string& text) {
        spec.master_memory = parsed("--master-memory", ByteSize::parse(text));
      },
      "memory of Knit's own container (default 128MiB, or the cluster's minimum)", "SIZE");
  option(
      command, "--master-attempts",
      [&spec](const std::string& text) {
        const auto attempts = parse_count("--master-attempts", text);
        if (attempts < 1 || attempts > 1000) refuse("--master-attempts", "must be from 1 to 1000");
        spec.master_attempts = static_cast<std::int32_t>(attempts);
      },
      "how often YARN starts the master (default: the cluster's)", "N");
  option(
      command, "--master-bind", [&spec](const std::string& text) { spec.master_bind = text; },
      "the address of its node on which the master listens (default: that of NM_HOST)", "ADDRESS");
  option(
      command, "--master-port",
      [&spec](const std::string& text) {
        spec.master_ports = parsed("--master-port", parse_port_range(text));
      },
      "the port, or range of ports, on which the master listens (default: any)", "RANGE");
}

}  // namespace

FileSpec parse_file(const std::string& text, bool archive) {
  FileSpec file;
  const auto mark = text.rfind('#');
  file.source = text.substr(0, mark);
  if (mark != std::string::npos) file.name = text.substr(mark + 1);
  file.archive = archive;
  return file;
}

Result<std::vector<std::pair<std::string, std::string>>> read_environment_file(const std::string& path) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::string text(kLargestEnvironmentFile + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || !in.is_open()) {
    return Error(errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kInvalidArgument,
                 fmt::format("'{}' cannot be read: {}", path, std::generic_category().message(errno)));
  }
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kLargestEnvironmentFile)
    return Error(ErrorCode::kInvalidArgument, fmt::format("{} is larger than 1 MiB", path));
  std::vector<std::pair<std::string, std::string>> variables;
  std::istringstream lines(std::move(text));
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (line.empty() || line.front() == '#') continue;
    auto variable = parse_variable(line);
    if (!variable) return std::move(variable).error().with_context(fmt::format("{}, line {}", path, number));
    variables.push_back(*std::move(variable));
  }
  return variables;
}

void add_run_options(CLI::App& command, RunOptions& options) {
  add_resource_options(command, options.spec);
  add_file_options(command, options.spec);
  add_application_options(command, options.spec);
  add_policy_options(command, options.spec);
  option(
      command, "--script",
      [&options](const std::string& text) {
        options.script = parse_file(text, false);
        auto& name = options.script->name;
        const auto& source = options.script->source;
        if (name.empty()) name = source.substr(source.rfind('/') + 1);
      },
      "ship this file and run it, with the words behind -- as its arguments", "FILE[#NAME]");
  option(
      command, "-c",
      [&options](const std::string& text) {
        options.shell_text = text;
        options.has_shell_text = true;
      },
      "run /bin/bash -c TEXT instead of a command", "TEXT");
  // Only so that the message can say where a command belongs.
  command.add_option(kMisplaced, options.unexpected)->group("");
}

std::string misplaced_command(const CLI::App& app) {
  for (const auto* command : app.get_subcommands()) {
    const auto* words = command->get_option_no_throw(kMisplaced);
    if (words != nullptr && words->count() > 0) return put_behind(words->results().front());
  }
  return {};
}

Result<RunSpec> run_spec(const RunOptions& options, const Context& context) {
  if (!options.unexpected.empty()) {
    return Error(ErrorCode::kInvalidArgument, put_behind(options.unexpected.front()));
  }
  if (options.has_shell_text && context.has_command)
    return Error(ErrorCode::kInvalidArgument, "give either -c TEXT or a command behind --, not both");
  RunSpec spec = options.spec;
  if (options.script) {
    if (options.has_shell_text)
      return Error(ErrorCode::kInvalidArgument, "give either -c TEXT or --script FILE, not both");
    spec.command = context.command;
    spec.command.insert(spec.command.begin(), "./" + options.script->name);
    spec.files.push_back(*options.script);
    return spec;
  }
  spec.command = options.has_shell_text ? std::vector<std::string>{"/bin/bash", "-c", options.shell_text}
                                        : context.command;
  if (spec.command.empty()) {
    return Error(ErrorCode::kInvalidArgument,
                 "no command was given: put it behind --, as in: knit run -n 2 -- date");
  }
  return spec;
}

}  // namespace knit::cli
