#include "master/stopper.h"

#include <algorithm>

namespace knit::master {

bool Stopper::begin(const app::Run& run, io::Duration grace, io::TimePoint now) {
  const io::TimePoint at = now + grace;
  const auto [place, added] = stopping_.try_emplace(run.container, Stopping{run, Step::kAsked, at});
  Stopping& stopping = place->second;
  if (!added && stopping.step == Step::kAsked) stopping.at = std::min(stopping.at, at);
  return added && grace > io::Duration::zero();
}

Stopper::Due Stopper::due(io::TimePoint now) {
  Due due;
  for (auto& [container, stopping] : stopping_) {
    if (stopping.at > now) continue;
    switch (stopping.step) {
      case Step::kAsked:
        due.stop.push_back(stopping.run);
        stopping.step = Step::kStopped;
        stopping.at = now + kReleaseAfter;
        break;
      case Step::kStopped:
        due.release.push_back(container);
        stopping.step = Step::kReleased;
        stopping.at = io::kNoDeadline;
        break;
      case Step::kReleased:
        break;
    }
  }
  return due;
}

io::TimePoint Stopper::next() const {
  io::TimePoint next = io::kNoDeadline;
  for (const auto& [container, stopping] : stopping_) next = std::min(next, stopping.at);
  return next;
}

}  // namespace knit::master
