#include "rpc/call_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "rpc/error_map.h"
#include "rpc/messages.h"

namespace knit::rpc {

Status CallTable::add(std::int32_t call_id, std::string frame, TimePoint now) {
  if (open_ >= kMaxOpen) {
    return Error(ErrorCode::kResourceExhausted,
                 fmt::format("{} calls are under way on one connection", open_));
  }
  if (!queue_.empty() && queued_bytes_ + frame.size() > max_queued_) {
    return Error(ErrorCode::kResourceExhausted,
                 fmt::format("{} bytes of requests wait to be sent on one connection", queued_bytes_));
  }
  const auto [at, fresh] = calls_.try_emplace(call_id);
  Call& call = at->second;
  KNIT_ASSERT(fresh || call.state == State::kAbandoned, "call id used twice");
  if (!fresh) --abandoned_;
  call.state = State::kQueued;
  call.queued_at = now;
  ++open_;
  queued_bytes_ += frame.size();
  queue_.push_back({call_id, std::move(frame)});
  return {};
}

std::string CallTable::take_output() {
  std::string bytes;
  if (queue_.size() == 1) {
    bytes = std::move(queue_.front().frame);
  } else {
    bytes.reserve(queued_bytes_);
    for (const Queued& queued : queue_) bytes += queued.frame;
  }
  for (const Queued& queued : queue_) {
    Call& call = calls_.at(queued.call_id);
    call.state = State::kSent;
    call.sent = true;
    ++call.owed;
  }
  queue_.clear();
  queued_bytes_ = 0;
  return bytes;
}

Result<std::optional<std::int32_t>> CallTable::on_frame(std::string frame) {
  KNIT_TRY(Answer answer, decode_answer(std::move(frame)));
  if (answer.status == AnswerStatus::kFatal) return to_error(answer);
  const auto found = calls_.find(answer.call_id);
  if (found == calls_.end() || found->second.owed == 0) {
    return Error(ErrorCode::kDataLoss,
                 fmt::format("it answered call {}, which is not under way", answer.call_id));
  }
  Call& call = found->second;
  --call.owed;
  if (call.state == State::kAbandoned) {
    if (call.owed == 0) {
      calls_.erase(found);
      --abandoned_;
    }
    return std::optional<std::int32_t>();
  }
  if (call.state == State::kEnded) return std::optional<std::int32_t>();
  if (call.state == State::kQueued) {
    // The answer to the abandoned first try of this call: the second need not go out.
    std::erase_if(queue_, [&](const Queued& queued) {
      if (queued.call_id != answer.call_id) return false;
      queued_bytes_ -= queued.frame.size();
      return true;
    });
  }
  call.state = State::kEnded;
  --open_;
  if (answer.status == AnswerStatus::kSuccess) {
    call.result.emplace(std::move(answer.body));
  } else {
    call.result.emplace(to_error(answer));
  }
  return std::optional(answer.call_id);
}

std::optional<CallTable::End> CallTable::take(std::int32_t call_id) {
  const auto found = calls_.find(call_id);
  if (found == calls_.end() || found->second.state != State::kEnded) return std::nullopt;
  Call& call = found->second;
  End end{std::move(*call.result), call.sent};
  if (call.owed > 0) {
    call.result.reset();
    call.state = State::kAbandoned;
    ++abandoned_;
  } else {
    calls_.erase(found);
  }
  return end;
}

bool CallTable::abandon(std::int32_t call_id) {
  const auto found = calls_.find(call_id);
  if (found == calls_.end() || found->second.state == State::kAbandoned) return false;
  Call& call = found->second;
  const bool sent = call.sent;
  if (call.state == State::kQueued) {
    std::erase_if(queue_, [&](const Queued& queued) {
      if (queued.call_id != call_id) return false;
      queued_bytes_ -= queued.frame.size();
      return true;
    });
  }
  if (call.state != State::kEnded) --open_;
  if (call.owed > 0) {
    call.state = State::kAbandoned;
    call.result.reset();
    ++abandoned_;
  } else {
    calls_.erase(found);
  }
  return sent;
}

std::vector<std::int32_t> CallTable::fail(const Error& error) {
  std::vector<std::int32_t> ended;
  for (auto at = calls_.begin(); at != calls_.end();) {
    Call& call = at->second;
    call.owed = 0;
    if (call.state == State::kAbandoned) {
      at = calls_.erase(at);
      continue;
    }
    if (call.state != State::kEnded) {
      call.state = State::kEnded;
      call.result.emplace(error);
      ended.push_back(at->first);
    }
    ++at;
  }
  abandoned_ = 0;
  open_ = 0;
  queue_.clear();
  queued_bytes_ = 0;
  return ended;
}

bool CallTable::is_silent_since(std::int32_t call_id, TimePoint last_received) const {
  const auto found = calls_.find(call_id);
  return found != calls_.end() && found->second.queued_at >= last_received;
}

bool Liveness::set_open(std::size_t open, TimePoint now) {
  const bool changed = (open == 0) != (open_ == 0);
  open_ = open;
  if (changed) changed_ = now;
  return changed;
}

TimePoint Liveness::due() const {
  if (open_ == 0) return changed_ + idle_close_;
  if (ping_interval_ <= std::chrono::nanoseconds::zero()) return TimePoint::max();
  return std::max({last_received_, changed_, last_ping_}) + ping_interval_;
}

Liveness::Action Liveness::act(TimePoint now) {
  if (now < due()) return Action::kNothing;
  if (open_ == 0) return Action::kClose;
  last_ping_ = now;
  return Action::kPing;
}

}  // namespace knit::rpc
