// Commands about the cluster and about any application on it.
#include <fmt/format.h>
#include <knit/duration.h>

#include <algorithm>
#include <boost/json.hpp>

#include "cli/commands.h"
#include "cli/context.h"
#include "cli/reports.h"
#include "cli/standard_streams.h"
#include "cli/whole_number.h"

namespace knit::cli {
namespace {

namespace json = boost::json;

struct ListOptions {
  bool all = false;
  std::vector<std::string> states, queues, tags, users;
  std::string name;
  std::int64_t limit = 0;
};

int list(Context& context, const ListOptions& options) {
  ApplicationFilter filter;
  for (const auto& state : options.states) filter.states.push_back(must(parse_application_state(state)));
  if (filter.states.empty() && !options.all) {
    filter.states = {ApplicationState::kNew, ApplicationState::kNewSaving, ApplicationState::kSubmitted,
                     ApplicationState::kAccepted, ApplicationState::kRunning};
  }
  filter.users = options.users.empty() ? std::vector{context.client().user()} : options.users;
  if (std::find(filter.users.begin(), filter.users.end(), "all") != filter.users.end()) filter.users.clear();
  filter.queues = options.queues;
  filter.tags = options.tags;
  filter.name = options.name;
  filter.limit = options.limit;
  const auto reports = must(context.client().list(filter));
  if (context.json) {
    json::array out;
    for (const auto& report : reports) out.push_back(to_json(report));
    print_json(out);
    return kExitSucceeded;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& report : reports) {
    rows.push_back({to_string(report.id), report.name, report.user, report.queue, state_text(report),
                    elapsed_text(report)});
  }
  print_table({"APPLICATION", "NAME", "USER", "QUEUE", "STATE", "ELAPSED"}, rows);
  return kExitSucceeded;
}

int nodes(Context& context) {
  const auto reports = must(context.client().nodes());
  if (context.json) {
    json::array out;
    for (const auto& report : reports) out.push_back(to_json(report));
    print_json(out);
    return kExitSucceeded;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& node : reports) {
    std::string labels;
    for (const auto& label : node.labels) labels += labels.empty() ? label : "," + label;
    rows.push_back({to_string(node.id), std::string(to_string(node.state)), node.rack,
                    std::to_string(node.containers),
                    fmt::format("{} of {}", to_string(node.used.memory), to_string(node.capacity.memory)),
                    fmt::format("{} of {}", node.used.vcores, node.capacity.vcores), labels});
  }
  print_table({"NODE", "STATE", "RACK", "CONTAINERS", "MEMORY", "VCORES", "LABELS"}, rows);
  return kExitSucceeded;
}

int queues(Context& context) {
  const auto infos = must(context.client().queues());
  if (context.json) {
    json::array out;
    for (const auto& queue : infos) out.push_back(to_json(queue));
    print_json(out);
    return kExitSucceeded;
  }
  const auto count = [](const auto& value) { return value ? fmt::format("{}", *value) : std::string("-"); };
  std::vector<std::vector<std::string>> rows;
  for (const auto& queue : infos) {
    rows.push_back({queue.path, std::string(to_string(queue.state)),
                    fmt::format("{:.0f}%", queue.capacity * 100),
                    fmt::format("{:.0f}%", queue.maximum_capacity * 100),
                    fmt::format("{:.0f}%", queue.current_capacity * 100), count(queue.running),
                    count(queue.pending), queue.available_memory ? to_string(*queue.available_memory) : "-"});
  }
  print_table({"QUEUE", "STATE", "CAPACITY", "MAXIMUM", "USED", "RUNNING", "PENDING", "FREE MEMORY"}, rows);
  return kExitSucceeded;
}

int config(Context& context, const std::string& key) {
  auto settings = context.client().settings();
  if (!key.empty()) std::erase_if(settings, [&](const Setting& s) { return s.key != key; });
  if (!key.empty() && settings.empty()) {
    return fail(Error(ErrorCode::kNotFound, fmt::format("'{}' is not set in any file nor by -D", key)));
  }
  if (context.json) {
    json::array out;
    for (const auto& s : settings) {
      out.push_back(
          json::object{{"key", s.key}, {"value", s.value}, {"origin", s.origin}, {"redacted", s.redacted}});
    }
    print_json(out);
    return kExitSucceeded;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& s : settings) rows.push_back({s.key, s.redacted ? "(hidden)" : s.value, s.origin});
  print_table({"KEY", "VALUE", "FROM"}, rows);
  return kExitSucceeded;
}

int kill(Context& context, const std::vector<std::string>& applications) {
  std::vector<ApplicationId> ids;
  for (const auto& text : applications) ids.push_back(parse_application(text));
  int worst = kExitSucceeded;
  for (const auto& id : ids) {
    auto killed = context.client().kill(id);
    if (!killed) {
      worst = fail(killed.error());
      continue;
    }
    tell("{} {}\n", to_string(id), *killed ? "killed" : "had ended before");
  }
  return worst;
}

}  // namespace

void add_cluster_commands(CLI::App& app, Context& context) {
  auto* ls = app.add_subcommand("ls", "list applications: your own that have not ended");
  auto options = std::make_shared<ListOptions>();
  ls->add_flag("-a,--all", options->all, "also those that have ended");
  ls->add_option("--state", options->states, "only in this state (repeat)")->delimiter(',');
  ls->add_option("--user", options->users, "of this user, or 'all'")->delimiter(',');
  ls->add_option("--queue", options->queues, "in this queue")->delimiter(',');
  ls->add_option("--tag", options->tags, "with this tag")->delimiter(',');
  ls->add_option("--name", options->name, "with exactly this name");
  ls->add_option("--limit", options->limit, "at most so many, the newest")->transform(whole_number(1));
  ls->callback(
      [&context, options] { context.action = [&context, options] { return list(context, *options); }; });

  auto* nodes_command = app.add_subcommand("nodes", "list the cluster's nodes");
  nodes_command->callback([&context] { context.action = [&context] { return nodes(context); }; });

  auto* queues_command = app.add_subcommand("queues", "list the queues");
  queues_command->callback([&context] { context.action = [&context] { return queues(context); }; });

  auto* config_command = app.add_subcommand("config", "show each setting and where it came from");
  auto key = std::make_shared<std::string>();
  config_command->add_option("KEY", *key, "only this setting");
  config_command->callback(
      [&context, key] { context.action = [&context, key] { return config(context, *key); }; });

  auto* kill_command = app.add_subcommand("kill", "end applications at once, through the ResourceManager");
  auto ids = std::make_shared<std::vector<std::string>>();
  kill_command->add_option("APP", *ids, "application id")->required();
  add_staging_option(*kill_command, context);
  kill_command->callback(
      [&context, ids] { context.action = [&context, ids] { return kill(context, *ids); }; });
}

}  // namespace knit::cli
