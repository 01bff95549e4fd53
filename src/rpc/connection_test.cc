// One connection at a time: what goes over it, and what happens when it breaks at any point.
#include "rpc/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "rpc/client.h"
#include "rpc/fake_server_for_test.h"
#include "security/digest_challenge.h"
#include "security/md5.h"

namespace knit::rpc {
namespace {

using namespace std::chrono_literals;
using hadoop::common::RpcSaslProto;
using ::testing::HasSubstr;

const security::Token kToken{"who", "password", "NMToken", "nm:1"};

Client client_of(FakeNetwork& network, Identity identity = {.user = "alice"}, Limits limits = {}) {
  return Client(
      {.name = "NodeManager", .protocol = "org.example.P", .addresses = {{"nm", 1}}, .identity = identity},
      limits,
      {.connect = [&network](io::HostPort address) { return network.connect(std::move(address)); },
       .client_id = std::string(16, '\x11'),
       .chance = [] { return 0.0; }});
}

std::string text(const Result<std::string>& answer) {
  return answer ? *answer : std::string(to_string(answer.error().code())) + ": " + answer.error().message();
}

std::string md5_hex(const std::string& bytes) {
  return base::hex_encode(security::md5(bytes));
}

// What a server that knows `token` proves itself with.
std::string proof_for(const std::string& response, const security::Token& token) {
  std::map<std::string, std::string> said;
  const auto directives = security::parse_digest_directives(response);
  for (const auto& directive : *directives) said[directive.name] = directive.value;
  const auto names = security::token_credentials(token);
  EXPECT_EQ(said["username"], names.username);
  const std::string a1 = security::md5(names.username + ":default:" + names.password.bytes()) + ":" +
                         said["nonce"] + ":" + said["cnonce"];
  const auto digest = [&](const std::string& a2) {
    return md5_hex(md5_hex(a1) + ":" + said["nonce"] + ":00000001:" + said["cnonce"] +
                   ":auth:" + md5_hex(a2));
  };
  EXPECT_EQ(said["response"], digest("AUTHENTICATE:/default"));
  return "rspauth=" + digest(":/default");
}

std::string sasl(const RpcSaslProto& message) {
  return success_frame(kSaslCallId, message.SerializeAsString());
}

// The server's part of the token authentication, up to the first call.
io::Task<Result<FromClient>> first_call_by_token(Peer& peer, const security::Token& token) {
  KNIT_CO_TRY(const auto begin, co_await peer.preamble());
  EXPECT_EQ(begin, preamble(AuthProtocol::kSasl));
  KNIT_CO_TRY(auto message, co_await peer.receive());
  RpcSaslProto offer;
  offer.set_state(RpcSaslProto::NEGOTIATE);
  auto& auth = *offer.add_auths();
  auth.set_method("TOKEN");
  auth.set_mechanism("DIGEST-MD5");
  auth.set_protocol("");
  auth.set_serverid("default");
  auth.set_challenge("realm=\"default\",nonce=\"NONCE\",qop=\"auth\",charset=utf-8,algorithm=md5-sess");
  KNIT_CO_TRY_VOID(co_await peer.send(sasl(offer)));
  KNIT_CO_TRY(message, co_await peer.receive());
  EXPECT_EQ(message.header.callid(), kSaslCallId);
  EXPECT_EQ(message.header.clientid(), "");
  KNIT_CO_TRY(const auto initiate, decode<RpcSaslProto>(message.body, "initiate"));
  RpcSaslProto success;
  success.set_state(RpcSaslProto::SUCCESS);
  success.set_token(proof_for(initiate.token(), token));
  KNIT_CO_TRY_VOID(co_await peer.send(sasl(success)));
  KNIT_CO_TRY(message, co_await peer.receive());
  EXPECT_EQ(message.header.callid(), kContextCallId);
  KNIT_CO_TRY(const auto context, decode<hadoop::common::IpcConnectionContextProto>(message.body, "context"));
  EXPECT_TRUE(context.has_userinfo());
  EXPECT_FALSE(context.userinfo().has_effectiveuser());
  co_return co_await peer.receive();
}

// Counts the writes that reach the stream.
class Recorder final : public io::Stream {
 public:
  Recorder(std::unique_ptr<io::Stream> inner, std::vector<std::string>& writes)
      : inner_(std::move(inner)), writes_(writes) {}
  io::Task<Result<std::size_t>> read_some(std::span<std::byte> into) override {
    return inner_->read_some(into);
  }
  io::Task<Status> write(std::span<const std::byte> bytes) override {
    writes_.emplace_back(io::as_text(bytes));
    return inner_->write(bytes);
  }
  void close() override { inner_->close(); }
  std::string peer() const override { return inner_->peer(); }

