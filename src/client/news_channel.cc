#include "client/news_channel.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "security/random.h"

namespace knit::client {
namespace {

using namespace std::chrono_literals;

constexpr auto kWait = 20s;  // for news
constexpr io::Duration kFirstPause = 500ms, kLastPause = 10s;
constexpr std::size_t kNameBytes = 12;

// Two followers of one name would be taken for one: at random, or as good as that where there is no chance.
std::string make_name() {
  const auto bytes = security::random_bytes(kNameBytes);
  return bytes ? base::hex_encode(*bytes) : std::to_string(io::now().time_since_epoch().count());
}

}  // namespace

NewsChannel::NewsChannel(ApplicationNews& application, std::function<void()> news)
    : application_(application), news_(std::move(news)), name_(make_name()) {
  tasks_.spawn(listen());
}

void NewsChannel::update(const ApplicationReport& report) {
  const bool another = report.current_attempt.attempt != attempt();
  if (another) {
    known_ = read_ = 0;
    heard_.reset();
    taken_.set();
  }
  if (another || !report_ || report.state != report_->state) changed_.set();
  report_ = report;
}

bool NewsChannel::live() const {
  return report_ && report_->state == ApplicationState::kRunning && answered_by_ == attempt() && !broken_;
}

Result<bool> NewsChannel::take(JournalFollower& journal) {
  Result<bool> news = false;
  if (heard_) news = journal.hear(heard_->attempt, heard_->from, heard_->journal);
  broken_ = broken_ || !news;  // nothing can be read behind that
  known_ = journal.position(attempt());
  if (std::exchange(heard_, std::nullopt)) taken_.set();
  return news;
}

void NewsChannel::has_read(std::uint64_t bytes, bool at_once) {
  if (bytes <= read_) return;
  read_ = bytes;
  // The next question says it, but for one that waits for its answer already.
  if (at_once && asking_) tasks_.spawn(tell());
}

control::FollowRequest NewsChannel::question() const {
  return {.follower = name_, .attempt = attempt(), .from = known_, .read = read_, .wait = kWait};
}

io::Task<void> NewsChannel::tell() {
  auto told = question();
  told.wait = 0ms;
  (void)co_await application_.news(*report_, std::move(told));
}

io::Task<void> NewsChannel::listen() {
  io::Duration pause = kFirstPause;
  while (co_await io::check_cancelled()) {
    changed_.reset();
    if (!report_ || report_->state != ApplicationState::kRunning || report_->master_port <= 0) {
      if (!co_await changed_.wait()) co_return;
      continue;
    }
    asking_ = true;
    auto answer = co_await application_.news(*report_, question());
    asking_ = false;
    const bool fits = answer && answer->attempt == attempt();
    answered_by_ = fits ? attempt() : 0;
    if (fits && !answer->journal.empty()) {
      heard_ = *std::move(answer);
      taken_.reset();
      news_();
      if (!co_await taken_.wait() || broken_) break;
    }
    if (fits) {
      pause = kFirstPause;
      continue;
    }
    news_();
    (void)co_await io::run_until(io::after(pause), changed_.wait());
    pause = std::min(pause * 2, kLastPause);
  }
  answered_by_ = 0;
}

io::Task<void> NewsChannel::stop() {
  co_await tasks_.stop();
}

}  // namespace knit::client
