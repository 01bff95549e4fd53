#include "rpc/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rpc/client_for_test.h"

namespace knit::rpc {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;

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

TEST(Client, TellsWhomACallIsFor) {
  on_loop([]() -> io::Task<void> {
    FakeNetwork network;
    std::vector<std::string> contexts;
    network.serve(1, [&](Peer& peer, int) -> io::Task<void> {
      for (auto call = co_await peer.first_call(); call; call = co_await peer.receive()) {
        contexts.push_back(call->header.callercontext().context());
        (void)co_await peer.send(success_frame(call->header.callid(), "!"));
      }
    });
    auto to = service({1});
    std::string context = "knit/1";
    to.caller_context = [&] { return context; };
    Client client(std::move(to), {}, wiring(network));
    (void)co_await client.call("a", "x");
    context = "knit/1 application_1_0001";
    (void)co_await client.call("a", "x");
    EXPECT_THAT(contexts, ::testing::ElementsAre("knit/1", "knit/1 application_1_0001"));
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

TEST(Client, DestroyedWhileItConnects) {
  on_loop([]() -> io::Task<void> {
    FakeNetwork network;
    auto wired = wiring(network);
    wired.connect = [](io::HostPort) -> io::Task<Result<std::unique_ptr<io::Stream>>> {
      KNIT_CO_TRY_VOID(co_await io::sleep_for(1h));
      co_return Error(ErrorCode::kUnavailable, "late");
    };
    auto client = std::make_unique<Client>(service({1}), Limits{}, wired);
    std::string answer;
    io::TaskGroup group;
    group.spawn([](Client& client, std::string& out) -> io::Task<void> {
      out = text(co_await client.call("a", "x"));
    }(*client, answer));
    for (int i = 0; i < 5; ++i) (void)co_await io::yield();
    client.reset();
    co_await group.join();
    EXPECT_EQ(answer, "cancelled: ResourceManager: the client was closed");
  });
}

TEST(Client, ACallMadeButNotAwaitedOutlivesTheClient) {
  on_loop([]() -> io::Task<void> {
    FakeNetwork network;
    auto client = std::make_unique<Client>(service({1}), Limits{}, wiring(network));
    auto call = client->call("a", "x");
    client.reset();
    EXPECT_EQ(text(co_await std::move(call)), "cancelled: ResourceManager: the client was closed");
  });
}

TEST(Client, TheCallersDeadlineEndsACallWithoutRetry) {
  std::vector<int> calls;
  on_loop(
      [&calls]() -> io::Task<void> {
        FakeNetwork network;
        network.serve(1, [&calls](Peer& peer, int) -> io::Task<void> {
          auto call = co_await peer.first_call();
          while (call) {
            calls.push_back(call->header.callid());
            if (call->body == "quick")
              (void)co_await peer.send(success_frame(call->header.callid(), "answer"));
            call = co_await peer.receive();
          }
        });
        Client client(service({1}), {}, wiring(network));
        const auto start = io::now();
        auto late = co_await io::run_until(io::after(3s), client.call("a", "slow"));
        EXPECT_EQ(io::now() - start, 3s);
        EXPECT_THAT(text(late), HasSubstr("deadline_exceeded"));
        EXPECT_EQ(text(co_await client.call("a", "quick")), "answer");
        EXPECT_EQ(network.connections(1), 1);
      },
      1min);
  EXPECT_EQ(calls.size(), 2u);
}

TEST(Client, ACallCancelledBeforeItWasSentNeverIs) {
  std::vector<std::string> bodies;
  on_loop(
      [&bodies]() -> io::Task<void> {
        FakeNetwork network;
        network.serve(1, [&bodies](Peer& peer, int) -> io::Task<void> {
          auto call = co_await peer.first_call();
          while (call) {
            bodies.push_back(call->body);
            (void)co_await peer.send(success_frame(call->header.callid(), "answer"));
            call = co_await peer.receive();
          }
        });
        auto wired = wiring(network);
        wired.connect = [&network](io::HostPort address) -> io::Task<Result<std::unique_ptr<io::Stream>>> {
          KNIT_CO_TRY_VOID(co_await io::sleep_for(2s));
          co_return co_await network.connect(address);
        };
        Client client(service({1}), {}, wired);
        EXPECT_FALSE(co_await io::run_until(io::after(1s), client.call("a", "withdrawn")));
        EXPECT_EQ(text(co_await client.call("a", "wanted")), "answer");
        EXPECT_EQ(network.connections(1), 1);
      },
      1min);
  EXPECT_EQ(bodies, std::vector<std::string>{"wanted"});
}

TEST(Client, ANewTokenIsForNewConnections) {
  std::vector<std::string> began;
  on_loop(
      [&began]() -> io::Task<void> {
        FakeNetwork network;
        network.serve(1, [&began](Peer& peer, int number) -> io::Task<void> {
          const auto begin = co_await peer.preamble();
          began.push_back(begin ? *begin : "");
          if (number > 0) co_return peer.close();
          (void)co_await peer.receive();
          const auto open_call = co_await peer.receive();
          (void)co_await io::sleep_for(1s);
          (void)co_await peer.send(success_frame(open_call->header.callid(), "as before"));
          EXPECT_FALSE(co_await peer.receive());  // closed by the client
          began.push_back("first closed");
        });
        Client client(service({1}), {}, wiring(network));
        std::string answer;
        io::TaskGroup group;
        group.spawn([](Client& client, std::string& out) -> io::Task<void> {
          out = text(co_await client.call("a", "x"));
        }(client, answer));
        for (int i = 0; i < 20; ++i) (void)co_await io::yield();
        client.use_token({"id", "password", "kind", "service"});
        co_await group.join();
        EXPECT_EQ(answer, "as before");
        (void)co_await io::sleep_for(100ms);
        EXPECT_FALSE(co_await client.call("a", "y", {.repeat = Repeat::kNever}));
      },
      1min);
  ASSERT_GE(began.size(), 3u);
  EXPECT_EQ(began[0], preamble(AuthProtocol::kNone));
  EXPECT_EQ(began[1], "first closed");
  EXPECT_EQ(began[2], preamble(AuthProtocol::kSasl));
}

TEST(Client, OverRealSockets) {
  io::Loop loop;
  const auto main = []() -> io::Task<void> {
    auto listener = io::Listener::open("127.0.0.1");
    EXPECT_TRUE(listener);
    if (!listener) co_return;
    const auto port = (*listener)->port();
    io::TaskGroup servers;
    servers.spawn([](io::Listener& listener) -> io::Task<void> {
      auto stream = co_await listener.accept();
      if (!stream) co_return;
      Peer peer(*std::move(stream));
      co_await echo(peer, 0);
    }(**listener));
    {
      Service real{
          .name = "RM", .protocol = "P", .addresses = {{"127.0.0.1", port}}, .identity = {.user = "alice"}};
      Client client(real);
      const std::string large(3'000'000, 'x');
      const auto answer = co_await client.call("a", large);
      EXPECT_TRUE(answer && *answer == large + "!");
      EXPECT_EQ(text(co_await client.call("b", "y")), "y!");
    }
    co_await servers.stop();
  };
  loop.run(main());
}

}  // namespace
}  // namespace knit::rpc
