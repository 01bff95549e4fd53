#include "rpc/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rpc/fake_server_for_test.h"

namespace knit::rpc {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using Answers = Result<std::string>;

Service service(std::vector<std::uint16_t> ports) {
  Service out{.name = "ResourceManager", .protocol = "org.example.Protocol", .identity = {.user = "alice"}};
  for (const auto port : ports) out.addresses.push_back({"rm", port});
  return out;
}

Wiring wiring(FakeNetwork& network) {
  return {.connect = [&network](io::HostPort address) { return network.connect(std::move(address)); },
          .client_id = std::string(16, '\x11'),
          .chance = [] { return 0.0; }};
}

// Answers every call with its request and "!".
io::Task<void> echo(Peer& peer, int) {
  auto call = co_await peer.first_call();
  while (call) {
    if (call->header.callid() >= 0)
      (void)co_await peer.send(success_frame(call->header.callid(), call->body + "!"));
    call = co_await peer.receive();
  }
}

// Takes one call and ends it with an exception, for each connection.
FakeNetwork::Script failing(std::string java_class, std::string message, bool fatal = false) {
  return [=](Peer& peer, int) -> io::Task<void> {
    auto call = co_await peer.first_call();
    while (call) {
      const auto id = fatal ? kAuthorizationFailedCallId : call->header.callid();
      (void)co_await peer.send(failure_frame(id, java_class, message, fatal));
      call = co_await peer.receive();
    }
  };
}

io::Task<void> silent(Peer& peer, int) {
  auto call = co_await peer.first_call();
  while (call) call = co_await peer.receive();
}

io::Task<void> hang_up(Peer& peer, int) {
  (void)co_await peer.first_call();
  peer.close();
}

std::string text(const Answers& answer) {
  return answer ? *answer : std::string(to_string(answer.error().code())) + ": " + answer.error().message();
}

TEST(Client, AnswersACallAndKeepsTheConnection) {
  on_loop([]() -> io::Task<void> {
    FakeNetwork network;
    network.serve(1, echo);
    Client client(service({1}), {}, wiring(network));
    EXPECT_EQ(text(co_await client.call("a", "x")), "x!");
    EXPECT_EQ(text(co_await client.call("b", "y")), "y!");
    EXPECT_EQ(network.connections(1), 1);
  });
}

TEST(Client, PassesRemoteErrorsOnAsTheyAre) {
  on_loop([]() -> io::Task<void> {
    FakeNetwork network;
    network.serve(1, failing("org.example.ApplicationNotFoundException", "no such thing\n\tat Foo.java:1"));
    Client client(service({1}), {}, wiring(network));
    const auto answer = co_await client.call("a", "x");
    EXPECT_EQ(text(answer), "not_found: no such thing");
    EXPECT_EQ(answer.error().remote_exception(), "org.example.ApplicationNotFoundException");
    EXPECT_EQ(network.connections(1), 1);
  });
}

TEST(Client, RefusalOfTheConnectionNamesTheService) {
  on_loop([]() -> io::Task<void> {
    FakeNetwork network;
    network.serve(1, failing("org.apache.hadoop.security.AccessControlException",
                             "SIMPLE authentication is not enabled.  Available:[TOKEN]", true));
    Client client(service({1}), {}, wiring(network));
    const auto answer = co_await client.call("a", "x");
    EXPECT_THAT(text(answer),
                AllOf(HasSubstr("unauthenticated: ResourceManager at rm:1: SIMPLE"),
                      HasSubstr("hadoop.security.authentication"), HasSubstr("secure cluster")));
    EXPECT_EQ(network.connections(1), 1);
  });
}

TEST(Client, ASingleAddressThatRefusesIsGivenUpSoon) {
  on_loop(
      []() -> io::Task<void> {
        FakeNetwork network;
        Client client(service({1}), {}, wiring(network));
        const auto start = io::now();
        const auto answer = co_await client.call("a", "x");
        EXPECT_EQ(text(answer), "unavailable: ResourceManager at rm:1: Connection refused");
        EXPECT_LE(io::now() - start, kRefusedPatience);
        EXPECT_GT(network.connections(1), 3);
      },
      60s);
}

TEST(Client, AnAddressThatNeverAnswersIsGivenUpAfterConnectTimeout) {
  on_loop(
      []() -> io::Task<void> {
        FakeNetwork network;
        auto wired = wiring(network);
        wired.connect = [](io::HostPort) -> io::Task<Result<std::unique_ptr<io::Stream>>> {
          KNIT_CO_TRY_VOID(co_await io::sleep_for(1h));
          co_return Error(ErrorCode::kUnavailable, "late");
        };
        Client client(service({1}), {}, wired);
        const auto start = io::now();
        const auto answer = co_await client.call("a", "x");
        EXPECT_EQ(io::now() - start, 10s);
        EXPECT_THAT(text(answer), AllOf(HasSubstr("unavailable: ResourceManager at rm:1"), HasSubstr("10")));
      },
      60s);
}

TEST(Client, StandbyLeadsToTheOtherAddress) {
  on_loop([]() -> io::Task<void> {
    FakeNetwork network;
    network.serve(1, failing("org.apache.hadoop.ipc.StandbyException", "not active"));
    network.serve(2, echo);
    Client client(service({1, 2}), {}, wiring(network));
    EXPECT_EQ(text(co_await client.call("a", "x", {.repeat = Repeat::kNever})), "x!");
    EXPECT_EQ(text(co_await client.call("a", "y")), "y!");
    EXPECT_EQ(network.connections(1), 1);  // the second call went to the good one at once
    EXPECT_EQ(network.connections(2), 1);
  });
}

TEST(Client, OutOfOrderAnswersReachTheirCalls) {
  on_loop([]() -> io::Task<void> {
    FakeNetwork network;
    network.serve(1, [](Peer& peer, int) -> io::Task<void> {
      std::vector<FromClient> calls;
      calls.push_back(*co_await peer.first_call());
      for (int i = 1; i < 3; ++i) calls.push_back(*co_await peer.receive());
      for (int i = 2; i >= 0; --i) {
        (void)co_await peer.send(success_frame(calls[i].header.callid(), "answer to " + calls[i].body));
      }
    });
    Client client(service({1}), {}, wiring(network));
    std::vector<std::string> answers(3);
    io::TaskGroup group;
    for (int i = 0; i < 3; ++i) {
      group.spawn([](Client& client, std::string& out, int i) -> io::Task<void> {
        out = text(co_await client.call("a", std::to_string(i)));
      }(client, answers[i], i));
    }
    co_await group.join();
    EXPECT_THAT(answers, ::testing::ElementsAre("answer to 0", "answer to 1", "answer to 2"));
    EXPECT_EQ(network.connections(1), 1);
  });
}

TEST(Client, ALostCallIsRepeatedWithItsIds) {
  for (const Repeat repeat : {Repeat::kSafe, Repeat::kAtMostOnce}) {
    on_loop(
        [repeat]() -> io::Task<void> {
          FakeNetwork network;
          std::vector<FromClient> calls;
          network.serve(1, [&calls](Peer& peer, int number) -> io::Task<void> {
            auto call = co_await peer.first_call();
            if (!call) co_return;
            calls.push_back(*call);
            if (number == 0) co_return peer.close();
            (void)co_await peer.send(success_frame(call->header.callid(), "done"));
          });
          Client client(service({1}), {}, wiring(network));
          EXPECT_EQ(text(co_await client.call("a", "x", {.repeat = repeat})), "done");
          EXPECT_EQ(calls.size(), 2u);
          if (calls.size() != 2) co_return;
          EXPECT_EQ(calls[0].header.callid(), calls[1].header.callid());
          EXPECT_EQ(calls[0].header.clientid(), calls[1].header.clientid());
          EXPECT_EQ(calls[0].header.retrycount(), 0);
          EXPECT_EQ(calls[1].header.retrycount(), 1);
        },
        5s);
  }
}

TEST(Client, ALostCallThatMustNotBeRepeatedFails) {
  on_loop([]() -> io::Task<void> {
    FakeNetwork network;
    network.serve(1, hang_up);
    Client client(service({1}), {}, wiring(network));
    const auto answer = co_await client.call("a", "x", {.repeat = Repeat::kNever});
    EXPECT_EQ(text(answer),
              "unavailable: ResourceManager at rm:1: it closed the connection without an answer");
    EXPECT_EQ(network.connections(1), 1);
  });
}

TEST(Client, NoAnswerInTime) {
  on_loop(
      []() -> io::Task<void> {
        FakeNetwork network;
        network.serve(1, silent);
        Client client(service({1}), {}, wiring(network));
        const auto start = io::now();
        const auto answer = co_await client.call("allocate", "x", {.repeat = Repeat::kNever, .timeout = 5s});
        EXPECT_EQ(io::now() - start, 5s);
        EXPECT_THAT(text(answer),
                    HasSubstr("deadline_exceeded: ResourceManager at rm:1: no answer to allocate within 5"));
      },
      60s);
}

TEST(Client, DestroyedEndsItsCalls) {
  on_loop([]() -> io::Task<void> {
    FakeNetwork network;
    network.serve(1, silent);
    auto client = std::make_unique<Client>(service({1}), Limits{}, wiring(network));
    std::string answer;
    io::TaskGroup group;
    group.spawn([](Client& client, std::string& out) -> io::Task<void> {
      out = text(co_await client.call("a", "x"));
    }(*client, answer));
    for (int i = 0; i < 20; ++i) (void)co_await io::yield();
    client.reset();
    co_await group.join();
    EXPECT_EQ(answer, "cancelled: ResourceManager: the client was closed");
  });
}

}  // namespace
}  // namespace knit::rpc
