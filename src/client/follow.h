// Driver: following one application until its end, as `run` and `attach` do.
#pragma once

#include <knit/cluster.h>
#include <knit/run.h>

#include <chrono>
#include <optional>
#include <string>

#include "client/application_news.h"
#include "client/journal_follow.h"
#include "client/output.h"
#include "client/reasons.h"
#include "client/uploads.h"
#include "io/task.h"
#include "logs/node_pages.h"

namespace knit::client {

// What following asks the cluster about one application. Behind a session in application_view.cc.
class ApplicationView : public ApplicationNews {
 public:
  virtual io::Task<Result<ApplicationReport>> report() = 0;
  // Asks once for its end; `why` goes into its diagnostics.
  virtual io::Task<Status> kill(std::string why) = 0;
  // The queue and the nodes as they are now; what cannot be had is left out.
  virtual io::Task<WaitFacts> facts(ApplicationReport report) = 0;
  // Those that the ResourceManager knows: what runs, and perhaps the master's when it has ended.
  virtual io::Task<Result<std::vector<ContainerReport>>> containers(ApplicationAttemptId attempt) = 0;
  // Where its logs are uploaded to; an error says why they cannot be read.
  virtual Result<UploadFolders> uploads(const std::string& user) = 0;
};

struct FollowPlan {
  bool logs = true;
  std::optional<std::chrono::milliseconds> start_timeout;
  std::optional<Resource> master, instance;  // what each asks for, for the reasons it waits
  // Other output than stdout and stderr of the instances, and somewhere else than to the observer. Without a
  // journal it is that of the containers which the ResourceManager knows.
  OutputSink* sink = nullptr;
  OutputOptions output;
};

// Until it has ended and its output has been told. `journal` is null for an application that is not Knit's:
// then there is neither output nor instances. A ResourceManager, NameNode or NodeManager that cannot be
// reached is a notice, and is waited for. kNotFound for an application that the ResourceManager does not know
// and of which there is no record. Cancelled, it leaves the application running and answers kCancelled.
io::Task<Result<RunResult>> follow(ApplicationView& application, JournalFollower* journal,
                                   logs::NodePages& pages, FollowPlan plan, RunObserver& observer);

}  // namespace knit::client
