// The driver of one connection: carries the bytes between a stream and the cores (Negotiation, CallTable,
// Liveness).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "io/net.h"
#include "io/task.h"
#include "io/wait.h"
#include "rpc/call_table.h"
#include "rpc/frame.h"
#include "rpc/limits.h"
#include "rpc/messages.h"
#include "rpc/negotiation.h"

namespace knit::rpc {

// One connection to one address, from connecting to its end; never opened twice. Belongs to one loop. Kept by
// shared pointers: its owner's, that of run(), and one for each call under way.
//
// Errors of the connection itself say whom they concern ("ResourceManager at 10.0.0.7:8032: ..."); trouble on
// the way is kUnavailable, what a server says about one call is passed on as it is.
class Connection {
 public:
  // Opens a stream; io::connect, or a test's own.
  using Connector = std::function<io::Task<Result<std::unique_ptr<io::Stream>>>(io::HostPort)>;

  struct Settings {
    std::string service;  // for messages: "ResourceManager"
    std::string protocol;
    io::HostPort address;
    Identity identity;
    CallerId caller;
    Limits limits;
    Connector connect;
  };

  explicit Connection(Settings settings);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The connection's life: connects and authenticates until `deadline`, then carries calls until its end.
  // Started once, by the owner, in a group of his; ends soon after close().
  static io::Task<void> run(std::shared_ptr<Connection> self, io::Deadline deadline);

  struct Outcome {
    Result<std::string> result;
    bool sent = false;  // the server may have seen the call
  };
  // One try of one call. May be called before run() has connected: the call goes out with the connection
  // context then. Waits until `connect_deadline` for the connection, and from then on for `timeout` for the
  // answer (kDeadlineExceeded). A connection on which nothing at all was heard for that time takes no further
  // calls. When the caller is cancelled, kCancelled, unless the answer is there. What `header` refers to must
  // live until the end.
  static io::Task<Outcome> call(std::shared_ptr<Connection> self, CallHeader header, std::string request,
                                io::Deadline connect_deadline, io::Duration timeout);

  // True if it takes calls: connecting or connected, and not retired.
  bool usable() const { return state_ != State::kClosed && !retired_; }
  // Of the calls from now on.
  void set_caller_context(const std::string& context) { settings_.caller.caller_context = context; }
  // No new calls; closes when the open ones have ended.
  void retire();
  // At once: open calls end with `why`.
  void close(Error why);

 private:
  enum class State { kConnecting, kOpen, kClosed };

  io::Task<Status> open();
  io::Task<Status> authenticate();
  io::Task<Result<std::string>> read_frame();
  io::Task<Status> read_answers();
  static io::Task<void> write_calls(std::shared_ptr<Connection> self);
  static io::Task<void> keep_alive(std::shared_ptr<Connection> self);
  Error not_connected(const Error& why) const;
  Error no_answer(std::string_view method, io::Duration timeout) const;
  void wake(std::int32_t call_id);
  void calls_changed();

  Settings settings_;
  std::string name_;  // "ResourceManager at 10.0.0.7:8032"
  State state_ = State::kConnecting;
  bool retired_ = false;
  bool authenticating_ = false;  // connected, but not yet accepted
  bool heard_ = false;           // anything was received
  bool ping_due_ = false;
  std::unique_ptr<io::Stream> stream_;
  std::vector<std::byte> buffer_;
  FrameReader reader_;
  CallTable table_;
  Liveness liveness_;
  std::string first_output_;  // what goes out before the first call, in one write with it
  std::unordered_map<std::int32_t, std::shared_ptr<io::Event>> waiting_;
  io::Event opened_;  // connected, or closed
  io::Event output_;  // there may be something to write
  io::Event liveness_changed_;
};

}  // namespace knit::rpc
