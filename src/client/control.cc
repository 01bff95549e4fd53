#include "client/control.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/try.h"
#include "client/applications.h"
#include "client/describe.h"
#include "client/owner_keys.h"
#include "client/site_rules.h"
#include "control/messages.h"
#include "http/https_client.h"
#include "io/wait.h"

namespace knit::client {
namespace {

// A port that a firewall closes is silent.
constexpr auto kConnectLimit = std::chrono::seconds(5);
// Of one question: connecting, and the journal's flush that the answer waits for.
constexpr auto kAnswerDeadline = std::chrono::seconds(30);
// From the last container's end to the ResourceManager's word that the application has ended.
constexpr auto kEndDeadline = std::chrono::seconds(60);

Error no_channel(const ApplicationReport& report) {
  const auto id = to_string(report.id);
  if (has_ended(report.state)) {
    return Error(ErrorCode::kFailedPrecondition,
                 fmt::format("{} has ended: there is nothing left to change", id));
  }
  const bool waits = report.state != ApplicationState::kRunning;
  return Error(
      ErrorCode::kUnavailable,
      fmt::format("{} {}; 'knit kill {}' ends it", id,
                  waits ? "has no master yet" : "has no control channel (its master's log says why)", id));
}

io::Task<Result<std::string>> ask(Session& session, ApplicationReport report, std::string method,
                                  std::string target, std::string body) {
  if (report.state != ApplicationState::kRunning || report.master_host.empty() || report.master_port <= 0)
    co_return no_channel(report);
  KNIT_CO_TRY(auto keys, open_owner_keys(session.settings().environment()));
  KNIT_CO_TRY(const auto identity, co_await keys.find(report.id));
  http::Limits limits;
  limits.max_text = control::kMaxAnswer;
  const io::HostPort master{report.master_host, static_cast<std::uint16_t>(report.master_port)};
  KNIT_CO_TRY(const auto client,
              http::HttpsClient::create(master, identity, limits, io::connect, kConnectLimit));
  auto answer = co_await io::run_until(io::after(kAnswerDeadline),
                                       client.send(std::move(method), std::move(target), std::move(body)));
  if (!answer)
    co_return std::move(answer).error().with_context(fmt::format("the master of {}", to_string(report.id)));
  co_return answer;
}

io::Task<Result<std::string>> ask(Session& session, ApplicationId id, std::string method, std::string target,
                                  std::string body) {
  KNIT_CO_TRY(auto report, co_await session.resource_manager().report(id));
  co_return co_await ask(session, std::move(report), std::move(method), std::move(target), std::move(body));
}

}  // namespace

namespace {

// As far as the site's administrator limits it.
io::Task<Status> check_scale(Session& session, ApplicationId id, ScaleRequest request) {
  const auto& settings = session.settings();
  if (!limits_instances(settings)) co_return Status();
  if (request.to) co_return check_instances(settings, *request.to);
  if (request.by <= 0) co_return Status();
  KNIT_CO_TRY(const auto answer, co_await ask(session, id, "GET", "/v1/application", {}));
  KNIT_CO_TRY(const auto status, control::decode_application(answer));
  const auto& counts = status.counts;
  co_return check_instances(settings,
                            std::int64_t{counts.pending} + counts.starting + counts.running + request.by);
}

}  // namespace

io::Task<Result<ScaleResult>> scale_application(Session& session, ApplicationId id, ScaleRequest request) {
  KNIT_CO_TRY_VOID(co_await check_scale(session, id, request));
  KNIT_CO_TRY(const auto answer, co_await ask(session, id, "POST", "/v1/scale", control::encode(request)));
  co_return control::decode_scale_result(answer);
}

io::Task<Status> restart_instance(Session& session, ApplicationId id, std::int32_t instance,
                                  std::chrono::milliseconds grace) {
  KNIT_CO_TRY_VOID(co_await ask(session, id, "POST", fmt::format("/v1/instances/{}/restart", instance),
                                control::encode_grace(grace)));
  co_return Status();
}

io::Task<Result<ApplicationReport>> stop_application(Session& session, ApplicationId id,
                                                     std::chrono::milliseconds grace) {
  KNIT_CO_TRY(auto report, co_await session.resource_manager().report(id));
  if (has_ended(report.state)) co_return report;
  KNIT_CO_TRY_VOID(co_await ask(session, report, "POST", "/v1/stop", control::encode_grace(grace)));
  auto ended = co_await io::run_until(io::after(grace + kEndDeadline), wait_for_end(session, id));
  if (!ended && ended.error().code() == ErrorCode::kDeadlineExceeded) {
    co_return Error(ErrorCode::kDeadlineExceeded,
                    fmt::format("{} was asked to end and has not; 'knit kill {}' ends it through the "
                                "ResourceManager",
                                to_string(id), to_string(id)));
  }
  co_return ended;
}

namespace {

constexpr std::int32_t kMasterNumber = -1;

io::Task<Result<std::vector<InstanceReport>>> ask_instances(Session& session, ApplicationReport report) {
  KNIT_CO_TRY(const auto answer, co_await ask(session, std::move(report), "GET", "/v1/instances", {}));
  co_return control::decode_instances(answer);
}

InstanceReport master_of(const Description& description) {
  const auto& attempt = description.attempts.back();
  const auto state = description.report.state;
  return {.instance = kMasterNumber,
          .restarts = attempt.id.attempt - 1,
          .state = has_ended(state)                      ? "ended"
                   : state == ApplicationState::kRunning ? "running"
                                                         : "starting",
          .container = attempt.master_container,
          .node = {attempt.host, 0},
          .started = attempt.started,
          .ended = attempt.finished};
}

}  // namespace

io::Task<Result<std::vector<InstanceReport>>> list_instances(Session& session, ApplicationId id,
                                                             Notice notice) {
  KNIT_CO_TRY(auto description, co_await describe_application(session, id));
  auto instances = std::move(description.instances);
  if (description.report.state == ApplicationState::kRunning) {
    auto live = co_await ask_instances(session, description.report);
    if (!live) {
      KNIT_CO_TRY_VOID(co_await io::check_cancelled());
      notice("told from the journal, not by its master: " + live.error().message());
    }
    if (live) instances = *std::move(live);
  }
  if (!description.attempts.empty()) instances.push_back(master_of(description));
  co_return instances;
}

io::Task<Result<control::FollowAnswer>> ask_for_news(Session& session, ApplicationReport report,
                                                     control::FollowRequest request) {
  KNIT_CO_TRY(const auto answer,
              co_await ask(session, std::move(report), "POST", "/v1/follow", control::encode(request)));
  co_return control::decode_follow_answer(answer);
}

io::Task<void> forget_key(Session& session, ApplicationId id) {
  if (auto keys = open_owner_keys(session.settings().environment())) (void)co_await keys->forget(id);
}

io::Task<Result<std::string>> export_key(Session& session, ApplicationId id) {
  KNIT_CO_TRY(auto keys, open_owner_keys(session.settings().environment()));
  KNIT_CO_TRY(const auto text, co_await keys.text(id));
  co_return text.bytes();
}

io::Task<Result<ApplicationId>> import_key(Session& session, std::string text) {
  KNIT_CO_TRY(auto keys, open_owner_keys(session.settings().environment()));
  co_return co_await keys.add(security::Secret(std::move(text)));
}

}  // namespace knit::client
