#include "master/control_server.h"

#include <fmt/format.h>

#include "base/try.h"
#include "control/messages.h"
#include "control/router.h"
#include "io/net.h"
#include "io/wait.h"

namespace knit::master {
namespace {

// For calls that are at work when the application ends.
constexpr auto kStopTimeout = std::chrono::seconds(5);
constexpr auto kRetryEvery = std::chrono::hours(1);
constexpr auto kResolveTimeout = std::chrono::seconds(10);

io::Task<Result<http::Reply>> answer(control::Service& service, http::Call call) {
  control::Call question;
  question.method = std::move(call.method);
  question.path = std::move(call.path);
  question.body = std::move(call.body);
  question.caller =
      call.peer.role == security::Role::kOwner ? control::Caller::kOwner : control::Caller::kContainer;
  auto answered = co_await control::route(service, std::move(question));
  http::Reply reply;
  reply.status = answered.status;
  reply.body = std::move(answered.body);
  if (!answered.allow.empty()) reply.headers.push_back({"Allow", std::move(answered.allow)});
  co_return reply;
}

io::Task<Result<std::string>> address_of(std::string host) {
  KNIT_CO_TRY(const auto addresses, co_await io::run_until(io::after(kResolveTimeout), io::resolve(host)));
  co_return addresses.front();
}

}  // namespace

io::Task<Result<std::unique_ptr<ControlServer>>> ControlServer::start(security::Authority authority,
                                                                      std::string host, std::string bind,
                                                                      PortRange ports,
                                                                      control::Service& service,
                                                                      Notes& notes) {
  std::string address = std::move(bind);
  if (address.empty()) {
    KNIT_CO_TRY(address, co_await address_of(host));
  }
  std::unique_ptr<ControlServer> out(
      new ControlServer(std::move(authority), std::move(host), std::move(address), notes));
  KNIT_CO_TRY(const auto identity, out->own_identity());
  http::ServerOptions options;
  options.limits.request.body = control::kMaxRequest;
  options.note = [&notes](const std::string& text) { notes.say(text); };
  KNIT_CO_TRY(out->server_, http::Server::listen(
                                out->address_, ports, identity,
                                [&service](http::Call call) { return answer(service, std::move(call)); },
                                std::move(options)));
  out->background_.spawn(out->renew());
  notes.say(fmt::format("the control channel is at {}, on address {}", out->url(), out->address_));
  co_return out;
}

std::string ControlServer::url() const {
  return "https://" + io::to_string(io::HostPort{host_, port()});
}

Result<security::Identity> ControlServer::own_identity() const {
  const auto now = io::wall_now();
  return authority_.issue({.role = security::Role::kMaster,
                           .now = now,
                           .until = now + kCertificateLife,
                           .hosts = {host_, address_}});
}

io::Task<void> ControlServer::renew() {
  io::Duration pause = kRenewEvery;
  while (co_await io::sleep_for(pause)) {
    const auto identity = own_identity();
    const Status renewed = identity ? server_->renew(*identity) : Status(identity.error());
    pause = renewed ? io::Duration(kRenewEvery) : io::Duration(kRetryEvery);
    if (!renewed)
      notes_.say("the control channel's certificate is not renewed: " + renewed.error().message());
  }
}

io::Task<void> ControlServer::stop() {
  co_await background_.stop();
  co_await server_->stop(io::after(kStopTimeout));
}

}  // namespace knit::master
