// Learning from an application's master what it writes into its journal, as it writes it, and telling it how
// far the output was read. A driver.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "client/application_news.h"
#include "client/journal_follow.h"
#include "io/task_group.h"
#include "io/wait.h"

namespace knit::client {

// Asks one question after the other while the application runs. Where the master cannot be asked (no key
// here, a closed port) it tries again now and then, and the journal's file is the way. Belongs to one loop;
// what it is given must outlive it; stop() it before it goes.
class NewsChannel {
 public:
  // `news` is called when something has come, or comes no more.
  NewsChannel(ApplicationNews& application, std::function<void()> news);

  // The application as it is now.
  void update(const ApplicationReport& report);
  // What has come goes into the journal; true if that is news to it. Errors: JournalFollower's.
  Result<bool> take(JournalFollower& journal);
  // What the master writes comes this way: the journal's file need not be asked.
  bool live() const;
  // The output of everything that ended within so many bytes of the journal has been read, or never will be.
  // `at_once`: the master may be waiting for it.
  void has_read(std::uint64_t bytes, bool at_once);
  io::Task<void> stop();

 private:
  io::Task<void> listen();
  io::Task<void> tell();
  control::FollowRequest question() const;
  std::int32_t attempt() const { return report_ ? report_->current_attempt.attempt : 0; }

  ApplicationNews& application_;
  std::function<void()> news_;
  std::string name_;
  std::optional<ApplicationReport> report_;
  std::optional<control::FollowAnswer> heard_;
  std::uint64_t known_ = 0, read_ = 0;  // of the journal of attempt()
  std::int32_t answered_by_ = 0;        // the attempt whose last answer was one; 0: none
  bool asking_ = false, broken_ = false;
  io::Event changed_, taken_;
  io::TaskGroup tasks_;
};

}  // namespace knit::client
