#include "rpc/failover.h"

#include <algorithm>

namespace knit::rpc {

Attempts::Attempts(const Limits& limits, std::size_t addresses, std::size_t first, bool answered_before,
                   TimePoint start)
    : limits_(limits), addresses_(addresses), address_(first), answered_(answered_before), since_(start) {}

TimePoint Attempts::connect_deadline(TimePoint now) const {
  const auto shares = static_cast<std::int64_t>(addresses_) * (addresses_ > 1 && rounds_ == 0 ? 2 : 1);
  const auto all = addresses_ > 1 && answered_ ? limits_.failover_deadline : limits_.connect_timeout;
  return std::min(now + limits_.connect_timeout / shares, std::max(since_ + all, now));
}

std::chrono::milliseconds Attempts::patience(Disposition disposition, const Error& error) const {
  const bool asks_for_more = disposition == Disposition::kRetrySame;
  const bool took_the_call = error.code() == ErrorCode::kDeadlineExceeded;
  if (asks_for_more || took_the_call || (addresses_ > 1 && answered_)) return limits_.failover_deadline;
  if (addresses_ > 1 || answered_) return limits_.connect_timeout;
  return std::min<std::chrono::milliseconds>(kRefusedPatience, limits_.connect_timeout);
}

std::optional<TimePoint> Attempts::after(Disposition disposition, const Error& error, bool sent,
                                         TimePoint now, double chance) {
  if (disposition == Disposition::kFail || ++tries_ >= kMaxTries) return std::nullopt;
  // A call that was under way when the connection was lost may have been for long.
  if (tries_ == 1 && sent && error.code() == ErrorCode::kUnavailable) since_ = now;
  if (sent) ++retry_count_;
  if (sent || !error.remote_exception().empty()) answered_ = true;
  TimePoint when = now;
  if (disposition == Disposition::kFailover) {
    address_ = (address_ + 1) % addresses_;
    ++tried_in_round_;
  }
  if (disposition == Disposition::kRetrySame || tried_in_round_ >= addresses_) {
    tried_in_round_ = 0;
    const auto pause = std::min(kFirstPause * (1 << std::min(rounds_++, 10)), kLastPause);
    when += std::chrono::nanoseconds(static_cast<std::int64_t>(
        static_cast<double>(std::chrono::nanoseconds(pause).count()) * (0.5 + chance / 2)));
  }
  if (when >= since_ + patience(disposition, error)) return std::nullopt;
  return when;
}

}  // namespace knit::rpc
