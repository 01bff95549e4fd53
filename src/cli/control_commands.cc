// Commands that ask a running application's master, and the keys that this takes.
#include <fmt/format.h>
#include <knit/duration.h>
#include <knit/wipe.h>

#include <algorithm>
#include <atomic>
#include <boost/json.hpp>
#include <charconv>
#include <cstdio>
#include <thread>

#include "cli/commands.h"
#include "cli/context.h"
#include "cli/reports.h"
#include "cli/signals.h"
#include "cli/standard_streams.h"
#include "cli/whole_number.h"

namespace knit::cli {
namespace {

namespace json = boost::json;

// Applications that are stopped side by side; the next when one has ended.
constexpr std::size_t kStopsAtOnce = 32;
// A key has 3 KiB.
constexpr std::size_t kMaxKey = 64u << 10;

struct Options {
  std::vector<std::string> ids;
  std::string id, grace, count;
  std::vector<std::int32_t> instances;
  int instance = 0;
};

std::chrono::milliseconds grace_of(const Options& options) {
  if (options.grace.empty()) return kDefaultGrace;
  const auto grace = must(parse_duration(options.grace).with_context("--grace"));
  if (grace > kLongestGrace) {
    throw CommandEnd{
        fail(Error(ErrorCode::kInvalidArgument,
                   fmt::format("--grace {}: at most {}", options.grace, knit::to_text(kLongestGrace))))};
  }
  return grace;
}

int stop_one(Client& client, const ApplicationId& id, std::chrono::milliseconds grace, std::stop_token stop) {
  const auto stopped = client.stop(id, grace, std::move(stop));
  if (!stopped) return fail_change(stopped.error());
  tell("{} {}: {}\n", to_string(id), state_text(*stopped), stopped->diagnostics);
  return kExitSucceeded;
}

// Side by side: each takes its grace. Gives the worst exit code.
int stop_all(Client& client, const std::vector<ApplicationId>& ids, std::chrono::milliseconds grace,
             const std::stop_token& stop) {
  std::atomic<std::size_t> next{0};
  std::atomic<int> worst{kExitSucceeded};
  {
    std::vector<std::jthread> workers;
    for (std::size_t i = 0; i < std::min(ids.size(), kStopsAtOnce); ++i) {
      workers.emplace_back([&] {
        for (auto at = next++; at < ids.size() && !stop.stop_requested(); at = next++) {
          const int code = stop_one(client, ids[at], grace, stop);
          for (int known = worst; known < code && !worst.compare_exchange_weak(known, code);) {
          }
        }
      });
    }
  }
  return stop.stop_requested() ? kExitInterrupted : worst.load();
}

int stop(Context& context, const Options& options) {
  std::vector<ApplicationId> ids;
  for (const auto& text : options.ids) ids.push_back(parse_application(text));
  const auto grace = grace_of(options);
  Signals signals;  // before the client starts its thread
  return stop_all(context.client(), ids, grace, signals.stop());
}

// "5", "+2", "-3".
ScaleRequest scale_request(const Options& options) {
  ScaleRequest request;
  request.grace = grace_of(options);
  request.remove.insert(options.instances.begin(), options.instances.end());
  if (request.remove.empty() == options.count.empty()) {
    throw CommandEnd{
        fail(Error(ErrorCode::kInvalidArgument,
                   "say how many instances there shall be (5), how many more (+2) or fewer (-3), or "
                   "--remove INSTANCE"))};
  }
  if (options.count.empty()) return request;
  std::string_view digits = options.count;
  const char sign = digits.front() == '+' || digits.front() == '-' ? digits.front() : '=';
  if (sign != '=') digits.remove_prefix(1);
  std::int32_t number = 0;
  const auto* const end = digits.data() + digits.size();
  const auto [rest, error] = std::from_chars(digits.data(), end, number);
  if (error != std::errc() || rest != end || number < 0) {
    throw CommandEnd{
        fail(Error(ErrorCode::kInvalidArgument, fmt::format("'{}' is neither N, +N nor -N", options.count)))};
  }
  if (sign == '=') {
    request.to = number;
  } else {
    request.by = sign == '+' ? number : -number;
  }
  return request;
}

json::array numbers(const std::vector<std::int32_t>& list) {
  return json::array(list.begin(), list.end());
}

int scale(Context& context, const Options& options) {
  const auto id = parse_application(options.id);
  const auto request = scale_request(options);
  const auto result = must_change(context.client().scale(id, request));
  if (context.json) {
    print_json(json::object{
        {"added", numbers(result.added)}, {"removed", numbers(result.removed)}, {"active", result.active}});
    return kExitSucceeded;
  }
  tell("{}: {} added, {} removed, {} active\n", to_string(id), result.added.size(), result.removed.size(),
       result.active);
  return kExitSucceeded;
}

int restart(Context& context, const Options& options) {
  const auto id = parse_application(options.id);
  must_change(context.client().restart(id, options.instance, grace_of(options)));
  tell("{}: instance {} is stopped and started anew\n", to_string(id), options.instance);
  return kExitSucceeded;
}

int containers(Context& context, const Options& options) {
  const auto instances = must(context.client().instances(
      parse_application(options.id), [](const std::string& notice) { tell("knit: {}\n", notice); }));
  if (!context.json) {
    print_instances(instances);
    return kExitSucceeded;
  }
  json::array out;
  for (const auto& one : instances) out.push_back(to_json(one));
  print_json(out);
  return kExitSucceeded;
}

int export_key(Context& context, const Options& options) {
  auto text = must(context.client().export_key(parse_application(options.id)));
  std::fwrite(text.data(), 1, text.size(), stdout);
  wipe(text.data(), text.size());
  return kExitSucceeded;
}

int import_key(Context& context) {
  std::string text(kMaxKey + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), stdin));
  if (text.size() > kMaxKey)
    return fail(Error(ErrorCode::kInvalidArgument,
                      "stdin has more than any key: give it what 'knit key export' writes"));
  const auto kept = context.client().import_key(text);
  wipe(text.data(), text.size());
  const auto id = must(kept);
  tell("the key to {} is kept\n", to_string(id));
  return kExitSucceeded;
}

