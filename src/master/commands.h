// What the owner asks of a running application. A driver.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/instances.h"
#include "control/service.h"
#include "io/wait.h"
#include "master/followers.h"
#include "master/journal.h"
#include "master/launcher.h"
#include "master/notes.h"
#include "master/stopper.h"

namespace knit::master {

// The master's side of control::Service. What is decided is decided at once; it is written into the journal
// before anything is stopped, so that a later attempt of the master knows it, and the answer waits for that.
// Owned by the master, belongs to its loop; calls must have ended before it goes.
class Commands final : public control::Service {
 public:
  // All must outlive it. `wake` is set when the master has something to do, `stops` when the stopper has.
  Commands(app::Instances& instances, Stopper& stopper, Launcher& launcher, Journal& journal,
           Followers& followers, Notes& notes, io::Event& wake, io::Event& stops);

  // From here on questions are answered: everything of earlier attempts is known. `status`: what does not
  // change while the master runs.
  void introduce(control::ApplicationStatus status) { status_ = std::move(status); }
  // Goes on with what was asked of an earlier attempt and has not come to its end: the application is being
  // stopped (`stop`), instances are being removed or started anew. Once the nodes can be reached.
  void resume(const std::optional<control::StopRequested>& stop);
  // The application is over, or this attempt alone, for this reason: from here on nothing is changed.
  void end(std::optional<Error> attempt_over);

  Result<control::ApplicationStatus> application() const override;
  Result<std::vector<InstanceReport>> instances() const override;
  io::Task<Result<control::FollowAnswer>> follow(control::FollowRequest request, io::Event* gone) override;
  io::Task<Result<ScaleResult>> scale(ScaleRequest request) override;
  io::Task<Status> restart(std::int32_t instance, std::chrono::milliseconds grace) override;
  io::Task<Status> stop(std::chrono::milliseconds grace) override;

 private:
  Status ready() const;
  Status changeable() const;
  Result<app::Change> change(const ScaleRequest& request);
  std::uint64_t write_down(const app::Change& change);
  void stop_runs(const std::vector<app::Run>& runs, std::chrono::milliseconds grace);

  app::Instances& instances_;
  Stopper& stopper_;
  Launcher& launcher_;
  Journal& journal_;
  Followers& followers_;
  Notes& notes_;
  io::Event& wake_;
  io::Event& stops_;
  std::optional<control::ApplicationStatus> status_;
  bool stopping_ = false, ending_ = false;
  std::optional<Error> attempt_over_;
};

}  // namespace knit::master
