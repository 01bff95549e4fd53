#include "master/control_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

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
  question.gone = call.gone;
  question.caller =
      call.peer.role == security::Role::kOwner ? control::Caller::kOwner : control::Caller::kContainer;
  auto answered = co_await control::route(service, std::move(question));
  http::Reply reply;
  reply.status = answered.status;
  reply.body = std::move(answered.body);
  if (!answered.allow.empty()) reply.headers.push_back({"Allow", std::move(answered.allow)});
  co_return reply;
}

constexpr std::string_view kAllAddresses = "0.0.0.0";

bool is_loopback(std::string_view address) {
  return address.starts_with("127.") || address == "::1" || address.starts_with("::ffff:127.");
}

io::Task<Result<std::vector<std::string>>> addresses_of(std::string host) {
  co_return co_await io::run_until(io::after(kResolveTimeout), io::resolve(std::move(host)));
}

// A name that cannot be resolved is no address of this machine.
io::Task<bool> any_elsewhere(std::vector<std::string> hosts) {
  for (auto& host : hosts) {
    const auto addresses = co_await addresses_of(std::move(host));
    if (!addresses || !std::ranges::all_of(*addresses, is_loopback)) co_return true;
  }
  co_return false;
}

}  // namespace

io::Task<Result<std::string>> listen_address(Place place) {
  if (!place.bind.empty()) co_return place.bind;
  KNIT_CO_TRY(const auto addresses, co_await addresses_of(place.host));
  for (const auto& address : addresses) {
    if (!is_loopback(address)) co_return address;
  }
  const bool elsewhere = co_await any_elsewhere(std::move(place.resource_managers));
  co_return elsewhere ? std::string(kAllAddresses) : addresses.front();
}

io::Task<Result<std::unique_ptr<ControlServer>>> ControlServer::start(security::Authority authority,
                                                                      Place place, control::Service& service,
                                                                      Notes& notes) {
  KNIT_CO_TRY(auto address, co_await listen_address(place));
  if (place.bind.empty() && address == kAllAddresses) {
    notes.say(fmt::format(
        "{} is an address of this machine alone here (/etc/hosts?): the control channel listens on "
        "all of its addresses; --master-bind names another",
        place.host));
  }
  std::unique_ptr<ControlServer> out(
      new ControlServer(std::move(authority), std::move(place.host), std::move(address), notes));
  KNIT_CO_TRY(const auto identity, out->own_identity());
  http::ServerOptions options;
  options.limits.request.body = control::kMaxRequest;
  options.note = [&notes](const std::string& text) { notes.say(text); };
  KNIT_CO_TRY(out->server_, http::Server::listen(
                                out->address_, place.ports, identity,
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
  std::vector<std::string> hosts{host_};
  if (address_ != kAllAddresses) hosts.push_back(address_);
  return authority_.issue({.role = security::Role::kMaster,
                           .now = now,
                           .until = now + kCertificateLife,
                           .hosts = std::move(hosts)});
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
