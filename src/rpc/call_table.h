// The calls of one connection that are under way, as plain data: what is still to be sent, what waits for an
// answer, what was answered, and what nobody waits for any longer.
#pragma once

#include <knit/result.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "rpc/limits.h"

namespace knit::rpc {

// Steady time, the same type as io::TimePoint: the cores of this module are given it and never ask a clock.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

// One connection's calls, by id. The driver queues calls, writes what take_output() hands out, feeds it
// frames, and takes the ends. An abandoned call is a state: its answer may still come and is then dropped.
class CallTable {
 public:
  // Calls under way on one connection, and abandoned ones whose answers are still owed: beyond that something
  // is wrong with the server or with us.
  static constexpr std::size_t kMaxOpen = 16'384;
  static constexpr std::size_t kMaxAbandoned = 1'024;

  // `max_queued`: bytes that may wait to be sent; one frame is always taken.
  explicit CallTable(std::size_t max_queued) : max_queued_(max_queued) {}

  // Queues a call whose frame is `frame`. kResourceExhausted over a limit, nothing is queued then. The same
  // id may be queued again once its first call was abandoned: the answer to either then ends it (a repeated
  // call is the same call).
  Status add(std::int32_t call_id, std::string frame, TimePoint now);

  bool has_output() const { return !queue_.empty(); }
  // All queued frames, in order; their calls count as sent from here on.
  std::string take_output();

  // One frame from the server. The id of the call it ended, or none for a late answer. An error ends the
  // connection: the server's FATAL (with its exception), or kDataLoss for an answer that makes no sense.
  Result<std::optional<std::int32_t>> on_frame(std::string frame);

  struct End {
    Result<std::string> result;
    bool sent = false;  // the server may have seen it
  };
  // The end of a call, if it has ended; the call is forgotten with that.
  std::optional<End> take(std::int32_t call_id);

  // Nobody waits for this call any longer. Returns true if it had been sent. Not sent: it never will be.
  bool abandon(std::int32_t call_id);

  // The connection is over: ends every open call with `error`. Returns their ids.
  std::vector<std::int32_t> fail(const Error& error);

  // Calls that somebody waits for and that have not ended.
  std::size_t open() const { return open_; }
  std::size_t abandoned() const { return abandoned_; }
  // True if nothing has come from the server since the call was queued.
  bool is_silent_since(std::int32_t call_id, TimePoint last_received) const;

 private:
  enum class State { kQueued, kSent, kEnded, kAbandoned };
  struct Call {
    State state = State::kQueued;
    int owed = 0;  // answers the server owes for this id
    TimePoint queued_at;
    bool sent = false;  // of the present call, or of one before that this one repeats
    std::optional<Result<std::string>> result;
  };
  struct Queued {
    std::int32_t call_id;
    std::string frame;
  };

  std::size_t max_queued_;
  std::size_t queued_bytes_ = 0;
  std::size_t open_ = 0;
  std::size_t abandoned_ = 0;
  std::vector<Queued> queue_;
  std::unordered_map<std::int32_t, Call> calls_;
};

// When a connection wants to be pinged or closed. Java's client sends a ping when nothing was received for
// ipc.ping.interval while calls are open (Client.Connection.PingInputStream), so that a dead peer is noticed
// by the failing write (0: never), and closes a connection that was idle for
// ipc.client.connection.maxidletime.
class Liveness {
 public:
  enum class Action { kNothing, kPing, kClose };

  Liveness(const Limits& limits, TimePoint now)
      : ping_interval_(limits.ping_interval),
        idle_close_(limits.idle_close),
        last_received_(now),
        changed_(now) {}

  void received(TimePoint now) { last_received_ = now; }
  TimePoint last_received() const { return last_received_; }
  // How many calls are open now. True if due() may have moved nearer.
  bool set_open(std::size_t open, TimePoint now);
  // What to do now. A ping counts as done.
  Action act(TimePoint now);
  // When to ask act() again.
  TimePoint due() const;

 private:
  std::chrono::nanoseconds ping_interval_, idle_close_;
  TimePoint last_received_;
  TimePoint changed_;  // when calls were last opened out of idleness, or the last one ended
  TimePoint last_ping_ = TimePoint::min();
  std::size_t open_ = 0;
};

}  // namespace knit::rpc
