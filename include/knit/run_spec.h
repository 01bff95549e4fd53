// What a user asks for: one command in N containers.
#pragma once

#include <knit/byte_size.h>
#include <knit/cluster.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace knit {

// A file that every container finds in its working directory.
struct FileSpec {
  std::string source;    // a local path, or an hdfs:// URI that is used in place
  std::string name;      // in the container; empty: the last part of `source`
  bool archive = false;  // unpacked (zip, tar, tar.gz) into a folder of that name
};

// Both ends included; 0 for both: any port.
struct PortRange {
  std::uint16_t first = 0, last = 0;
};

// One application. Defaults are those of `knit run`.
struct RunSpec {
  std::vector<std::string> command;  // argv, passed on byte for byte
  std::int32_t instances = 1;
  Resource resource{ByteSize::mib(512), 1, {}};  // of each instance
  std::vector<FileSpec> files;
  std::vector<std::pair<std::string, std::string>> environment;  // of each instance; wins over Knit's own

  std::string name;   // empty: the base name of command[0]
  std::string queue;  // empty: the cluster's default
  std::string type = "KNIT";
  std::vector<std::string> tags;
  std::int32_t priority = 0;
  std::string node_label;  // empty: the queue's

  std::optional<std::chrono::milliseconds> lifetime;  // YARN ends the application after this long
  std::optional<std::chrono::milliseconds>
      start_timeout;  // withdrawn if no instance runs this long after the submission

  std::int32_t max_restarts = 0;  // of each instance, after failures of its own
  std::int32_t max_failures = 0;  // instances that may fail for good before the application counts as failed
  bool fail_fast = false;         // end the application as soon as it counts as failed

  ByteSize master_memory = ByteSize::mib(128);  // raised to the cluster's minimum
  std::optional<std::int32_t> master_attempts;  // default: the cluster's
  std::string staging_dir;                      // URI or path; empty: <home>/.knit

  // Where the master is reached: a numeric address of its node instead of the one the node is known by, and
  // the first free port of a range instead of any.
  std::string master_bind;
  PortRange master_ports;
};

}  // namespace knit
