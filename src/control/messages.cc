#include "control/messages.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "app/validate.h"
#include "base/json.h"
#include "base/try.h"
#include "base/utf8.h"

namespace knit::control {
namespace {

namespace json = boost::json;
using base::json_text;
using base::JsonReader;

constexpr std::size_t kMaxInstanceList = 1'000'000;
constexpr std::array kStates = {RunningState::kRunning, RunningState::kHeld, RunningState::kStopping,
                                RunningState::kEnding};
constexpr std::size_t kMaxFollowerName = 64;
// For an error that came without Knit's own body.
constexpr std::size_t kMaxForeignText = 500;

struct HttpStatus {
  ErrorCode code;
  int status;
};
// The first line of a status is what it means where nothing else is told.
constexpr std::array kHttpStatuses = {
    HttpStatus{ErrorCode::kInvalidArgument, 400},    HttpStatus{ErrorCode::kUnauthenticated, 401},
    HttpStatus{ErrorCode::kPermissionDenied, 403},   HttpStatus{ErrorCode::kNotFound, 404},
    HttpStatus{ErrorCode::kFailedPrecondition, 409}, HttpStatus{ErrorCode::kAlreadyExists, 409},
    HttpStatus{ErrorCode::kResourceExhausted, 429},  HttpStatus{ErrorCode::kInternal, 500},
    HttpStatus{ErrorCode::kDataLoss, 500},           HttpStatus{ErrorCode::kUnimplemented, 501},
    HttpStatus{ErrorCode::kUnavailable, 503},        HttpStatus{ErrorCode::kCancelled, 503},
    HttpStatus{ErrorCode::kDeadlineExceeded, 504},
};

json::value time_or_null(const std::optional<WallTime>& time) {
  return time ? json::value(time->time_since_epoch().count()) : json::value();
}
std::optional<WallTime> time_or_none(JsonReader& in, std::string_view name) {
  if (!in.has(name)) return std::nullopt;
  return WallTime(std::chrono::milliseconds(in.integer(name, 0)));
}
std::int32_t count(JsonReader& in, std::string_view name) {
  return static_cast<std::int32_t>(in.integer_or(name, 0, 0, INT32_MAX));
}
std::set<std::int32_t> to_set(const std::vector<std::int64_t>& numbers) {
  std::set<std::int32_t> out;
  for (const auto number : numbers) out.insert(static_cast<std::int32_t>(number));
  return out;
}
std::vector<std::int32_t> to_list(const std::vector<std::int64_t>& numbers) {
  return {numbers.begin(), numbers.end()};
}

Result<RunningState> parse_state(std::string_view text) {
  for (const RunningState state : kStates) {
    if (to_string(state) == text) return state;
  }
  return Error(ErrorCode::kDataLoss, fmt::format("'{}' is no state of an application", text));
}

std::chrono::milliseconds read_grace(JsonReader& in) {
  return std::chrono::milliseconds(
      in.integer_or("grace_ms", kDefaultGrace.count(), 0, kLongestGrace.count()));
}

// What is wrong in a request is the caller's fault.
Error bad_request(const Error& error) {
  return Error(ErrorCode::kInvalidArgument, error.message());
}

}  // namespace

std::string_view to_string(RunningState state) {
  switch (state) {
    case RunningState::kRunning:
      return "running";
    case RunningState::kHeld:
      return "held";
    case RunningState::kStopping:
      return "stopping";
    case RunningState::kEnding:
      return "ending";
  }
  return "running";
}

std::string encode(const ApplicationStatus& status) {
  const auto& counts = status.counts;
  return base::to_json(json::object{{"attempt", to_string(status.attempt)},
                                    {"name", json_text(status.name)},
                                    {"user", json_text(status.user)},
                                    {"queue", json_text(status.queue)},
                                    {"state", json_text(to_string(status.state))},
                                    {"started_ms", status.started.time_since_epoch().count()},
                                    {"instances", json::object{{"pending", counts.pending},
                                                               {"starting", counts.starting},
                                                               {"running", counts.running},
                                                               {"succeeded", counts.succeeded},
                                                               {"failed", counts.failed},
                                                               {"stopped", counts.stopped},
                                                               {"removed", counts.removed}}}});
}

Result<ApplicationStatus> decode_application(std::string_view text) {
  KNIT_TRY(const auto value, base::parse_json(text, kMaxAnswer).with_context("application"));
  JsonReader in(value, "application");
  ApplicationStatus status;
  status.attempt = in.parsed("attempt", ApplicationAttemptId::parse);
  status.name = in.text_or("name", "");
  status.user = in.text_or("user", "");
  status.queue = in.text_or("queue", "");
  status.state = in.parsed("state", parse_state);
  status.started = WallTime(std::chrono::milliseconds(in.integer_or("started_ms", 0, 0)));
  auto counts = in.object("instances");
  status.counts = {.pending = count(counts, "pending"),
                   .starting = count(counts, "starting"),
                   .running = count(counts, "running"),
                   .succeeded = count(counts, "succeeded"),
                   .failed = count(counts, "failed"),
                   .stopped = count(counts, "stopped"),
                   .removed = count(counts, "removed")};
  KNIT_TRY_VOID(in.status());
  return status;
}

// Row by row: a tree of 100,000 of them would be most of a master's memory.
std::string encode(const std::vector<InstanceReport>& instances) {
  std::string text = R"({"instances":[)";
  for (const auto& one : instances) {
    const bool has_container = one.container.id != 0;
    if (text.back() == '}') text += ',';
    text += base::to_json(
        json::object{{"instance", one.instance},
                     {"state", json_text(one.state)},
                     {"restarts", one.restarts},
                     {"container", has_container ? json::value(to_string(one.container)) : json::value()},
                     {"node", has_container ? json_text(to_string(one.node)) : json::value()},
                     {"started_ms", time_or_null(one.started)},
                     {"ended_ms", time_or_null(one.ended)},
                     {"exit_status", one.exit_status ? json::value(*one.exit_status) : json::value()},
                     {"exit_class", one.exit_class.empty() ? json::value() : json_text(one.exit_class)},
                     {"reason", json_text(one.reason)}});
  }
  return text + "]}";
}

Result<std::vector<InstanceReport>> decode_instances(std::string_view text) {
  KNIT_TRY(const auto value, base::parse_json(text, kMaxAnswer).with_context("instances"));
  JsonReader in(value, "instances");
  std::vector<InstanceReport> out;
  for (auto& one : in.objects("instances", kMaxInstanceList)) {
    InstanceReport& report = out.emplace_back();
    report.instance = static_cast<std::int32_t>(one.integer("instance", 0, INT32_MAX));
    report.state = one.text("state");
    report.restarts = count(one, "restarts");
    if (one.has("container")) report.container = one.parsed("container", ContainerId::parse);
    if (one.has("node")) report.node = one.parsed("node", NodeId::parse);
    report.started = time_or_none(one, "started_ms");
    report.ended = time_or_none(one, "ended_ms");
    if (one.has("exit_status"))
      report.exit_status = static_cast<std::int32_t>(one.integer("exit_status", INT32_MIN, INT32_MAX));
    report.exit_class = one.text_or("exit_class", "");
    report.reason = one.text_or("reason", "");
  }
  KNIT_TRY_VOID(in.status());
  return out;
}

std::string encode(const ScaleRequest& request) {
  json::object out{{"grace_ms", request.grace.count()}};
  if (request.to) {
    out["to"] = *request.to;
  } else if (!request.remove.empty()) {
    out["remove"] = json::array(request.remove.begin(), request.remove.end());
  } else {
    out["by"] = request.by;
  }
  return base::to_json(out);
}

Result<ScaleRequest> decode_scale_request(std::string_view text) {
  const auto value = base::parse_json(text, kMaxRequest).with_context("scale");
  if (!value) return bad_request(value.error());
  JsonReader in(*value, "scale");
  ScaleRequest request;
  if (in.has("to")) request.to = static_cast<std::int32_t>(in.integer("to", 0, app::kMaxInstances));
  request.by = static_cast<std::int32_t>(in.integer_or("by", 0, -app::kMaxInstances, app::kMaxInstances));
  request.remove = to_set(in.integers("remove", kMaxRemoved, 0, INT32_MAX));
  request.grace = read_grace(in);
  if (const auto status = in.status(); !status) return bad_request(status.error());
  if (in.has("to") + in.has("by") + in.has("remove") != 1)
    return Error(ErrorCode::kInvalidArgument, "scale: say exactly one of \"to\", \"by\" and \"remove\"");
  return request;
}

std::string encode(const ScaleResult& reply) {
  return base::to_json(json::object{{"added", json::array(reply.added.begin(), reply.added.end())},
                                    {"removed", json::array(reply.removed.begin(), reply.removed.end())},
                                    {"active", reply.active}});
}

Result<ScaleResult> decode_scale_result(std::string_view text) {
  KNIT_TRY(const auto value, base::parse_json(text, kMaxAnswer).with_context("answer"));
  JsonReader in(value, "answer");
  ScaleResult reply;
  reply.added = to_list(in.integers("added", kMaxInstanceList, 0, INT32_MAX));
  reply.removed = to_list(in.integers("removed", kMaxInstanceList, 0, INT32_MAX));
  reply.active = count(in, "active");
  KNIT_TRY_VOID(in.status());
  return reply;
}

std::string encode(const FollowRequest& request) {
  return base::to_json(json::object{{"follower", json_text(request.follower)},
                                    {"attempt", request.attempt},
                                    {"from", request.from},
                                    {"read", request.read},
                                    {"wait_ms", request.wait.count()}});
}

Result<FollowRequest> decode_follow_request(std::string_view text) {
  const auto value = base::parse_json(text, kMaxRequest).with_context("follow");
  if (!value) return bad_request(value.error());
  JsonReader in(*value, "follow");
  FollowRequest request;
  request.follower = in.text("follower");
  request.attempt = count(in, "attempt");
  request.from = static_cast<std::uint64_t>(in.integer_or("from", 0, 0));
  request.read = static_cast<std::uint64_t>(in.integer_or("read", 0, 0));
  request.wait = std::chrono::milliseconds(in.integer_or("wait_ms", 0, 0, kLongestFollowWait.count()));
  if (in.status() && (request.follower.empty() || request.follower.size() > kMaxFollowerName))
    in.fail("follower", fmt::format("is not a name of 1 to {} bytes", kMaxFollowerName));
  if (const auto status = in.status(); !status) return bad_request(status.error());
  return request;
}

std::string encode(const FollowAnswer& answer) {
  return base::to_json(json::object{
      {"attempt", answer.attempt}, {"from", answer.from}, {"journal", base::json_bytes(answer.journal)}});
}

Result<FollowAnswer> decode_follow_answer(std::string_view text) {
  KNIT_TRY(const auto value, base::parse_json(text, kMaxAnswer).with_context("answer"));
  JsonReader in(value, "answer");
  FollowAnswer answer;
  answer.attempt = static_cast<std::int32_t>(in.integer("attempt", 1, INT32_MAX));
  answer.from = static_cast<std::uint64_t>(in.integer("from", 0));
  answer.journal = in.bytes("journal");
  KNIT_TRY_VOID(in.status());
  return answer;
}

std::string encode_grace(std::chrono::milliseconds grace) {
  return base::to_json(json::object{{"grace_ms", grace.count()}});
}

Result<std::chrono::milliseconds> decode_grace(std::string_view text) {
  if (text.empty()) return kDefaultGrace;
  const auto value = base::parse_json(text, kMaxRequest).with_context("request");
  if (!value) return bad_request(value.error());
  JsonReader in(*value, "request");
  const auto grace = read_grace(in);
  if (const auto status = in.status(); !status) return bad_request(status.error());
  return grace;
}

std::string encode(const Error& error) {
  return base::to_json(
      json::object{{"code", json_text(to_string(error.code()))}, {"error", json_text(error.message())}});
}

Error decode_error(int status, std::string_view body) {
  if (const auto value = base::parse_json(body, kMaxRequest)) {
    JsonReader in(*value, "error");
    const std::string code = in.text("code"), message = in.text("error");
    if (in.status()) {
      for (const auto& known : kHttpStatuses) {
        if (to_string(known.code) == code) return Error(known.code, message);
      }
      return Error(code_of(status), message);
    }
  }
  return Error(code_of(status),
               fmt::format("HTTP {}: {}", status, base::utf8_head(base::to_utf8(body), kMaxForeignText)));
}

int status_of(ErrorCode code) {
  for (const auto& known : kHttpStatuses) {
    if (known.code == code) return known.status;
  }
  return 500;
}

ErrorCode code_of(int status) {
  for (const auto& known : kHttpStatuses) {
    if (known.status == status) return known.code;
  }
  if (status == 413 || status == 431) return ErrorCode::kResourceExhausted;
  return status >= 400 && status < 500 ? ErrorCode::kInvalidArgument : ErrorCode::kInternal;
}

}  // namespace knit::control
