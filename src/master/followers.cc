#include "master/followers.h"

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "io/task_group.h"

namespace knit::master {
namespace {

io::Task<void> relay(io::Event& from, io::Event& to) {
  if (co_await from.wait()) to.set();
}

}  // namespace

Followers::Followers(Journal& journal, std::int32_t attempt) : journal_(journal), attempt_(attempt) {
  journal_.on_flushed([this] { wake_all(); });
}

void Followers::wake_all() {
  for (io::Event* event : waiting_) event->set();
}

void Followers::release() {
  released_ = true;
  wake_all();
}

// One question, from its coming to its answer.
class Followers::Asking {
 public:
  Asking(Followers& all, const control::FollowRequest& request, io::Event& wake)
      : all_(all), name_(request.follower), wake_(wake) {
    all_.waiting_.insert(&wake_);
    std::erase_if(all_.followers_, [&](const auto& one) { return !all_.connected(one.second); });
    known_ = all_.followers_.contains(name_) || all_.followers_.size() < kMaxFollowers;
    if (!known_) return;
    auto& follower = all_.followers_[name_];
    ++follower.asking;
    if (request.attempt == all_.attempt_) follower.read = std::max(follower.read, request.read);
    all_.changed_.pulse();
  }
  ~Asking() {
    all_.waiting_.erase(&wake_);
    if (!known_) return;
    auto& follower = all_.followers_[name_];
    --follower.asking;
    follower.answered.reset();
    if (answered_) follower.answered = io::now();
    all_.changed_.pulse();
  }
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;
  void answered() { answered_ = true; }

 private:
  Followers& all_;
  std::string name_;
  io::Event& wake_;
  bool known_ = false, answered_ = false;
};

bool Followers::connected(const Follower& follower) const {
  return follower.asking > 0 || (follower.answered && io::now() < *follower.answered + kBetween);
}

io::Task<Result<control::FollowAnswer>> Followers::follow(control::FollowRequest request, io::Event* gone) {
  io::Event wake;
  Asking asking(*this, request, wake);
  io::TaskGroup relays;
  if (gone) relays.spawn(relay(*gone, wake));
  const auto from = request.attempt == attempt_ ? request.from : 0;
  const auto until = io::after(request.wait);
  const auto left = [gone] { return gone && gone->is_set(); };
  Status waited;
  while (waited && from >= journal_.flushed() && !released_ && !left()) {
    wake.reset();
    waited = co_await io::run_until(until, wake.wait());
  }
  co_await relays.stop();
  if (left()) co_return Error(ErrorCode::kCancelled, "the follower has left");
  if (!waited && waited.error().code() == ErrorCode::kCancelled) co_return std::move(waited).error();
  KNIT_CO_TRY(auto bytes, journal_.read(from, control::kMaxFollowBytes));
  asking.answered();
  co_return control::FollowAnswer{.attempt = attempt_, .from = from, .journal = std::move(bytes)};
}

io::Task<std::size_t> Followers::all_read(std::uint64_t end, io::Deadline deadline) {
  while (true) {
    std::size_t behind = 0;
    io::Deadline next = deadline;
    for (const auto& [name, follower] : followers_) {
      if (!connected(follower) || follower.read >= end) continue;
      ++behind;
      if (follower.asking == 0) next = std::min<io::Deadline>(next, *follower.answered + kBetween);
    }
    if (behind == 0 || io::now() >= deadline) co_return behind;
    const Status waited = co_await io::run_until(next, changed_.wait());
    if (!waited && waited.error().code() == ErrorCode::kCancelled) co_return behind;
  }
}

}  // namespace knit::master
