// Driver: what following, describing and reading logs ask about one application, of a session's cluster.
#pragma once

#include <knit/cluster.h>
#include <knit/run.h>

#include <memory>
#include <optional>
#include <string>

#include "client/follow.h"
#include "client/journal_follow.h"
#include "client/session.h"
#include "client/staging_place.h"
#include "control/launch_file.h"
#include "logs/node_pages.h"

namespace knit::client {

// The session must outlive it.
class SessionView final : public ApplicationView {
 public:
  SessionView(Session& session, ApplicationId id) : session_(session), id_(id) {}
  io::Task<Result<ApplicationReport>> report() override;
  io::Task<Status> kill(std::string why) override;
  io::Task<WaitFacts> facts(ApplicationReport report) override;
  io::Task<Result<std::vector<ContainerReport>>> containers(ApplicationAttemptId attempt) override;
  Result<UploadFolders> uploads(const std::string& user) override;
  io::Task<Result<control::FollowAnswer>> news(ApplicationReport report,
                                               control::FollowRequest request) override;

 private:
  Session& session_;
  ApplicationId id_;
};

// The pages of a session's NodeManagers. kUnimplemented where they speak TLS.
Result<logs::NodePages> node_pages(Session& session);

// What Knit itself knows about an application.
struct Story {
  std::unique_ptr<JournalFollower> journal;   // null: it is not one of Knit's, or nothing is left of it
  std::optional<control::LaunchFile> launch;  // while it is there
  std::optional<StagingPlace> place;          // where it is, if that is the session's user's own
  std::string trouble;                        // why nothing can be read; empty where nothing is there
};
// Looks in the staging directory of `user`: `staging_dir`, else where the settings say, else in the home.
io::Task<Story> find_story(Session& session, ApplicationId id, std::string user, std::string staging_dir);

// follow() on a session's cluster.
io::Task<Result<RunResult>> follow_application(Session& session, ApplicationId id, FollowOptions options,
                                               RunObserver& observer);
// Until it has ended; the caller sets the deadline. A ResourceManager that cannot be reached at first is an
// error, one that goes away later is waited for.
io::Task<Result<RunResult>> await_application(Session& session, ApplicationId id);

}  // namespace knit::client
