// Unreachable, standby and starting servers, as a caller sees them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rpc/client_for_test.h"

namespace knit::rpc {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;

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

TEST(Client, OneThatHangsFromTheStartIsGivenUpLikeOneThatIsNotThere) {
  on_loop(
      []() -> io::Task<void> {
        FakeNetwork network;
        network.serve(1, silent);
        network.serve(2, silent);
        for (const auto& ports : {std::vector<std::uint16_t>{1}, {1, 2}}) {
          Client client(service(ports), {.first_answer = 10s}, wiring(network));
          const auto start = io::now();
          const auto answer = co_await client.call("a", "x");
          EXPECT_EQ(io::now() - start, 10s);
          EXPECT_THAT(text(answer), HasSubstr("unavailable: ResourceManager at rm:"));
          EXPECT_THAT(text(answer), HasSubstr("no answer to a within"));
        }
      },
      60s);
}

TEST(Client, OneThatAnsweredOnceMayTakeItsTime) {
  on_loop(
      []() -> io::Task<void> {
        FakeNetwork network;
        network.serve(1, [](Peer& peer, int) -> io::Task<void> {
          auto call = co_await peer.first_call();
          (void)co_await peer.send(success_frame(call->header.callid(), "soon"));
          call = co_await peer.receive();
          (void)co_await io::sleep_for(30s);
          (void)co_await peer.send(success_frame(call->header.callid(), "late"));
        });
        Client client(service({1}), {.first_answer = 10s}, wiring(network));
        EXPECT_EQ(text(co_await client.call("a", "x")), "soon");
        EXPECT_EQ(text(co_await client.call("b", "x")), "late");
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

TEST(Client, ALostCallIsRepeatedWithItsIds) {
  for (const Repeat repeat : {Repeat::kSafe, Repeat::kAtMostOnce}) {
    std::vector<FromClient> calls;
    on_loop(
        [repeat, &calls]() -> io::Task<void> {
          FakeNetwork network;
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

TEST(Client, UnreachableGroupNamesEveryAddressInTime) {
  on_loop(
      []() -> io::Task<void> {
        FakeNetwork network;
        Client client(service({1, 2}), {}, wiring(network));
        const auto start = io::now();
        const auto answer = co_await client.call("a", "x");
        EXPECT_LE(io::now() - start, 10s);
        EXPECT_THAT(text(answer), AllOf(HasSubstr("unavailable: ResourceManager at rm:"),
                                        HasSubstr("ResourceManager at rm:1: Connection refused"),
                                        HasSubstr("ResourceManager at rm:2: Connection refused")));
      },
      1min);
}

TEST(Client, ADeadMachineOfAPairCostsLittle) {
  on_loop(
      []() -> io::Task<void> {
        FakeNetwork network;
        network.serve(2, echo);
        auto wired = wiring(network);
        wired.connect = [&network](io::HostPort address) -> io::Task<Result<std::unique_ptr<io::Stream>>> {
          if (address.port == 1) KNIT_CO_TRY_VOID(co_await io::sleep_for(1h));
          co_return co_await network.connect(address);
        };
        Client client(service({1, 2}), {}, wired);
        const auto start = io::now();
        EXPECT_EQ(text(co_await client.call("a", "x")), "x!");
        EXPECT_EQ(io::now() - start, 2500ms);
        EXPECT_EQ(text(co_await client.call("a", "y")), "y!");
        EXPECT_EQ(io::now() - start, 2500ms);
      },
      1min);
}

TEST(Client, WaitsForAFailover) {
  on_loop(
      []() -> io::Task<void> {
        FakeNetwork network;
        const auto active_from = io::now() + 12s;
        for (const std::uint16_t port : {1, 2}) {
          network.serve(port, [=](Peer& peer, int) -> io::Task<void> {
            auto call = co_await peer.first_call();
            while (call) {
              const bool active = port == 1 && io::now() >= active_from;
              const auto id = call->header.callid();
              (void)co_await peer.send(
                  active ? success_frame(id, "active")
                         : failure_frame(id, "org.apache.hadoop.ipc.StandbyException", "standby"));
              call = co_await peer.receive();
            }
          });
        }
        Client client(service({1, 2}), {}, wiring(network));
        EXPECT_EQ(text(co_await client.call("a", "x", {.repeat = Repeat::kNever})), "active");
        EXPECT_LE(io::now() - active_from, 2s);
      },
      1min);
}

TEST(Client, AFailoverThatNeverEndsIsGivenUp) {
  on_loop(
      []() -> io::Task<void> {
        FakeNetwork network;
        network.serve(
            1, failing("org.apache.hadoop.ipc.StandbyException", "READ is not supported in state standby"));
        Client client(service({1, 2}), {}, wiring(network));
        const auto start = io::now();
        const auto answer = co_await client.call("a", "x");
        EXPECT_LE(io::now() - start, 30s);
        EXPECT_GT(io::now() - start, 25s);
        EXPECT_THAT(text(answer),
                    AllOf(HasSubstr("ResourceManager at rm:1: READ is not supported in state standby"),
                          HasSubstr("ResourceManager at rm:2: Connection refused")));
      },
      1min);
}

TEST(Client, ComesBackLaterWhenAsked) {
  std::vector<std::pair<int, int>> tries;
  on_loop(
      [&tries]() -> io::Task<void> {
        FakeNetwork network;
        network.serve(1, [&tries](Peer& peer, int) -> io::Task<void> {
          auto call = co_await peer.first_call();
          for (int i = 0; call; ++i, call = co_await peer.receive()) {
            const auto id = call->header.callid();
            tries.emplace_back(id, call->header.retrycount());
            (void)co_await peer.send(
                i < 3 ? failure_frame(id, "org.apache.hadoop.ipc.RetriableException", "starting up")
                      : success_frame(id, "up"));
          }
        });
        Client client(service({1}), {}, wiring(network));
        EXPECT_EQ(text(co_await client.call("a", "x")), "up");
        EXPECT_EQ(network.connections(1), 1);
      },
      1min);
  EXPECT_THAT(tries,
              ::testing::ElementsAre(std::pair(0, 0), std::pair(0, 1), std::pair(0, 2), std::pair(0, 3)));
}

}  // namespace
}  // namespace knit::rpc
