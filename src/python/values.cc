#include "python/values.h"

#include <knit/cluster.h>
#include <knit/run.h>
#include <knit/run_spec.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cstdint>
#include <optional>
#include <string>

#include "python/log_collector.h"

namespace nb = nanobind;

namespace knit::python {
namespace {

std::optional<std::int64_t> milliseconds(const std::optional<WallTime>& time) {
  return time ? std::optional(time->time_since_epoch().count()) : std::nullopt;
}

void bind_reports(nb::module_& module) {
  using Report = ApplicationReport;
  nb::class_<Resource>(module, "Resource")
      .def_prop_ro("memory_mib", [](const Resource& r) { return r.memory.mib_rounded_up(); })
      .def_ro("vcores", &Resource::vcores);
  nb::class_<Report>(module, "ApplicationReport")
      .def_prop_ro("id", [](const Report& r) { return to_string(r.id); })
      .def_prop_ro("cluster_id", [](const Report& r) { return r.id.cluster_timestamp; })
      .def_ro("name", &Report::name)
      .def_ro("user", &Report::user)
      .def_ro("queue", &Report::queue)
      .def_ro("type", &Report::type)
      .def_ro("tags", &Report::tags)
      .def_prop_ro("state", [](const Report& r) { return std::string(to_string(r.state)); })
      .def_prop_ro("final_status", [](const Report& r) { return std::string(to_string(r.final_status)); })
      .def_prop_ro("ended", [](const Report& r) { return has_ended(r.state); })
      .def_ro("diagnostics", &Report::diagnostics)
      .def_ro("tracking_url", &Report::tracking_url)
      .def_ro("progress", &Report::progress)
      .def_ro("priority", &Report::priority)
      .def_prop_ro("started", [](const Report& r) { return milliseconds(r.started); })
      .def_prop_ro("finished", [](const Report& r) { return milliseconds(r.finished); })
      .def_ro("running_containers", &Report::running_containers)
      .def_ro("used", &Report::used)
      .def_ro("memory_mib_seconds", &Report::memory_mib_seconds)
      .def_ro("vcore_seconds", &Report::vcore_seconds);
}

void bind_containers(nb::module_& module) {
  using Container = ContainerReport;
  nb::class_<Container>(module, "ContainerReport")
      .def_prop_ro("id", [](const Container& c) { return to_string(c.id); })
      .def_prop_ro("is_master", [](const Container& c) { return c.id.sequence() == 1; })
      .def_prop_ro("node", [](const Container& c) { return to_string(c.node); })
      .def_ro("node_http_address", &Container::node_http_address)
      .def_ro("log_url", &Container::log_url)
      .def_ro("diagnostics", &Container::diagnostics)
      .def_ro("resource", &Container::resource)
      .def_prop_ro("state", [](const Container& c) { return std::string(to_string(c.state)); })
      .def_ro("exit_status", &Container::exit_status)
      .def_prop_ro("created", [](const Container& c) { return milliseconds(c.created); });
  nb::class_<InstanceReport>(module, "InstanceReport")
      .def_ro("instance", &InstanceReport::instance)
      .def_ro("state", &InstanceReport::state)
      .def_prop_ro("container", [](const InstanceReport& i) { return to_string(i.container); });
  nb::class_<NodeReport>(module, "NodeReport")
      .def_prop_ro("id", [](const NodeReport& n) { return to_string(n.id); })
      .def_prop_ro("state", [](const NodeReport& n) { return std::string(to_string(n.state)); })
      .def_ro("used", &NodeReport::used)
      .def_ro("capacity", &NodeReport::capacity);
  nb::class_<ContainerLog>(module, "ContainerLog")
      .def_ro("container", &ContainerLog::container)
      .def_ro("node", &ContainerLog::node)
      .def_ro("file", &ContainerLog::file)
      .def_ro("instance", &ContainerLog::instance)
      .def_ro("written", &ContainerLog::written)
      .def_prop_ro("bytes", [](const ContainerLog& l) { return nb::bytes(l.bytes.data(), l.bytes.size()); });
}

void bind_spec(nb::module_& module) {
  nb::class_<FileSpec>(module, "FileSpec")
      .def(nb::init<std::string, std::string, bool>(), nb::arg("source"), nb::arg("name"),
           nb::arg("archive"));
  nb::class_<RunSpec>(module, "RunSpec")
      .def(nb::init<>())
      .def_rw("command", &RunSpec::command)
      .def_rw("instances", &RunSpec::instances)
      .def_prop_rw(
          "memory_mib", [](const RunSpec& spec) { return spec.resource.memory.mib_rounded_up(); },
          [](RunSpec& spec, std::int64_t mib) { spec.resource.memory = ByteSize::mib(mib); })
      .def_prop_rw(
          "vcores", [](const RunSpec& spec) { return spec.resource.vcores; },
          [](RunSpec& spec, std::int32_t vcores) { spec.resource.vcores = vcores; })
      .def_rw("files", &RunSpec::files)
      .def_rw("environment", &RunSpec::environment)
      .def_rw("name", &RunSpec::name)
      .def_rw("queue", &RunSpec::queue)
      .def_rw("staging_dir", &RunSpec::staging_dir);
}

}  // namespace

void bind_values(nb::module_& module) {
  bind_reports(module);
  bind_containers(module);
  bind_spec(module);
}

}  // namespace knit::python
