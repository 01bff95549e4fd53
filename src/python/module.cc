// The module knit._knit: the Client, whose every wait is in waiting.h.
#include <knit/client.h>
#include <knit/version.h>
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <chrono>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "python/errors.h"
#include "python/log_collector.h"
#include "python/values.h"
#include "python/waiting.h"

namespace nb = nanobind;

namespace knit::python {
namespace {

using Notices = std::vector<std::string>;

// Of the thread that waits; the Client's thread only appends.
class NoticeKeeper final : public RunObserver {
 public:
  void on_notice(const std::string& text) override { notices.push_back(text); }
  Notices notices;
};

ApplicationId application(const std::string& text) {
  return must(ApplicationId::parse(text));
}

class PyClient {
 public:
  PyClient(std::string config_directory, bool read_files,
           std::vector<std::pair<std::string, std::string>> properties, std::string user)
      : client_(must(Client::open({.config_directory = std::move(config_directory),
                                   .properties = std::move(properties),
                                   .read_files = read_files,
                                   .user = std::move(user)}))) {}
  ~PyClient() {
    run_without_gil([this] { client_.reset(); });
  }
  PyClient(const PyClient&) = delete;
  PyClient& operator=(const PyClient&) = delete;

  std::string user() const { return client_->user(); }

  std::vector<std::pair<std::string, std::string>> settings() const {
    std::vector<std::pair<std::string, std::string>> out;
    for (auto& setting : client_->settings()) {
      if (!setting.redacted) out.emplace_back(std::move(setting.key), std::move(setting.value));
    }
    return out;
  }

  // The id is kept before the wait's exception, if there is one: what was submitted is always known.
  std::pair<std::string, Notices> submit(const RunSpec& spec) {
    NoticeKeeper keeper;
    std::optional<Result<ApplicationId>> id;
    try {
      wait_without_gil([&](std::stop_token stop) { id.emplace(client_->submit(spec, keeper, stop)); });
    } catch (...) {
      if (id && *id) submitted_.push_back(to_string(**id));
      throw;
    }
    submitted_.push_back(to_string(must(*std::move(id))));
    return {submitted_.back(), std::move(keeper.notices)};
  }
  const std::vector<std::string>& submitted() const { return submitted_; }

  ApplicationReport report(const std::string& id) {
    return wait_for<ApplicationReport>(
        [&, id = application(id)](std::stop_token stop) { return client_->report(id, stop); });
  }

  std::vector<ContainerReport> containers(const std::string& id) {
    return wait_for<std::vector<ContainerReport>>(
        [&, id = application(id)](std::stop_token stop) { return client_->containers(id, stop); });
  }

  std::vector<InstanceReport> instances(const std::string& id) {
    return wait_for<std::vector<InstanceReport>>(
        [&, id = application(id)](std::stop_token stop) { return client_->instances(id, {}, stop); });
  }

  std::vector<NodeReport> nodes() {
    return wait_for<std::vector<NodeReport>>([&](std::stop_token stop) { return client_->nodes(stop); });
  }

  bool kill(const std::string& id) {
    return wait_for<bool>(
        [&, id = application(id)](std::stop_token stop) { return client_->kill(id, stop); });
  }

  // True if it succeeded.
  bool wait(const std::string& id, std::optional<double> timeout_s) {
    std::optional<std::chrono::milliseconds> timeout;
    if (timeout_s) timeout = std::chrono::milliseconds(std::llround(*timeout_s * 1000));
    return wait_for<RunResult>([&, id = application(id)](std::stop_token stop) {
             return client_->wait(id, timeout, stop);
           }).outcome == Outcome::kSucceeded;
  }

  // The numbers of the instances that were added and removed.
  std::pair<std::vector<std::int32_t>, std::vector<std::int32_t>> scale(
      const std::string& id, std::int32_t by, const std::vector<std::int32_t>& remove) {
    ScaleRequest request;
    request.by = by;
    request.remove.insert(remove.begin(), remove.end());
    auto result = wait_for<ScaleResult>(
        [&, id = application(id)](std::stop_token stop) { return client_->scale(id, request, stop); });
    return {std::move(result.added), std::move(result.removed)};
  }

  std::string resource_manager_page(const std::string& path) {
    return wait_for<std::string>(
        [&](std::stop_token stop) { return client_->resource_manager_page(path, stop); });
  }

  // The logs, what the user should know of them, and the error that says why some are missing, if some are.
  nb::tuple logs(const std::string& id) {
    LogCollector collector;
    Notices notices;
    std::optional<Error> missing;
    wait_without_gil([&, id = application(id)](std::stop_token stop) {
      LogsOptions options;
      options.stop = std::move(stop);
      const auto keep = [&](const LogPiece& piece) { return collector.add(piece), Status(); };
      const auto tell = [&](const std::string& text) { notices.push_back(text); };
      if (auto done = client_->logs(id, options, keep, tell); !done) missing = done.error();
    });
    auto logs = std::move(collector).take();
    if (logs.empty() && missing) raise(*missing);
    if (missing) notices.push_back(missing->message());
    return nb::make_tuple(std::move(logs), std::move(notices));
  }

 private:
  std::unique_ptr<Client> client_;
  std::vector<std::string> submitted_;
};

}  // namespace

NB_MODULE(_knit, module) {
  module.attr("__version__") = kVersion;
  // A Knit in a global variable lives until the interpreter ends: that is no mistake of the program.
  nb::set_leak_warnings(false);
  bind_values(module);
  nb::class_<PyClient>(module, "Client")
      .def(nb::init<std::string, bool, std::vector<std::pair<std::string, std::string>>, std::string>(),
           nb::arg("config_directory"), nb::arg("read_files"), nb::arg("properties"), nb::arg("user"))
      .def_prop_ro("user", &PyClient::user)
      .def_prop_ro("settings", &PyClient::settings)
      .def_prop_ro("submitted", &PyClient::submitted)
      .def("submit", &PyClient::submit, nb::arg("spec"))
      .def("report", &PyClient::report, nb::arg("app_id"))
      .def("containers", &PyClient::containers, nb::arg("app_id"))
      .def("instances", &PyClient::instances, nb::arg("app_id"))
      .def("nodes", &PyClient::nodes)
      .def("kill", &PyClient::kill, nb::arg("app_id"))
      .def("wait", &PyClient::wait, nb::arg("app_id"), nb::arg("timeout").none())
      .def("scale", &PyClient::scale, nb::arg("app_id"), nb::arg("by"), nb::arg("remove"))
      .def("resource_manager_page", &PyClient::resource_manager_page, nb::arg("path"))
      .def("logs", &PyClient::logs, nb::arg("app_id"));
}

}  // namespace knit::python
