// Driver: an HTTPS server for one application's own people.
#pragma once

#include <knit/run_spec.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "http/call.h"
#include "http/request_parser.h"
#include "http/tls_stream.h"
#include "io/net.h"
#include "io/task_group.h"

namespace knit::http {

// Bounds of everything that clients can make a server hold or wait for.
struct ServerLimits {
  RequestLimits request;
  // At once, of those that have proven who they are: each costs some 50 KiB. A further one gets the place of
  // the one that has been idle longest, or 503.
  std::size_t connections = 256;
  // Of these, only for the owner: its containers cannot lock it out.
  std::size_t for_owner = 16;
  // Bytes of answers that wait for their clients to take them, above which no further question is looked at
  // but answered 503: a slow reader of a long list holds all of it. The owner may have as much again.
  std::size_t unsent = std::size_t{16} << 20;
  // At once, of those that have not: anyone may connect and be silent. A further one waits for a place, or
  // for the oldest to have had its grace, and then takes that: a crowd of honest clients is served in turn,
  // and a flood of others delays them and does not keep them out.
  std::size_t handshakes = 64;
  std::chrono::milliseconds handshake_grace{250};
  // A handshake is two round trips and 1 ms of work; a loaded machine may be late.
  std::chrono::seconds handshake{10};
  // From the first byte of a request to its last: 256 KiB over the slowest line that is of use.
  std::chrono::seconds request_time{30};
  // How long a handler may hold a request; long polls answer in time for proxies and people's patience.
  std::chrono::seconds answer_time{90};
  // For the client to take an answer.
  std::chrono::seconds write_time{30};
  // Between two requests of one connection: longer than a client's pace of asking.
  std::chrono::seconds idle{60};
  // After so many the client connects anew, and proves anew that its certificate still holds.
  std::uint32_t requests_per_connection = 1000;
};

// Answers one call; an error becomes error_reply(). Runs on the server's loop, many at a time; the server
// waits for its end before it goes. Who may do what is the handler's to decide, by Call::peer. A handler that
// throws makes 500, one that is cancelled at Call::deadline 504.
using Handler = std::function<io::Task<Result<Reply>>(Call)>;

struct ServerOptions {
  ServerLimits limits;
  // Told in one line what an operator should know: who was refused, and why. At most kMaxNotes times, for
  // anyone who reaches the port can cause it.
  std::function<void(const std::string&)> note = [](const std::string&) {};
};
inline constexpr int kMaxNotes = 100;

// Serves until stop(), which must have ended before this goes. On one loop. TLS with clients' certificates of
// the application's authority (tls_session.h), HTTP/1.1 and 1.0, keep-alive. A client that is not believed
// never reaches the handler.
class Server {
 public:
  // Listens on a numeric address, on the first free port of the range. kInvalidArgument for an identity that
  // is none, kUnavailable where no port is free.
  static Result<std::unique_ptr<Server>> listen(const std::string& address, PortRange ports,
                                                const security::Identity& identity, Handler handler,
                                                ServerOptions options = {});
  Server(std::unique_ptr<io::Listener> listener, std::shared_ptr<const TlsContext> context, Handler handler,
         ServerOptions options);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const { return listener_->port(); }
  std::size_t connections() const { return slots_.size(); }

  // A renewed identity, for the connections from now on.
  Status renew(const security::Identity& identity);

  // Accepts nothing more, closes idle connections, lets calls at work be answered until the deadline and then
  // cancels them. Returns when everything has ended.
  io::Task<void> stop(io::Deadline deadline);

 private:
  enum class Phase { kHandshake, kIdle, kBusy };
  // One connection, as long as its task runs; in the order in which they came.
  struct Slot {
    io::Stream* stream;
    Phase phase = Phase::kHandshake;
    bool evicted = false;  // closed, and no longer counted
    bool owner = false;
    io::TimePoint since{};  // in this phase
  };
  using Slots = std::list<Slot>;
  class Entry;

  io::Task<void> accept_all();
  io::Task<void> serve(std::unique_ptr<io::Stream> raw);
  io::Task<bool> shake_hands(TlsStream& stream, const Slot& slot);
  io::Task<void> serve_calls(TlsStream& stream, Slot& slot);
  io::Task<Result<RequestParser::What>> next_call(TlsStream& stream, RequestParser& parser, Slot& slot);
  io::Task<Reply> answer_while_wanted(TlsStream& stream, RequestParser& parser, Call call, bool owner);
  io::Task<Reply> answer(Call call, bool owner);
  io::Task<Status> send(io::Stream& stream, std::string text);
  io::Task<void> say_goodbye(TlsStream& stream);
  io::Task<Status> make_room();
  std::size_t count(Phase phase) const;
  Slot* oldest(Phase phase);
  void evict(Slot& slot);
  bool admit(const Slot& slot);
  void set_phase(Slot& slot, Phase phase);
  void note(const std::string& text);

  std::unique_ptr<io::Listener> listener_;
  std::shared_ptr<const TlsContext> context_;
  Handler handler_;
  ServerOptions options_;
  Slots slots_;
  io::Event handshake_ended_;
  bool stopping_ = false;
  int notes_ = 0;
  std::size_t unsent_ = 0;
  io::TaskGroup tasks_;
};

}  // namespace knit::http
