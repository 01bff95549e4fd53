// For tests alone: the server's side of Hadoop RPC over streams in memory, as far as a script wants it.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/try.h"
#include "io/loop.h"
#include "io/net.h"
#include "io/task_group.h"
#include "io/wait.h"
#include "rpc/decode.h"
#include "rpc/frame.h"
#include "rpc/messages.h"
#include "rpc/proto/ipc_connection_context.pb.h"
#include "rpc/proto/rpc_engine.pb.h"
#include "rpc/proto/rpc_header.pb.h"

namespace knit::rpc {

// The file tests/golden/`name`.
inline std::string golden(const std::string& name) {
  std::ifstream in(std::string(KNIT_SOURCE_DIR "/tests/golden/") + name, std::ios::binary);
  EXPECT_TRUE(in.good()) << "tests/golden/" << name;
  return {std::istreambuf_iterator<char>(in), {}};
}

// All frames of a captured stream (without the preamble).
inline std::vector<std::string> frames_of(std::string_view bytes) {
  FrameReader reader(64u << 20);
  EXPECT_TRUE(reader.append(std::as_bytes(std::span(bytes))));
  std::vector<std::string> frames;
  std::size_t size = 0;
  while (auto frame = reader.next()) {
    size += kFrameLengthBytes + frame->size();
    frames.push_back(std::move(*frame));
  }
  EXPECT_EQ(size, bytes.size()) << "it ends within a frame";
  return frames;
}

// A frame from a client, taken apart.
struct FromClient {
  hadoop::common::RpcRequestHeaderProto header;
  std::string method;  // of a call
  std::string body;    // of a call: the request; otherwise the one message, if there is one
};

inline Result<FromClient> decode_from_client(const std::string& frame) {
  DelimitedReader reader(frame);
  FromClient out;
  KNIT_TRY(auto header, reader.next("header"));
  KNIT_TRY(out.header, decode<hadoop::common::RpcRequestHeaderProto>(header, "header"));
  if (out.header.callid() >= 0) {
    KNIT_TRY(auto bytes, reader.next("method"));
    KNIT_TRY(auto method, decode<hadoop::common::RequestHeaderProto>(bytes, "method"));
    out.method = method.methodname();
  }
  if (reader.remaining() > 0) {
    KNIT_TRY(auto body, reader.next("body"));
    out.body = std::string(body);
  }
  EXPECT_EQ(reader.remaining(), 0u);
  return out;
}

inline std::string success_frame(std::int32_t call_id, std::string_view body) {
  hadoop::common::RpcResponseHeaderProto header;
  header.set_callid(static_cast<std::uint32_t>(call_id));
  header.set_status(hadoop::common::RpcResponseHeaderProto::SUCCESS);
  FrameWriter frame;
  frame.add(header).add_bytes(body);
  return std::move(frame).finish();
}

inline std::string failure_frame(std::int32_t call_id, const std::string& java_class,
                                 const std::string& message, bool fatal = false) {
  hadoop::common::RpcResponseHeaderProto header;
  header.set_callid(static_cast<std::uint32_t>(call_id));
  header.set_status(fatal ? hadoop::common::RpcResponseHeaderProto::FATAL
                          : hadoop::common::RpcResponseHeaderProto::ERROR);
  header.set_exceptionclassname(java_class);
  header.set_errormsg(message);
  if (fatal) header.set_errordetail(hadoop::common::RpcResponseHeaderProto::FATAL_UNAUTHORIZED);
  FrameWriter frame;
  frame.add(header);
  return std::move(frame).finish();
}

// One connection, seen from the server.
class Peer {
 public:
  explicit Peer(std::unique_ptr<io::Stream> stream) : stream_(std::move(stream)) {}

  // The first 7 bytes.
  io::Task<Result<std::string>> preamble() {
    std::string bytes(7, '\0');
    KNIT_CO_TRY_VOID(co_await io::read_exactly(*stream_, std::as_writable_bytes(std::span(bytes))));
    co_return bytes;
  }
  io::Task<Result<FromClient>> receive() {
    while (true) {
      if (auto frame = reader_.next()) co_return decode_from_client(*frame);
      std::array<std::byte, 4096> buffer;
      KNIT_CO_TRY(const std::size_t n, co_await stream_->read_some(buffer));
      if (n == 0) co_return Error(ErrorCode::kUnavailable, "closed by the client");
      KNIT_CO_TRY_VOID(reader_.append(std::span(buffer).first(n)));
    }
  }
  io::Task<Status> send(std::string bytes) {
    const bool cut = bytes.size() > budget_;
    if (cut) bytes.resize(budget_);
    budget_ -= bytes.size();
    Status sent = co_await stream_->write(io::as_bytes(bytes));
    if (cut) stream_->close();
    co_return cut ? Error(ErrorCode::kUnavailable, "cut") : sent;
  }
  void close() { stream_->close(); }
  // The connection breaks when more than this has been sent.
  void cut_after(std::size_t bytes) { budget_ = bytes; }

  // Takes the preamble and context of a SIMPLE connection and gives the first call.
  io::Task<Result<FromClient>> first_call() {
    KNIT_CO_TRY(const auto begin, co_await preamble());
    EXPECT_EQ(begin, rpc::preamble(AuthProtocol::kNone));
    KNIT_CO_TRY(const auto context, co_await receive());
    EXPECT_EQ(context.header.callid(), kContextCallId);
    co_return co_await receive();
  }

 private:
  std::unique_ptr<io::Stream> stream_;
  FrameReader reader_{64u << 20};
  std::size_t budget_ = std::string::npos;
};

// Servers by port. Each connection to a port runs its script; a port without one refuses. What a script
// refers to must outlive the loop. Belongs to one loop and must outlive the clients that use it.
class FakeNetwork {
 public:
  // `number`: 0 for the first connection to this port, and so on.
  using Script = std::function<io::Task<void>(Peer& peer, int number)>;

  void serve(std::uint16_t port, Script script) { scripts_[port] = std::move(script); }
  void refuse(std::uint16_t port) { scripts_.erase(port); }
  int connections(std::uint16_t port) const { return counts_.contains(port) ? counts_.at(port) : 0; }

  io::Task<Result<std::unique_ptr<io::Stream>>> connect(io::HostPort address) {
    KNIT_CO_TRY_VOID(co_await io::yield());
    const int number = counts_[address.port]++;
    const auto script = scripts_.find(address.port);
    if (script == scripts_.end()) co_return Error(ErrorCode::kUnavailable, "Connection refused");
    auto [ours, theirs] = io::make_pipe();
    tasks_.spawn(play(script->second, std::move(theirs), number));
    co_return std::move(ours);
  }

 private:
  static io::Task<void> play(Script script, std::unique_ptr<io::Stream> stream, int number) {
    Peer peer(std::move(stream));
    co_await script(peer, number);
  }

  std::map<std::uint16_t, Script> scripts_;
  std::map<std::uint16_t, int> counts_;
  io::TaskGroup tasks_;
};

// Runs `body` on a loop with manual time, during which `pass` goes by.
template <class Body>
void on_loop(Body body, io::Duration pass = std::chrono::seconds(0)) {
  io::Loop loop(io::Loop::Time::kManual);
  const auto main = [](Body& body, io::Loop& loop, io::Duration pass) -> io::Task<void> {
    io::TaskGroup group;
    group.spawn(body());
    loop.post([&loop, pass] { loop.advance(pass); });
    co_await group.join();
  };
  loop.run(main(body, loop, pass));
}

}  // namespace knit::rpc
