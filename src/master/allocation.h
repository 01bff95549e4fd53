// What the ResourceManager is asked for and what it gives: the book-keeping of allocate calls. A core: it
// takes answers and errors and says what to send next.
//
// Facts it follows (ApplicationMasterService, AMRMClientImpl, LocalityAppPlacementAllocator; 2.10 to 3.5):
//   * asks are absolute counts. The ResourceManager sets its count to ours, then hands over what it had
//     allocated before, so containers that come with the answer to an ask are beyond that ask;
//   * a request whose answer was lost is sent again word for word: it is either processed now, or answered
//   with
//     the answer that was lost, and then a different one would be ignored;
//   * after "not registered" (the ResourceManager restarted) everything is told anew, from response id 0;
//   * containers and completions may come twice;
//   * a container that comes from a node that was asked for counts down that node, its rack and "*".
#pragma once

#include <knit/error.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "master/spread.h"
#include "yarn/application_master.h"
#include "yarn/container.h"

namespace knit::master {

// What to do after an allocate, register or finish call has failed.
enum class AfterFailure {
  kRepeat,      // the same again, after a pause
  kReregister,  // the ResourceManager has forgotten us
  kOver,        // this attempt is over: stop at once, another may be running
  kRefused,     // the ResourceManager refuses what we ask: repeating it would be refused too
};
AfterFailure after_failure(const Error& error);

// One role's containers, all of one size: one key of the ResourceManager's table. Owned by the master's loop.
class Allocation {
 public:
  // `ask` is the request of which only count and place change.
  explicit Allocation(yarn::ResourceRequest ask, Spread spread = {});

  // After register_master has succeeded, for the first time or again.
  void registered();

  // So many containers are needed beyond those that answered() has handed out. Told again before each
  // request. `now` is steady.
  void want(std::int32_t count, Spread::Time now);
  // Gives a container back: one that is not needed, or could not be started.
  void release(const ContainerId& container);
  void avoid(const std::vector<std::string>& additions, const std::vector<std::string>& removals);

  // The next request, or the present one again while its answer has not come.
  const yarn::AllocateRequest& next(float progress);
  // True between next() and answered().
  bool waits_for_answer() const { return in_flight_.has_value(); }

  struct News {
    std::vector<yarn::Container> containers;       // new ones: use each or release it
    std::vector<yarn::ContainerStatus> completed;  // each once
    // Earlier attempts', recovered by a ResourceManager that has restarted; each once.
    std::vector<yarn::Container> previous;
  };
  News answered(const yarn::AllocateResponse& response);

  // True while the ResourceManager owes containers.
  bool open() const { return wanted_ > 0; }
  std::int32_t wanted() const { return wanted_; }

 private:
  std::vector<yarn::ResourceRequest> asks();
  void count_down(const yarn::Container& container, const std::set<std::string>& renewed);

  yarn::ResourceRequest ask_;
  Spread spread_;
  std::int32_t wanted_ = 0;
  std::map<std::string, std::int32_t> told_;  // by place: what the ResourceManager believes it owes
  bool unsure_ = false;                       // which of these it has counted down
  std::int32_t response_id_ = 0;
  std::set<ContainerId> known_, completed_;
  std::map<ContainerId, NodeId> placed_;  // until they have ended
  std::set<ContainerId> released_;        // told or to be told; until completed
  std::vector<ContainerId> to_release_;   // not yet told
  std::set<std::string> avoided_;         // all of them
  std::set<std::string> avoid_, allow_;   // not yet told
  std::optional<yarn::AllocateRequest> in_flight_;
};

}  // namespace knit::master