void add_grace(CLI::App& command, Options& options) {
  command.add_option("--grace", options.grace, "from SIGTERM to SIGKILL (default 10s)");
}

}  // namespace

void add_control_commands(CLI::App& app, Context& context) {
  const auto add = [&](CLI::App& parent, const char* name, const char* help, auto run, auto... arguments) {
    auto* command = parent.add_subcommand(name, help);
    auto options = std::make_shared<Options>();
    (arguments(*command, *options), ...);
    command->callback([&context, options, run] {
      context.action = [&context, options, run] { return run(context, *options); };
    });
  };
  const auto one = [](CLI::App& command, Options& options) {
    command.add_option("APP", options.id, "application id")->required();
  };
  const auto staging = [&context](CLI::App& command, Options&) { add_staging_option(command, context); };
  const auto many = [](CLI::App& command, Options& options) {
    command.add_option("APP", options.ids, "application id")->required();
  };
  const auto count = [](CLI::App& command, Options& options) {
    command.add_option("N", options.count, "so many instances, +N more or -N fewer");
    command.add_option("--remove", options.instances, "take out this instance (repeat)")
        ->allow_extra_args(false)
        ->transform(whole_number());
  };
  const auto instance = [](CLI::App& command, Options& options) {
    command.add_option("INSTANCE", options.instance, "its number")->required()->transform(whole_number());
  };
  add(app, "stop", "ask applications to end: SIGTERM, and SIGKILL after the grace", stop, many, add_grace,
      staging);
  add(app, "scale", "change the number of instances of a running application", scale, one, count, add_grace);
  add(app, "restart", "stop one instance and start it anew", restart, one, instance, add_grace);
  add(app, "containers", "list the instances of an application, and its master", containers, one, staging);

  auto* key = app.add_subcommand("key", "the owner's key to a running application, which this machine keeps");
  key->require_subcommand(1);
  add(*key, "export", "write it to stdout, for another machine of the owner: it is a secret", export_key,
      one);
  add(*key, "import", "keep the key that is read from stdin",
      [](Context& shared, const Options&) { return import_key(shared); });
}

}  // namespace knit::cli
