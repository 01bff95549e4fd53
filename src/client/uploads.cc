#include "client/uploads.h"

#include "io/wait.h"

namespace knit::client {
namespace {

constexpr auto kOpenDeadline = std::chrono::seconds(120);  // listing a compressed TFile reads all of it

}  // namespace

logs::LogLayout log_layout(const conf::LogSettings& settings) {
  logs::LogLayout layout;
  for (const auto& format : settings.formats) {
    layout.places.push_back({format.directory, format.suffix});
    // Up to 3.2 each format had the layout without buckets.
    layout.older.push_back({format.directory, format.suffix});
  }
  if (settings.include_older) layout.older.push_back({settings.older_directory, settings.older_suffix});
  return layout;
}

io::Task<Result<std::unique_ptr<logs::NodeLog>>> open_upload(logs::NodeFile file) {
  co_return co_await io::run_until(io::after(kOpenDeadline), logs::open_node_file(std::move(file)));
}

bool is_final(LogAggregation state) {
  return state == LogAggregation::kSucceeded || state == LogAggregation::kFailed ||
         state == LogAggregation::kTimedOut || state == LogAggregation::kDisabled;
}

}  // namespace knit::client
