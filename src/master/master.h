// The ApplicationMaster: drives the application model against YARN. A driver.
#pragma once

#include <knit/cluster.h>
#include <knit/ids.h>
#include <knit/result.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/instances.h"
#include "app/node_faults.h"
#include "control/launch_file.h"
#include "io/task_group.h"
#include "io/wait.h"
#include "master/allocation.h"
#include "master/cluster.h"
#include "master/commands.h"
#include "master/environment.h"
#include "master/failed_output.h"
#include "master/journal.h"
#include "master/launcher.h"
#include "master/notes.h"
#include "master/pace.h"
#include "master/stopper.h"

namespace knit::master {

// Who this master is, as its NodeManager told it.
struct Identity {
  ContainerId container;
  NodeId node;
  std::string node_http_address;
  std::optional<WallTime> submitted;  // when the ResourceManager was given the application
};

// One run of the master: from registration to farewell. Everything it is given must outlive it. Belongs to
// one loop. run() is called once.
class Master {
 public:
  struct Limits {
    // After this long without an answer the ResourceManager has given us up, or is about to
    // (yarn.am.liveness-monitor.expiry-interval-ms).
    std::chrono::milliseconds expiry{600'000};
    std::chrono::milliseconds call_timeout{60'000};    // of one call to the ResourceManager
    std::chrono::milliseconds retry_pause{1'000};      // after a call that failed
    std::chrono::milliseconds stop_timeout{10'000};    // for the ends of containers that are stopped
    std::chrono::milliseconds finish_pause{100};       // as Java's client (AMRMClientImpl)
    std::chrono::milliseconds follow_timeout{10'000};  // for followers to read the last byte
    // Of NodeManagers (yarn.resourcemanager.nodemanagers.heartbeat-interval-ms): within two of them each node
    // has been served that could be.
    std::chrono::milliseconds node_heartbeat{1'000};
    // For the ResourceManager to tell what has become of each container of an earlier attempt. When it has
    // restarted, the NodeManagers come back to it within half a minute
    // (yarn.resourcemanager.connect.retry-interval.ms).
    std::chrono::milliseconds take_over{60'000};
  };

  // `credentials`: for the containers.
  Master(const control::LaunchFile& file, Identity identity, security::Credentials credentials,
         Scheduler& scheduler, Nodes& nodes, Journal& journal, Notes& notes, Limits limits);

  // Reads what earlier attempts of the master have done, once; run() does so where nobody has. An error means
  // that it cannot be known.
  io::Task<Status> recover();
  // The earlier attempt whose work this one continues, once that was read.
  const std::optional<control::MasterStarted>& predecessor() const { return predecessor_; }

  // What containers and clients are told of the way to service(). Before run().
  void offer(ControlAccess control) { control_ = std::move(control); }

  // Where the last output of failed runs is kept. Before run().
  void keep_output(FailedOutput& output) { output_ = &output; }

  // How the application ended, once the ResourceManager has stored that. An error means that this attempt
  // ends without having ended the application: YARN starts another one, or calls the application failed.
  io::Task<Result<app::Conclusion>> run();

  // What the owner may ask while run() runs. Its calls must have ended before this goes.
  control::Service& service() { return commands_; }

 private:
  io::Task<Result<app::Conclusion>> run_registered();
  void restore(const control::JournalEntry& entry);
  io::Task<Status> register_master();
  void adopt(const yarn::RegisterResponse& response);
  void take_over();
  void give_up_missing();
  void make_template();
  void begin_journal();
  void introduce();
  void stop_due();
  io::Task<void> stop_when_due();

  io::Task<Status> pause();
  io::Task<Status> beat();
  io::Task<Status> after_failed_call(Error error, std::string_view call);
  void on_answer(const yarn::AllocateResponse& response);
  void on_container(const yarn::Container& container);
  void on_completed(const yarn::ContainerStatus& status);
  void on_start(const ContainerId& container, const Status& started);
  void tell_end(const app::Ended& ended, std::string diagnostics);
  std::optional<app::Conclusion> nothing_started();
  io::Duration waited() const;

  io::Task<Status> run_until_conclusion();
  io::Task<void> stop_rest();
  io::Task<void> say_farewell();
  io::Task<void> finish_journal(std::uint64_t ticket, io::Event& done);
  io::Task<void> wait_for_followers(std::uint64_t ticket);
  io::Task<Status> finish();
  std::string what_is_missing() const;

  const control::LaunchFile& file_;
  Identity identity_;
  security::Credentials credentials_;
  ControlAccess control_;
  Scheduler& scheduler_;
  Nodes& nodes_;
  Journal& journal_;
  Notes& notes_;
  Limits limits_;
  FailedOutput* output_ = nullptr;
  std::map<NodeId, std::string> web_addresses_;  // of the nodes that were given to us

  app::Instances instances_;
  app::NodeFaults node_faults_;
  Allocation allocation_;
  Launcher launcher_;
  Stopper stopper_;
  Pace pace_;
  yarn::AccessLists access_;
  std::optional<ContainerTemplate> template_;
  std::optional<app::Conclusion> conclusion_;
  io::Event wake_, stops_;
  io::TaskGroup background_;
  Followers followers_;
  Commands commands_;

  io::TimePoint started_{}, last_answer_{}, take_over_until_{};
  bool any_ran_ = false;
  bool recovered_ = false;
  bool recorded_ = false;  // an earlier attempt's record says how the application ended
  std::optional<control::MasterStarted> predecessor_;
  std::optional<control::StopRequested> stop_requested_;  // of an earlier attempt
  // Containers that an earlier attempt has left and of which the ResourceManager has not yet spoken.
  std::set<ContainerId> unconfirmed_;
  std::vector<yarn::Container> previous_;      // of which it has; to be looked at before the next heartbeat
  std::optional<std::uint64_t> unsaved_ends_;  // the journal's ticket
  std::string queue_;
  std::int32_t cluster_nodes_ = 0;
  std::optional<Resource> available_;
  Resource maximum_;
};

}  // namespace knit::master
