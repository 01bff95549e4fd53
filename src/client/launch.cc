#include "client/launch.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/validate.h"
#include "base/try.h"
#include "client/control.h"
#include "client/owner_keys.h"
#include "client/queues.h"
#include "client/site_rules.h"
#include "client/staging.h"
#include "client/staging_place.h"
#include "client/submission.h"
#include "client/usable_nodes.h"
#include "conf/yarn_settings.h"
#include "io/task_group.h"
#include "io/wait.h"

namespace knit::client {
namespace {

using namespace std::chrono_literals;

// What a sweep may still take when everything else is done.
constexpr auto kSweepGrace = 1s;
constexpr auto kSettleDeadline = 10s;

Result<Staging> staging_of(Session& session, const std::string& given) {
  KNIT_TRY(auto place, staging_place(session, given));
  return Staging(std::move(place), session.user(), session.resource_manager_address());
}

// Everything that is known before anything is changed.
struct Prepared {
  ClusterFacts facts;
  std::vector<std::string> warnings;
};

io::Task<Result<Prepared>> prepare(Session& session, const RunSpec& spec, Submission& submission,
                                   Staging& staging) {
  KNIT_CO_TRY_VOID(co_await submission.check_files());
  KNIT_CO_TRY(const auto settings, conf::submit_limits(session.settings()));
  yarn::ClusterLimits limits;
  limits.max_tags = static_cast<std::size_t>(settings.tags);
  limits.max_tag_length = static_cast<std::size_t>(settings.tag_length);
  Prepared prepared;
  KNIT_CO_TRY(prepared.facts, co_await gather_facts(session.resource_manager(), spec, std::move(limits)));
  if (!spec.queue.empty()) {
    if (const auto maximum = co_await maximum_in_queue(session, spec.queue))
      yarn::restrict(prepared.facts.limits, *maximum, spec.queue);
  }
  KNIT_CO_TRY(prepared.warnings, check_against(prepared.facts, spec, session.user()));
  // Before a sweep too, which would leave its mark in a folder that cannot be ours.
  KNIT_CO_TRY_VOID(co_await staging.check());
  co_return prepared;
}

// What the ResourceManager refuses without our having looked: where it puts those who name no queue is its
// own affair (queue mappings).
io::Task<Error> with_other_queues(Session& session, const ClusterFacts& facts, Error error) {
  if (!refuses_queue(error)) co_return error;
  // Whom it lets create a queue it asks only then, and says that it is not permitted.
  const bool missing = facts.queue && !facts.queue->info;
  const auto code = missing ? ErrorCode::kNotFound : error.code();
  const auto open = co_await usable_queues(session.resource_manager());
  if (!open || open->empty()) co_return Error(code, error.message(), error.remote_exception());
  co_return Error(code, fmt::format("{}; you may submit to {} (--queue)", error.message(), list_of(*open)),
                  error.remote_exception());
}

Result<SubmissionTools> tools_for(Session& session, ApplicationService& service, Staging& staging,
                                  const LaunchOptions& options, OwnerKeys* keys = nullptr) {
  KNIT_TRY(auto masters, find_masters(options.masters, options.master_directory));
  return SubmissionTools{
      service,
      staging,
      session.settings(),
      session.user(),
      [&session](const std::string& uri, std::string_view what) -> Result<fs::FileSystem*> {
        KNIT_TRY(auto* file_system, session.file_system(uri, what));
        return file_system;
      },
      std::move(masters),
      keys};
}

CacheEntry to_entry(const Cache::Entry& entry, bool in_use) {
  return {entry.key.name, entry.key.sha256, entry.key.size, entry.used, in_use};
}

// Sweeps beside a submission, and says when it is done.
io::Task<void> sweep(Staging& staging, OwnerKeys* keys, ApplicationService& service, io::Event& done) {
  (void)co_await staging.sweep(service);
  if (keys != nullptr) co_await keys->sweep(service);
  done.set();
}

}  // namespace

io::Task<Result<Plan>> plan_run(Session& session, RunSpec spec, LaunchOptions options) {
  KNIT_CO_TRY(spec, apply_site_rules(session.settings(), std::move(spec)));
  KNIT_CO_TRY_VOID(app::validate(spec));
  KNIT_CO_TRY_VOID(check_launch(spec));
  YarnApplicationService service(session.resource_manager());
  KNIT_CO_TRY(auto staging, staging_of(session, spec.staging_dir));
  KNIT_CO_TRY(auto tools, tools_for(session, service, staging, options));
  Submission submission(std::move(tools), spec);
  KNIT_CO_TRY(auto prepared, co_await prepare(session, spec, submission, staging));
  Plan plan;
  KNIT_CO_TRY(plan.files, co_await submission.plan_files());
  plan.name = app::application_name(spec);
  plan.queue = spec.queue;
  plan.user = session.user();
  plan.staging = staging.uri();
  plan.instances = spec.instances;
  plan.instance = spec.resource;
  plan.master = {spec.master_memory, 1, {}};
  plan.warnings = std::move(prepared.warnings);
  co_return plan;
}

io::Task<Result<ApplicationId>> submit_run(Session& session, RunSpec spec, LaunchOptions options,
                                           RunObserver& observer) {
  KNIT_CO_TRY(spec, apply_site_rules(session.settings(), std::move(spec)));
  KNIT_CO_TRY_VOID(app::validate(spec));
  KNIT_CO_TRY_VOID(check_launch(spec));
  YarnApplicationService service(session.resource_manager());
  KNIT_CO_TRY(auto staging, staging_of(session, spec.staging_dir));
  auto keys = open_owner_keys(session.settings().environment());
  if (!keys) observer.on_notice(keys.error().message());
  OwnerKeys* const kept = keys ? &*keys : nullptr;
  KNIT_CO_TRY(auto tools, tools_for(session, service, staging, options, kept));
  Submission submission(std::move(tools), spec);
  KNIT_CO_TRY(auto prepared, co_await prepare(session, spec, submission, staging));
  for (const auto& warning : prepared.warnings) observer.on_notice(warning);
  KNIT_CO_TRY(const auto node_settings, conf::node_settings(session.settings()));
  submission.name_nodes(usable_nodes(prepared.facts.nodes, spec, node_settings.port_in_name));

  io::Event swept;
  io::TaskGroup background;
  background.spawn(sweep(staging, kept, service, swept));
  session.about(prepared.facts.id);
  const auto submitted = co_await submission.run(prepared.facts.id, observer);
  if (submitted) (void)co_await io::run_until(io::after(kSweepGrace), swept.wait());
  co_await background.stop();
  if (!submitted) co_return co_await with_other_queues(session, prepared.facts, submitted.error());
  co_return prepared.facts.id;
}

io::Task<void> settle_run(Session& session, ApplicationId id, std::string staging_dir) {
  co_await forget_key(session, id);
  auto staging = staging_of(session, staging_dir);
  if (staging) (void)co_await io::run_until(io::after(kSettleDeadline), staging->settle(id));
}

io::Task<Result<std::vector<CacheEntry>>> list_cache(Session& session) {
  YarnApplicationService service(session.resource_manager());
  KNIT_CO_TRY(auto staging, staging_of(session, ""));
  KNIT_CO_TRY(const auto in_use, co_await staging.in_use(service));
  KNIT_CO_TRY(const auto entries, co_await staging.cache().list());
  std::vector<CacheEntry> out;
  for (const auto& entry : entries) out.push_back(to_entry(entry, in_use.contains(entry.path)));
  std::sort(out.begin(), out.end(), [](const CacheEntry& a, const CacheEntry& b) { return a.used > b.used; });
  co_return out;
}

io::Task<Result<std::vector<CacheEntry>>> collect_cache(Session& session, std::chrono::hours age) {
  YarnApplicationService service(session.resource_manager());
  KNIT_CO_TRY(auto staging, staging_of(session, ""));
  KNIT_CO_TRY(const auto removed, co_await staging.collect(service, age));
  std::vector<CacheEntry> out;
  for (const auto& entry : removed) out.push_back(to_entry(entry, false));
  co_return out;
}

}  // namespace knit::client
