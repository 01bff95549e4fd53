// Who reads the application's output while it comes, and how far they are. A driver.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "control/service.h"
#include "io/wait.h"
#include "master/journal.h"

namespace knit::master {

// Answers followers' questions for the journal, and lets the master wait for their last byte: with the
// application's end NodeManagers begin to remove its logs, and without log aggregation they are gone for
// good. A follower is connected while a question of its waits for an answer, and for kBetween after one was
// answered; whose connection closes is gone at once. Belongs to the master and its loop; calls must have
// ended before it goes.
class Followers {
 public:
  // The next question follows within a round trip, and on a machine under load.
  static constexpr std::chrono::milliseconds kBetween{2'000};
  // Further ones are answered, but nobody waits for them.
  static constexpr std::size_t kMaxFollowers = 64;

  // The journal must outlive it.
  Followers(Journal& journal, std::int32_t attempt);
  Followers(const Followers&) = delete;
  Followers& operator=(const Followers&) = delete;

  // Waits for news in the journal, at most as long as the request says. `gone` is set when the one who asked
  // has left; null where nobody can tell.
  io::Task<Result<control::FollowAnswer>> follow(control::FollowRequest request, io::Event* gone);

  // Returns when each one that is connected has read everything up to there, or at the deadline: how many
  // have not.
  io::Task<std::size_t> all_read(std::uint64_t end, io::Deadline deadline);

  // The attempt is over: every question is answered at once.
  void release();

 private:
  struct Follower {
    std::uint64_t read = 0;
    int asking = 0;                         // questions that wait for an answer
    std::optional<io::TimePoint> answered;  // the last one; nothing where its client has left
  };
  class Asking;
  bool connected(const Follower& follower) const;
  void wake_all();

  Journal& journal_;
  std::int32_t attempt_;
  std::map<std::string, Follower> followers_;
  std::set<io::Event*> waiting_;
  io::Event changed_;
  bool released_ = false;
};

}  // namespace knit::master
