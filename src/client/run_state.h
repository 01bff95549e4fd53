// What the journal of an application tells, entry by entry, as the state of its instances and containers. A
// core.
#pragma once

#include <knit/run.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "control/journal.h"

namespace knit::client {

// The use of one container.
struct ContainerRun {
  static constexpr std::int32_t kMaster = -1;
  static constexpr std::int32_t kUnknown = -2;  // of an application that is not Knit's
  enum class Phase {
    kStarting,  // the NodeManager is asked to start it
    kRunning,
    kEnded,
  };
  ContainerId id;
  std::int32_t instance = kMaster;
  std::int32_t restart = 0;
  NodeId node;
  std::string node_http_address;
  Phase phase = Phase::kStarting;
  std::optional<WallTime> started, ended;
  std::optional<std::int32_t> exit_status;
  std::optional<control::ExitClass> exit_class;
  std::string reason;
  bool final = false;  // its instance was not started again
  bool is_master() const { return instance == kMaster; }
};

// Entries may be repeated; what they say of containers nobody announced is not lost but has no instance.
class RunState {
 public:
  void apply(const control::JournalEntry& entry);

  // False before the first entry: then there is nothing to tell.
  bool known() const { return master_.has_value(); }
  // Of the newest attempt of the master; a Bug while !known().
  const control::MasterStarted& master() const;
  const std::optional<control::ApplicationEnded>& end() const { return end_; }
  // Masters included, in the order in which they were started.
  const std::vector<ContainerRun>& containers() const { return containers_; }
  const ContainerRun* find(const ContainerId& id) const;
  // What a failed run wrote last, where the journal has it.
  const control::InstanceOutput* output(const ContainerId& id) const;

  // By number, from 0 to what was asked for; those without a container yet are "pending".
  std::vector<InstanceReport> instances() const;
  // Of each instance that was started, the last known.
  std::map<std::int32_t, std::int32_t> exit_statuses() const;
  // Some instance was started.
  bool any_ran() const;
  // The counts, and nothing else of it.
  Progress progress() const;

 private:
  ContainerRun& run_of(const ContainerId& id);
  void apply_entry(const control::MasterStarted& entry);
  void apply_entry(const control::InstanceStarting& entry);
  void apply_entry(const control::InstanceStarted& entry);
  void apply_entry(const control::InstanceEnded& entry);
  void apply_entry(const control::InstanceOutput& entry);
  void apply_entry(const control::Scaled& entry);
  void apply_entry(const control::RestartRequested& entry);
  void apply_entry(const control::StopRequested& entry);
  void apply_entry(const control::ApplicationEnded& entry);
  std::int32_t total() const;

  std::optional<control::MasterStarted> master_;
  std::optional<control::ApplicationEnded> end_;
  std::vector<ContainerRun> containers_;
  std::map<ContainerId, std::size_t> index_;
  std::map<ContainerId, control::InstanceOutput> outputs_;
  std::size_t output_size_ = 0;
  std::map<std::int32_t, std::size_t> latest_;  // by instance
  std::int32_t scaled_ = 0;                     // numbers given out, where the application was scaled
  std::set<std::int32_t> removed_;              // instances, on request
};

// From a container that the ResourceManager knows, of an application without a journal.
ContainerRun run_of(const ContainerReport& report);

// "starting", "running", "succeeded", "failed", "killed"; "restarting" where another container follows.
std::string state_text(const ContainerRun& run);

}  // namespace knit::client
