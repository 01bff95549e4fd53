// knit cache: what the cache of uploaded files holds, and removing what is not needed.
#include <fmt/format.h>
#include <knit/duration.h>

#include <boost/json.hpp>

#include "cli/commands.h"
#include "cli/context.h"

namespace knit::cli {
namespace {

boost::json::value to_json(const CacheEntry& entry) {
  return boost::json::object{{"name", entry.name},
                             {"sha256", entry.sha256},
                             {"size", entry.size},
                             {"used", iso_time(entry.used)},
                             {"in_use", entry.in_use}};
}

void print(const Context& context, const std::vector<CacheEntry>& entries) {
  if (context.json) {
    boost::json::array list;
    for (const auto& entry : entries) list.push_back(to_json(entry));
    print_json(list);
    return;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& entry : entries) {
    rows.push_back({entry.sha256.substr(0, 12),
                    to_string(ByteSize::bytes(static_cast<std::int64_t>(entry.size))), iso_time(entry.used),
                    entry.in_use ? "yes" : "no", entry.name});
  }
  print_table({"SHA256", "SIZE", "USED", "IN USE", "NAME"}, rows);
}

int list(Context& context) {
  print(context, must(context.client().cache_list()));
  return kExitSucceeded;
}

int collect(Context& context, const std::string& age) {
  const auto limit = must(parse_duration(age));
  const auto removed = must(context.client().cache_collect(std::chrono::floor<std::chrono::hours>(limit)));
  if (context.json) {
    print(context, removed);
    return kExitSucceeded;
  }
  std::uint64_t bytes = 0;
  for (const auto& entry : removed) {
    bytes += entry.size;
    fmt::print("removed {} {}\n", entry.sha256.substr(0, 12), entry.name);
  }
  fmt::print("{} files, {}\n", removed.size(), to_string(ByteSize::bytes(static_cast<std::int64_t>(bytes))));
  return kExitSucceeded;
}

}  // namespace

void add_cache_commands(CLI::App& app, Context& context) {
  auto* cache = app.add_subcommand("cache", "the cache of uploaded files");
  cache->require_subcommand(1);
  add_staging_option(*cache, context);
  auto* ls = cache->add_subcommand("ls", "what it holds");
  ls->callback([&context] { context.action = [&context] { return list(context); }; });
  auto age = std::make_shared<std::string>("7d");
  auto* gc = cache->add_subcommand("gc", "remove what was not used lately and no live application needs");
  gc->add_option("--unused-for", *age, "keep what was used in this time, in whole hours (default 7d)")
      ->type_name("DURATION");
  gc->callback([&context, age] { context.action = [&context, age] { return collect(context, *age); }; });
}

}  // namespace knit::cli
