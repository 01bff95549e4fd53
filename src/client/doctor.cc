#include "client/doctor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/try.h"
#include "client/queues.h"
#include "conf/hdfs_settings.h"
#include "conf/security_settings.h"
#include "conf/yarn_settings.h"
#include "http/client.h"
#include "io/net.h"
#include "io/wait.h"

namespace knit::client {
namespace {

using Level = Finding::Level;

class Examination {
 public:
  explicit Examination(Session& session) : session_(session) {}

  io::Task<std::vector<Finding>> run() {
    say_configuration();
    if (co_await resource_manager()) {
      co_await queues();
      co_await nodes();
    }
    co_await staging();
    logs();
    co_return std::move(findings_);
  }

 private:
  void ok(std::string what, std::string detail) {
    findings_.push_back({Level::kOk, std::move(what), std::move(detail), {}});
  }
  void warn(std::string what, std::string detail, std::string remedy) {
    findings_.push_back({Level::kWarning, std::move(what), std::move(detail), std::move(remedy)});
  }
  void problem(std::string what, const Error& error, std::string remedy) {
    findings_.push_back({Level::kProblem, std::move(what), error.message(), std::move(remedy)});
  }
  io::Deadline soon() const { return io::after(2 * session_.connect_timeout()); }

  void say_configuration() {
    const auto& settings = session_.settings();
    ok("configuration", settings.has_files() ? fmt::format("{}", fmt::join(settings.files(), ", "))
                                             : std::string("-D alone, no files"));
    ok("user", fmt::format("{} (the cluster has no authentication)", session_.user()));
  }

  io::Task<bool> resource_manager() {
    const auto what = fmt::format("ResourceManager {}", session_.resource_manager_address());
    const auto metrics = co_await io::run_until(soon(), session_.resource_manager().cluster_metrics());
    if (!metrics) {
      problem(what, metrics.error(),
              "is the address right (yarn.resourcemanager.address), and may this machine connect to it?");
      co_return false;
    }
    if (metrics->active == 0) {
      warn(what, "reachable, but no NodeManager is active",
           "ask the administrator; applications would wait for ever");
    } else {
      ok(what, fmt::format("reachable; {} of {} NodeManagers active", metrics->active, metrics->nodes));
    }
    co_return true;
  }

  io::Task<void> queues() {
    const auto open = co_await io::run_until(soon(), usable_queues(session_.resource_manager()));
    if (!open) {
      problem("queues", open.error(), "");
      co_return;
    }
    if (open->empty()) {
      findings_.push_back({Level::kProblem, "queues",
                           fmt::format("{} may submit to no queue", session_.user()),
                           "ask the administrator for access to a queue"});
    } else {
      ok("queues", fmt::format("{} may submit to {}", session_.user(), list_of(*open)));
    }
  }

  io::Task<void> nodes() {
    const auto nodes =
        co_await io::run_until(soon(), session_.resource_manager().nodes({NodeState::kRunning}));
    if (!nodes || nodes->empty()) co_return;
    ByteSize largest;
    for (const auto& node : *nodes) largest = std::max(largest, node.capacity.memory);
    ok("largest node", to_string(largest));
    const auto& node = nodes->front();
    const auto address = io::parse_host_port(node.http_address);
    if (!address) co_return;
    http::Request request;
    request.server = *address;
    request.target = "/ws/v1/node/info";
    const auto answer = co_await io::run_until(soon(), http::send(request));
    const auto what = fmt::format("NodeManager {}", node.http_address);
    if (answer) {
      ok(what, "its web port is reachable: output of running applications can be followed");
    } else {
      warn(what, answer.error().message(),
           "applications run all the same; their output comes when they have ended and logs are aggregated");
    }
  }

  io::Task<void> staging() {
    const auto uri = conf::default_filesystem(session_.settings());
    const auto what = fmt::format("HDFS {}", uri ? *uri : "");
    const auto file_system = session_.file_system("/", "the home directory");
    if (!file_system) {
      problem(what, file_system.error(), "set fs.defaultFS to an hdfs:// address, or give --staging-dir");
      co_return;
    }
    const auto home = (*file_system)->home();
    const auto status = co_await io::run_until(soon(), (*file_system)->stat(home));
    if (status) {
      ok(what, fmt::format("reachable; home {} of {}", home, status->owner));
    } else if (status.error().code() == ErrorCode::kNotFound) {
      problem(
          what, status.error(),
          fmt::format(
              "an administrator does: hdfs dfs -mkdir {0} && hdfs dfs -chown {1} {0}; or give --staging-dir",
              home, session_.user()));
    } else {
      problem(what, status.error(), "is fs.defaultFS right, and may this machine connect to the NameNode?");
    }
  }

  void logs() {
    const auto logs = conf::log_settings(session_.settings());
    if (!logs) {
      problem("logs", logs.error(), "");
    } else if (!logs->aggregated) {
      warn("logs", "yarn.log-aggregation-enable is not true in this configuration",
           "output can be read only while an application runs; follow it, or have aggregation switched on");
    } else {
      ok("logs", fmt::format("aggregated in {}", logs->older_directory));
    }
  }

  Session& session_;
  std::vector<Finding> findings_;
};

}  // namespace

io::Task<std::vector<Finding>> examine(Session& session) {
  Examination examination(session);
  co_return co_await examination.run();
}

}  // namespace knit::client
