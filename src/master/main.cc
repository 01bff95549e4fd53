// knit-master: the ApplicationMaster that YARN starts for each application of Knit's.
#include <fmt/format.h>
#include <knit/version.h>
#include <nss.h>

#include <csignal>
#include <exception>

#include "base/try.h"
#include "base/uri.h"
#include "conf/hdfs_settings.h"
#include "conf/yarn_settings.h"
#include "control/keys.h"
#include "hdfs/connect.h"
#include "io/loop.h"
#include "master/control_server.h"
#include "master/setup.h"
#include "master/yarn_cluster.h"
#include "security/openssl.h"

namespace knit::master {
namespace {

constexpr std::chrono::milliseconds kHdfsConnectTimeout{10'000};

// A static program must not load the node's name service modules, which belong to the node's C library: the
// first lookup would abort. "files" and "dns" are built in.
void use_own_name_services() {
  __nss_configure_lookup("hosts", "files dns");
  for (const char* database : {"passwd", "group", "services", "protocols", "networks"}) {
    __nss_configure_lookup(database, "files");
  }
}

// The containers of an earlier attempt know the address it had: where this one is on the same node, it takes
// that, if it is free.
io::Task<Result<std::unique_ptr<ControlServer>>> listen(security::Authority authority, Place place,
                                                        Master& master, Notes& notes) {
  const auto& before = master.predecessor();
  if (before && before->node.host == place.host && before->control_port > 0) {
    const auto port = static_cast<std::uint16_t>(before->control_port);
    Place same = place;
    same.ports = {port, port};
    auto server = co_await ControlServer::start(authority, std::move(same), master.service(), notes);
    if (server) co_return server;
    notes.say(
        fmt::format("port {} of the attempt before cannot be taken: {}", port, server.error().message()));
  }
  co_return co_await ControlServer::start(std::move(authority), std::move(place), master.service(), notes);
}

// Nothing where the client has sent no keys. An application whose master cannot be reached runs all the same:
// the ResourceManager can still end it.
io::Task<std::unique_ptr<ControlServer>> open_control(const security::Credentials& credentials, Place place,
                                                      Master& master, Notes& notes) {
  auto authority = control::find_authority(credentials);
  if (authority && !*authority) co_return nullptr;
  Result<std::unique_ptr<ControlServer>> server =
      authority ? co_await listen(**authority, std::move(place), master, notes)
                : Result<std::unique_ptr<ControlServer>>(authority.error());
  if (!server) {
    notes.say("there is no control channel: " + server.error().message());
    co_return nullptr;
  }
  master.offer(
      {.url = (*server)->url(), .port = (*server)->port(), .issue = [authority = **authority](auto instance) {
         return authority.issue({.role = security::Role::kContainer,
                                 .instance = instance,
                                 .now = io::wall_now(),
                                 .until = security::kNoEnd});
       }});
  co_return *std::move(server);
}

Result<logs::NodePages> pages_of(const NodeSettings& settings) {
  KNIT_TRY(const bool tls, conf::yarn_web_uses_tls(settings.merged));
  if (tls) {
    return Error(ErrorCode::kUnimplemented,
                 "the NodeManagers' pages speak TLS (yarn.http.policy), which Knit does not yet");
  }
  return logs::NodePages();
}

io::Task<Result<app::Conclusion>> serve_and_run(const security::Credentials& credentials, Place place,
                                                Master& master, Notes& notes) {
  KNIT_CO_TRY_VOID(co_await master.recover());
  const auto server = co_await open_control(credentials, std::move(place), master, notes);
  auto ended = co_await master.run();
  co_await io::begin_cleanup();
  if (server) co_await server->stop();
  co_return ended;
}

io::Task<Result<app::Conclusion>> run_application(const control::LaunchFile& file, Identity identity,
                                                  const security::Credentials& credentials,
                                                  const NodeSettings& settings, Notes& notes) {
  const security::Token* token = credentials.find_by_kind(security::kAmrmTokenKind);
  if (token == nullptr) {
    co_return Error(ErrorCode::kUnauthenticated,
                    fmt::format("the credentials hold no token of kind {}", security::kAmrmTokenKind));
  }
  KNIT_CO_TRY(const auto addresses, scheduler_addresses(settings));
  KNIT_CO_TRY(const auto limits, conf::submit_limits(settings.merged));
  KNIT_CO_TRY(const auto staging, base::Uri::parse(file.staging_uri));
  KNIT_CO_TRY(const auto authority,
              conf::hdfs_authority(settings.merged, file.staging_uri, "the staging directory"));
  const auto context = [text = fmt::format("knit/{} {}", kVersion, to_string(file.application))] {
    return text;
  };
  KNIT_CO_TRY(const auto files, hdfs::open_file_system(settings.merged, authority, file.user,
                                                       {.connect_timeout = kHdfsConnectTimeout}, context));
  std::string where;
  for (const auto& address : addresses) where += (where.empty() ? "" : ", ") + io::to_string(address);
  notes.say(
      fmt::format("the ResourceManager's scheduler is at {}; the journal is in {}", where, file.staging_uri));

  YarnScheduler scheduler(addresses, *token, context);
  YarnNodes nodes(context);
  Journal journal(*files, staging.path, identity.container.attempt, notes);
  Master::Limits master_limits;
  if (limits.master_expiry.count() > 0) master_limits.expiry = limits.master_expiry;
  KNIT_CO_TRY(const auto node_settings, conf::node_settings(settings.merged));
  master_limits.node_heartbeat = node_settings.heartbeat;
  // Whoever holds the master's own token is the master, and whoever holds the authority's key can be anyone
  // to it: no container gets either.
  Place place{identity.node.host, file.spec.master_bind, file.spec.master_ports, {}};
  for (const auto& address : addresses) place.resource_managers.push_back(address.host);
  Master master(file, std::move(identity),
                control::without_authority(credentials.without_kind(security::kAmrmTokenKind)), scheduler,
                nodes, journal, notes, master_limits);
  FailedOutput output(pages_of(settings), journal, notes);
  master.keep_output(output);
  auto ended = co_await serve_and_run(credentials, std::move(place), master, notes);
  co_await io::begin_cleanup();
  co_await files->shut_down();
  co_return ended;
}

Result<app::Conclusion> run(Notes& notes) {
  const auto environment = conf::Environment::of_process();
  KNIT_TRY(auto identity, identity_from(environment));
  notes.say(fmt::format("knit-master {}: {} in {} on {}", kVersion, to_string(identity.container.attempt),
                        to_string(identity.container), to_string(identity.node)));
  KNIT_TRY(const auto file, read_launch_file(kLaunchFileName));
  if (file.application != identity.container.attempt.application) {
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("the launch file is {}'s", to_string(file.application)));
  }
  KNIT_TRY(const auto credentials, credentials_from(environment));
  const auto settings = settings_from(environment, file, notes);
  io::Loop loop;
  return loop.run(run_application(file, std::move(identity), credentials, settings, notes));
}

}  // namespace
}  // namespace knit::master

int main() {
  knit::master::use_own_name_services();
  knit::security::skip_openssl_configuration();
  std::signal(SIGPIPE, SIG_IGN);
  knit::master::StderrNotes notes;
  try {
    const auto ended = knit::master::run(notes);
    if (ended) return 0;
    notes.say("this attempt ends: " + ended.error().message());
  } catch (const std::exception& bug) {
    notes.say(fmt::format("bug: {}", bug.what()));
  }
  return 1;
}
