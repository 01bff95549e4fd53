#include "control/router.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>
#include <string_view>

#include "base/try.h"
#include "control/messages.h"

namespace knit::control {
namespace {

Reply refuse(const Error& error) {
  return Reply{status_of(error.code()), encode(error), {}};
}

io::Task<Result<std::string>> get_application(Service& service, const Call&, std::int32_t) {
  KNIT_CO_TRY(const auto application, service.application());
  co_return encode(application);
}

io::Task<Result<std::string>> get_instances(Service& service, const Call&, std::int32_t) {
  KNIT_CO_TRY(const auto instances, service.instances());
  co_return encode(instances);
}

io::Task<Result<std::string>> post_scale(Service& service, const Call& call, std::int32_t) {
  KNIT_CO_TRY(auto request, decode_scale_request(call.body));
  KNIT_CO_TRY(const auto reply, co_await service.scale(std::move(request)));
  co_return encode(reply);
}

io::Task<Result<std::string>> post_restart(Service& service, const Call& call, std::int32_t instance) {
  KNIT_CO_TRY(const auto grace, decode_grace(call.body));
  KNIT_CO_TRY_VOID(co_await service.restart(instance, grace));
  co_return std::string();
}

io::Task<Result<std::string>> post_follow(Service& service, const Call& call, std::int32_t) {
  KNIT_CO_TRY(auto request, decode_follow_request(call.body));
  KNIT_CO_TRY(const auto answer, co_await service.follow(std::move(request), call.gone));
  co_return encode(answer);
}

io::Task<Result<std::string>> post_stop(Service& service, const Call& call, std::int32_t) {
  KNIT_CO_TRY(const auto grace, decode_grace(call.body));
  KNIT_CO_TRY_VOID(co_await service.stop(grace));
  co_return std::string();
}

struct Route {
  std::string_view method;
  std::string_view before, after;  // of the path: a number of an instance may be between them
  bool numbered;
  bool reads;  // changes nothing: allowed to every caller
  io::Task<Result<std::string>> (*handle)(Service&, const Call&, std::int32_t);
};

constexpr std::array kRoutes = {
    Route{"GET", "/v1/application", "", false, true, get_application},
    Route{"GET", "/v1/instances", "", false, true, get_instances},
    Route{"POST", "/v1/follow", "", false, false, post_follow},
    Route{"POST", "/v1/instances/", "/restart", true, false, post_restart},
    Route{"POST", "/v1/scale", "", false, false, post_scale},
    Route{"POST", "/v1/stop", "", false, false, post_stop},
};

// The instance's number where the path is this route's; 0 where the route has none.
std::optional<std::int32_t> match(const Route& route, std::string_view path) {
  if (!route.numbered) return path == route.before ? std::optional(0) : std::nullopt;
  if (!path.starts_with(route.before) || !path.ends_with(route.after)) return std::nullopt;
  if (path.size() < route.before.size() + route.after.size()) return std::nullopt;
  path.remove_prefix(route.before.size());
  path.remove_suffix(route.after.size());
  std::int32_t number = 0;
  const auto [end, error] = std::from_chars(path.data(), path.data() + path.size(), number);
  if (error != std::errc() || end != path.data() + path.size() || number < 0) return std::nullopt;
  return number;
}

}  // namespace

io::Task<Reply> route(Service& service, Call call) {
  std::string allow;
  for (const Route& candidate : kRoutes) {
    const auto number = match(candidate, call.path);
    if (!number) continue;
    if (candidate.method != call.method) {
      allow += (allow.empty() ? "" : ", ") + std::string(candidate.method);
      continue;
    }
    if (!candidate.reads && call.caller != Caller::kOwner) {
      co_return refuse(Error(ErrorCode::kPermissionDenied,
                             "a container's certificate may only read; this takes the owner's"));
    }
    auto answer = co_await candidate.handle(service, call, *number);
    if (!answer) co_return refuse(answer.error());
    co_return Reply{answer->empty() ? 204 : 200, *std::move(answer), {}};
  }
  if (allow.empty())
    co_return refuse(Error(ErrorCode::kNotFound, fmt::format("there is nothing at {}", call.path)));
  Reply reply = refuse(Error(ErrorCode::kInvalidArgument, fmt::format("{} takes {}", call.path, allow)));
  reply.status = 405;
  reply.allow = std::move(allow);
  co_return reply;
}

}  // namespace knit::control