 private:
  std::unique_ptr<io::Stream> inner_;
  std::vector<std::string>& writes_;
};

io::Task<void> echo(Peer& peer, int) {
  auto call = co_await peer.first_call();
  while (call) {
    if (call->header.callid() >= 0)
      (void)co_await peer.send(success_frame(call->header.callid(), call->body));
    call = co_await peer.receive();
  }
}

TEST(Connection, SimpleBeginsWithOneWrite) {
  std::vector<std::string> writes;
  on_loop([&writes]() -> io::Task<void> {
    FakeNetwork network;
    network.serve(1, echo);
    Client client({.name = "RM", .protocol = "P", .addresses = {{"rm", 1}}, .identity = {.user = "alice"}},
                  {},
                  {.connect = [&](io::HostPort address) -> io::Task<Result<std::unique_ptr<io::Stream>>> {
                     KNIT_CO_TRY(auto stream, co_await network.connect(address));
                     co_return std::make_unique<Recorder>(std::move(stream), writes);
                   },
                   .client_id = std::string(16, '\x11')});
    EXPECT_EQ(text(co_await client.call("m", "x")), "x");
    EXPECT_EQ(text(co_await client.call("m", "y")), "y");
    EXPECT_EQ(writes.size(), 2u);
    EXPECT_EQ(writes.at(0).substr(0, 7), preamble(AuthProtocol::kNone));
    const auto frames = frames_of(std::string_view(writes.at(0)).substr(7));
    EXPECT_EQ(frames.size(), 2u);
    const auto context =
        decode<hadoop::common::IpcConnectionContextProto>(decode_from_client(frames.at(0))->body, "c");
    EXPECT_EQ(context->userinfo().effectiveuser(), "alice");
    EXPECT_EQ(context->protocol(), "P");
  });
}

TEST(Connection, TokenAuthenticatesAndCalls) {
  on_loop([]() -> io::Task<void> {
    FakeNetwork network;
    network.serve(1, [](Peer& peer, int) -> io::Task<void> {
      const auto call = co_await first_call_by_token(peer, kToken);
      if (call) (void)co_await peer.send(success_frame(call->header.callid(), "as " + call->method));
    });
    Client client = client_of(network, {.token = kToken});
    EXPECT_EQ(text(co_await client.call("m", "x", {.repeat = Repeat::kNever})), "as m");
  });
}

TEST(Connection, AServerThatDoesNotKnowTheTokenIsRefused) {
  on_loop([]() -> io::Task<void> {
    FakeNetwork network;
    network.serve(1, [](Peer& peer, int) -> io::Task<void> {
      RpcSaslProto success;
      success.set_state(RpcSaslProto::SUCCESS);
      success.set_token("rspauth=00000000000000000000000000000000");
      (void)co_await peer.preamble();
      (void)co_await peer.receive();
      RpcSaslProto offer;
      offer.set_state(RpcSaslProto::NEGOTIATE);
      auto& auth = *offer.add_auths();
      auth.set_method("TOKEN");
      auth.set_mechanism("DIGEST-MD5");
      auth.set_serverid("default");
      auth.set_challenge("realm=\"default\",nonce=\"N\",algorithm=md5-sess");
      (void)co_await peer.send(sasl(offer));
      (void)co_await peer.receive();
      (void)co_await peer.send(sasl(success));
      // Nothing of the call may come.
      EXPECT_FALSE(co_await peer.receive());
    });
    Client client = client_of(network, {.token = kToken});
    EXPECT_THAT(text(co_await client.call("m", "x")),
                HasSubstr("unauthenticated: NodeManager at nm:1: DIGEST-MD5"));
    EXPECT_EQ(network.connections(1), 1);
  });
}

// Breaks the first connection after each number of bytes from the server in turn; the second one is good.
void break_everywhere(Identity identity, Repeat repeat, std::size_t step = 1) {
  bool whole = false;
  std::size_t size = 0;
  for (; !whole && size < 2000; size += step) {
    int served = 0;
    on_loop(
        [&]() -> io::Task<void> {
          FakeNetwork network;
          network.serve(1, [&](Peer& peer, int number) -> io::Task<void> {
            if (number == 0) peer.cut_after(size);
            const auto call =
                identity.token ? co_await first_call_by_token(peer, kToken) : co_await peer.first_call();
            if (!call) co_return;
            ++served;
            (void)co_await peer.send(success_frame(call->header.callid(), "done"));
          });
          Client client = client_of(network, identity);
          const auto answer = co_await client.call("m", "x", {.repeat = repeat});
          whole = network.connections(1) == 1 && answer;
          if (repeat == Repeat::kNever) {
            // Carried out at most once, and either answered or told.
            EXPECT_LE(served, 1) << size;
            EXPECT_TRUE(answer || answer.error().code() == ErrorCode::kUnavailable) << size;
            if (!answer) EXPECT_THAT(answer.error().message(), HasSubstr("NodeManager at nm:1: it closed"));
          } else {
            EXPECT_EQ(text(answer), "done") << size;
            EXPECT_EQ(network.connections(1), whole ? 1 : 2);
          }
        },
        1s);
  }
  EXPECT_TRUE(whole);
  EXPECT_GT(size, 10u);
}

TEST(Connection, BrokenAfterEachByteSimple) {
  break_everywhere({.user = "alice"}, Repeat::kSafe);
  break_everywhere({.user = "alice"}, Repeat::kNever);
}

TEST(Connection, BrokenAfterEachByteToken) {
  break_everywhere({.token = kToken}, Repeat::kAtMostOnce);
  break_everywhere({.token = kToken}, Repeat::kNever, 5);
}

TEST(Connection, GarbageAndOversizeEndItWithoutRetry) {
  struct Case {
    std::string bytes, expected;
  };
  const Case cases[] = {
      {"SSH-2.0-OpenSSH_9.2\r\n",
       "resource_exhausted: NodeManager at nm:1: an answer of 1397966893 bytes is over"},
      {"HTTP/1.1 400 Bad Request\r\n\r\n", "unimplemented: NodeManager at nm:1: it answers HTTP"},
      {std::string("\0\0\0\4abcd", 8), "data_loss: NodeManager at nm:1: a frame ends within its header"},
      {std::string("\0\0\0\0", 4), "data_loss: NodeManager at nm:1"},
      {success_frame(77, "x"), "data_loss: NodeManager at nm:1: it answered call 77"},
      {golden("rpc-probes/bad-version.s2c.bin"), "unimplemented: NodeManager at nm:1: it does not speak"},
  };
  for (const auto& [bytes, expected] : cases) {
    on_loop([&]() -> io::Task<void> {
      FakeNetwork network;
      network.serve(1, [&](Peer& peer, int) -> io::Task<void> {
        (void)co_await peer.first_call();
        (void)co_await peer.send(bytes);
        (void)co_await peer.receive();
      });
      Client client = client_of(network);
      EXPECT_THAT(text(co_await client.call("m", "x")), ::testing::StartsWith(expected));
      EXPECT_EQ(network.connections(1), 1);
    });
  }
}

TEST(Connection, ServersLastWordsAreHeardThoughWritingFails) {
  on_loop([]() -> io::Task<void> {
    FakeNetwork network;
    network.serve(1, [](Peer& peer, int) -> io::Task<void> {
      (void)co_await peer.send(failure_frame(-1, "org.apache.hadoop.security.AccessControlException",
                                             "SIMPLE authentication is not enabled.  Available:[TOKEN]",
                                             true));
      peer.close();
    });
    Client client = client_of(network);
    EXPECT_THAT(text(co_await client.call("m", "x")),
                HasSubstr("unauthenticated: NodeManager at nm:1: SIMPLE"));
  });
}

TEST(Connection, FatalEndsEveryOpenCall) {
  on_loop([]() -> io::Task<void> {
    FakeNetwork network;
    network.serve(1, [](Peer& peer, int) -> io::Task<void> {
      (void)co_await peer.first_call();
      (void)co_await peer.receive();
      (void)co_await peer.send(failure_frame(-1, "x.y.RpcServerException", "enough", true));
      peer.close();
    });
    Client client = client_of(network);
    std::string answers[2];
    io::TaskGroup group;
    for (auto& answer : answers) {
      group.spawn([](Client& client, std::string& out) -> io::Task<void> {
        out = text(co_await client.call("m", "x"));
      }(client, answer));
    }
    co_await group.join();
    for (const auto& answer : answers) EXPECT_EQ(answer, "internal: NodeManager at nm:1: enough");
  });
}

TEST(Connection, PingsAfterSilenceWhileACallIsOpen) {
  std::vector<io::TimePoint> pings;
  on_loop(
      [&pings]() -> io::Task<void> {
        FakeNetwork network;
        const auto start = io::now();
        network.serve(1, [&](Peer& peer, int) -> io::Task<void> {
          const auto call = co_await peer.first_call();
          for (int i = 0; i < 3; ++i) {
            const auto ping = co_await peer.receive();
            if (!ping) co_return;
            EXPECT_EQ(ping->header.callid(), kPingCallId);
            pings.push_back(io::now());
          }
          (void)co_await peer.send(success_frame(call->header.callid(), "slow"));
        });
        Client client = client_of(network);
        EXPECT_EQ(text(co_await client.call("m", "x", {.timeout = 10min})), "slow");
        EXPECT_THAT(pings, ::testing::ElementsAre(start + 60s, start + 120s, start + 180s));
      },
      10min);
}

TEST(Connection, ClosesWhenIdleAndOpensAgain) {
  io::TimePoint closed;  // scripts outlive the body
  on_loop(
      [&closed]() -> io::Task<void> {
        FakeNetwork network;
        network.serve(1, [&closed](Peer& peer, int number) -> io::Task<void> {
          co_await echo(peer, number);
          closed = io::now();
        });
        Client client = client_of(network);
        EXPECT_EQ(text(co_await client.call("m", "x")), "x");
        const auto idle_since = io::now();
        (void)co_await io::sleep_for(9s);
        EXPECT_EQ(text(co_await client.call("m", "y")), "y");
        EXPECT_EQ(network.connections(1), 1);
        (void)co_await io::sleep_for(11s);
        EXPECT_EQ(closed - idle_since, 19s);
        EXPECT_EQ(text(co_await client.call("m", "z")), "z");
        EXPECT_EQ(network.connections(1), 2);
      },
      1min);
}

TEST(Connection, ALateAnswerIsDropped) {
  on_loop(
      []() -> io::Task<void> {
        FakeNetwork network;
        network.serve(1, [](Peer& peer, int) -> io::Task<void> {
          const auto slow = co_await peer.first_call();
          // Another answer shows that the connection lives.
          auto quick = co_await peer.receive();
          (void)co_await peer.send(success_frame(quick->header.callid(), "quick"));
          (void)co_await io::sleep_for(5s);
          (void)co_await peer.send(success_frame(slow->header.callid(), "late"));
          quick = co_await peer.receive();
          (void)co_await peer.send(success_frame(quick->header.callid(), "next"));
        });
        Client client = client_of(network);
        std::string slow;
        io::TaskGroup group;
        group.spawn([](Client& client, std::string& out) -> io::Task<void> {
          out = text(co_await client.call("slow", "x", {.repeat = Repeat::kNever, .timeout = 2s}));
        }(client, slow));
        (void)co_await io::sleep_for(1s);
        EXPECT_EQ(text(co_await client.call("quick", "x")), "quick");
        (void)co_await io::sleep_for(6s);
        EXPECT_THAT(slow, HasSubstr("deadline_exceeded"));
        EXPECT_EQ(text(co_await client.call("next", "x")), "next");
        EXPECT_EQ(network.connections(1), 1);
        co_await group.join();
      },
      1min);
}

TEST(Connection, SilenceForAWholeTimeoutMeansANewConnection) {
  on_loop(
      []() -> io::Task<void> {
        FakeNetwork network;
        network.serve(1, [](Peer& peer, int number) -> io::Task<void> {
          if (number > 0) co_return co_await echo(peer, number);
          (void)co_await peer.preamble();
          while (co_await peer.receive()) continue;  // a machine that is gone
        });
        Client client = client_of(network);
        EXPECT_THAT(text(co_await client.call("m", "x", {.repeat = Repeat::kNever, .timeout = 2s})),
                    HasSubstr("no answer to m within 2"));
        EXPECT_EQ(text(co_await client.call("m", "y")), "y");
        EXPECT_EQ(network.connections(1), 2);
      },
      1min);
}

TEST(Connection, ARequestOverTheLimitIsRefusedHere) {
  on_loop([]() -> io::Task<void> {
    FakeNetwork network;
    Limits limits;
    limits.max_request = 100;
    Client client = client_of(network, {.user = "alice"}, limits);
    EXPECT_EQ(text(co_await client.call("m", std::string(101, 'x'))),
              "resource_exhausted: NodeManager: a request of 101 bytes for m is over the limit of 100 bytes");
    EXPECT_EQ(network.connections(1), 0);
  });
}

}  // namespace
}  // namespace knit::rpc
