#include "rpc/failover.h"

#include <algorithm>

namespace knit::rpc {

Attempts::Attempts(const Limits& limits, std::size_t addresses, std::size_t first, bool answered_before,
                   TimePoint start)
    : limits_(limits), addresses_(addresses), address_(first), answered_(answered_before), since_(start) {}

TimePoint Attempts::connect_deadline(TimePoint now) const {
  const auto share = limits_.connect_timeout / static_cast<std::int64_t>(addresses_);
  const TimePoint end = now + share;
  // Never beyond what is given to a service that does not answer at all.
  const auto patience =
      answered_ && (addresses_ > 1 || answered_now_) ? limits_.failover_deadline : limits_.connect_timeout;
  return std::min(end, std::max(since_ + patience, now));
}

TimePoint Attempts::give_up_at(const Error& error) const {
  if (answered_now_) return since_ + limits_.failover_deadline;
  if (addresses_ > 1) return since_ + (answered_ ? limits_.failover_deadline : limits_.connect_timeout);
  if (answered_) return since_ + limits_.connect_timeout;
  if (error.code() == ErrorCode::kDeadlineExceeded) return since_;
  return since_ + std::min<std::chrono::milliseconds>(kRefusedPatience, limits_.connect_timeout);
}

std::optional<TimePoint> Attempts::after(Disposition disposition, const Error& error, bool sent,
                                         TimePoint now, double chance) {
  if (disposition == Disposition::kFail || ++tries_ >= kMaxTries) return std::nullopt;
  // A call that was under way when the connection was lost may have been for long.
  if (tries_ == 1 && sent && error.code() == ErrorCode::kUnavailable) since_ = now;
  if (sent) ++retry_count_;
  if (sent) answered_ = true;
  if (!error.remote_exception().empty()) answered_ = answered_now_ = true;
  TimePoint when = now;
  if (disposition == Disposition::kFailover) {
    address_ = (address_ + 1) % addresses_;
    ++tried_in_round_;
  }
  if (disposition == Disposition::kRetrySame || tried_in_round_ >= addresses_) {
    tried_in_round_ = 0;
    const auto pause =
        std::min<std::chrono::nanoseconds>(kFirstPause * (1 << std::min(pauses_++, 10)), kLastPause);
    when += std::chrono::nanoseconds(
        static_cast<std::int64_t>(static_cast<double>(pause.count()) * (0.5 + chance / 2)));
  }
  if (when >= give_up_at(error)) return std::nullopt;
  return when;
}

}  // namespace knit::rpc
