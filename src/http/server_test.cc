#include "http/server.h"

#include <gtest/gtest.h>

#include "http/https_client.h"
#include "http/people_for_test.h"
#include "io/loop.h"
#include "io/task_group.h"

namespace knit::http {
namespace {

using namespace std::chrono_literals;

std::string text(const Result<std::string>& answer) {
  return answer ? *answer : std::string(to_string(answer.error().code())) + ": " + answer.error().message();
}

// A server whose clients come through memory, on time that stands still.
class ServerTest : public testing::Test {
 protected:
  ServerTest() : people(loop.wall_now()) {}
  ~ServerTest() override {
    if (server) loop.run(server->stop(loop.now()));
  }

  void serve(ServerLimits limits = {}) { loop.run(make_server(limits)); }
  io::Task<void> make_server(ServerLimits limits) {
    auto pipes = std::make_unique<PipeListener>();
    listener = pipes.get();
    server = std::make_unique<Server>(
        std::move(pipes), context_of(TlsContext::End::kMaster, people.master),
        [this](Call call) { return handle(std::move(call)); },
        ServerOptions{.limits = limits, .note = [this](const std::string& note) { notes.push_back(note); }});
    co_return;
  }

  // What the paths mean.
  io::Task<Result<Reply>> handle(Call call) {
    calls += 1;
    if (call.path == "/hold") KNIT_CO_TRY_VOID(co_await release.wait());
    if (call.path == "/gone") KNIT_CO_TRY_VOID(co_await call.gone->wait());
    if (call.path == "/gone") ++left;
    if (call.path == "/forever") KNIT_CO_TRY_VOID(co_await io::Event().wait());
    if (call.path == "/missing") co_return Error(ErrorCode::kNotFound, "no instance 7");
    if (call.path == "/bug") throw Bug("broken promise");
    co_return Reply{.body = call.method + " " + call.path + " by the " + to_string(call.peer) + call.body};
  }

  Connector through_memory() {
    return [this](io::HostPort) { return connect(listener); };
  }
  static io::Task<Result<std::unique_ptr<io::Stream>>> connect(PipeListener* listener) {
    co_return listener->connect();
  }

  // A connection of which nothing is known yet.
  std::unique_ptr<io::Stream> knock() { return *loop.run(connect(listener)); }

  HttpsClient client(const security::Identity& identity) {
    auto made = HttpsClient::create({"node7", 4711}, identity, {}, through_memory());
    KNIT_ASSERT(made, made.error().message());
    return *std::move(made);
  }
  std::string ask(const security::Identity& identity, std::string target, std::string method = "GET",
                  std::string body = {}) {
    return text(loop.run(client(identity).send(std::move(method), std::move(target), std::move(body))));
  }

  // Runs beside the test; what came of it is in answers[name] once it has ended.
  void start(const std::string& name, io::Task<Result<std::string>> task) {
    loop.run(spawn(keep(name, std::move(task))));
    loop.run_ready();
  }
  io::Task<void> spawn(io::Task<void> task) {
    clients.spawn(std::move(task));
    co_return;
  }
  io::Task<void> keep(std::string name, io::Task<Result<std::string>> task) {
    auto answer = co_await std::move(task);
    answers[name] = text(answer);
  }
  static io::Task<Result<std::string>> get(HttpsClient client, std::string target) {
    co_return co_await client.get(std::move(target));
  }
  void start_get(const std::string& name, const security::Identity& identity, std::string target) {
    start(name, get(client(identity), std::move(target)));
  }

  // Ends every call to /hold.
  void let_go() { loop.run(set(&release)); }
  static io::Task<void> set(io::Event* event) {
    event->set();
    co_return;
  }

  // Bytes to the port as they are, and all that comes back until it closes.
  static io::Task<Result<std::string>> raw_exchange(std::unique_ptr<io::Stream> stream, std::string bytes) {
    KNIT_CO_TRY_VOID(co_await stream->write(io::as_bytes(bytes)));
    co_return co_await read_all(stream.get());
  }
  static io::Task<Result<std::string>> read_all(io::Stream* stream) {
    std::string all;
    std::byte buffer[1000];
    while (true) {
      KNIT_CO_TRY(const std::size_t n, co_await stream->read_some(buffer));
      if (n == 0) co_return all + "|end";
      all += io::as_text(std::span(buffer).first(n));
    }
  }
  // The same through TLS, as the owner.
  static io::Task<Result<std::string>> tls_exchange(Connector connect, std::string bytes) {
    KNIT_CO_TRY(auto stream, co_await connect({"node7", 4711}));
    co_return co_await raw_exchange(std::move(stream), std::move(bytes));
  }
  // Asks, and goes without waiting for the answer.
  static io::Task<Result<std::string>> leave_after(Connector connect, std::string bytes) {
    KNIT_CO_TRY(auto stream, co_await connect({"node7", 4711}));
    KNIT_CO_TRY_VOID(co_await stream->write(io::as_bytes(bytes)));
    KNIT_CO_TRY_VOID(co_await io::yield());
    stream->close();
    co_return std::string();
  }
  Connector owner_tls() {
    return over_tls(context_of(TlsContext::End::kClient, people.owner), through_memory());
  }
  void start_tls(const std::string& name, std::string bytes) {
    start(name, tls_exchange(owner_tls(), std::move(bytes)));
  }

  io::Loop loop{io::Loop::Time::kManual};
  People people;
  std::vector<std::string> notes;
  std::map<std::string, std::string> answers;
  int calls = 0, left = 0;
  io::Event release;
  io::TaskGroup clients;
  PipeListener* listener = nullptr;
  std::unique_ptr<Server> server;
  std::vector<std::unique_ptr<io::Stream>> silent;  // open until the server has stopped
};

TEST_F(ServerTest, TheHandlerKnowsWhoAsks) {
  serve();
  EXPECT_EQ(ask(people.owner, "/a?b=c"), "GET /a by the owner of application_1763862000000_0042");
  EXPECT_EQ(ask(people.container, "/a"), "GET /a by the container 3 of application_1763862000000_0042");
  EXPECT_EQ(ask(people.owner, "/a", "POST", "!"), "POST /a by the owner of application_1763862000000_0042!");
  EXPECT_TRUE(notes.empty());
}

TEST_F(ServerTest, AnErrorIsTheSameAtTheClient) {
  serve();
  EXPECT_EQ(ask(people.owner, "/missing"), "not_found: GET https://node7:4711/missing: no instance 7");
  EXPECT_EQ(ask(people.owner, "/bug"), "internal: GET https://node7:4711/bug: bug: broken promise");
  EXPECT_EQ(notes, std::vector<std::string>{"bug in the answer to GET /bug: broken promise"});
}

TEST_F(ServerTest, WhoIsNotBelievedNeverReachesTheHandler) {
  serve();
  const People others(loop.wall_now(), {1'763'862'000'000, 43});
  security::Identity thief = others.owner;
  thief.authority_pem = people.authority.certificate_pem();
  // A stranger does not believe the master either, and is the first to say so.
  EXPECT_TRUE(ask(others.owner, "/a")
                  .starts_with("unauthenticated: GET https://node7:4711/a: a certificate in the "
                               "name of the master of application_1763862000000_0042 was not issued "
                               "by the authority of application_1763862000000_0043"))
      << ask(others.owner, "/a");
  loop.run_ready();
  notes.clear();
  EXPECT_TRUE(ask(thief, "/a")
                  .starts_with("unauthenticated: GET https://node7:4711/a: the other end does not accept "
                               "the certificate of the owner of application_1763862000000_0043"))
      << ask(thief, "/a");
  loop.run_ready();
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_TRUE(
      notes[0].starts_with("pipe is refused: a certificate in the name of the owner of "
                           "application_1763862000000_0043 was not issued by the authority of "))
      << notes[0];
  EXPECT_EQ(calls, 0);
}

TEST_F(ServerTest, ASilentClientIsCutOff) {
  serve();
  silent.push_back(knock());
  start("silent", read_all(silent[0].get()));
  loop.advance(9s);
  EXPECT_EQ(answers.count("silent"), 0u);
  EXPECT_EQ(server->connections(), 1u);
  loop.advance(2s);
  EXPECT_EQ(answers["silent"], "|end");
  EXPECT_EQ(server->connections(), 0u);
  EXPECT_EQ(notes, std::vector<std::string>{"pipe is refused: no TLS handshake within 10 s"});
}

TEST_F(ServerTest, AClientDoesNotWaitLongForAPortThatIsSilent) {
  PipeListener nobody;  // what connects is never answered
  auto made = HttpsClient::create(
      {"node7", 4711}, people.owner, {}, [&](io::HostPort) { return connect(&nobody); }, 5s);
  ASSERT_TRUE(made);
  start("late", get(*made, "/a"));
  loop.advance(4s);
  EXPECT_TRUE(answers.empty());
  loop.advance(1s);
  EXPECT_TRUE(answers["late"].starts_with(
      "unavailable: GET https://node7:4711/a: node7:4711 does not answer within 5 s: it hangs"))
      << answers["late"];
}

TEST_F(ServerTest, PlainHttpIsToldWhatIsSpokenHere) {
  serve();
  start("plain", raw_exchange(knock(), "GET /a HTTP/1.1\r\nHost: node7\r\n\r\n"));
  loop.advance(5s);
  EXPECT_TRUE(answers["plain"].find("HTTP/1.1 400 Bad Request\r\n") != std::string::npos) << answers["plain"];
  EXPECT_TRUE(answers["plain"].find("this port speaks HTTPS") != std::string::npos);
  EXPECT_TRUE(answers["plain"].ends_with("|end"));
  EXPECT_EQ(calls, 0);
}

TEST_F(ServerTest, TooMuchIsRefusedUnread) {
  serve();
  const std::string post = "POST /a HTTP/1.1\r\nHost: a\r\n";
  start_tls("head", post + "X: " + std::string(20'000, 'x'));
  start_tls("body", post + "Content-Length: 1000000\r\n\r\n" + std::string(300'000, 'b'));
  start_tls("bad", "nonsense\r\n\r\n");
  loop.advance(5s);
  EXPECT_TRUE(answers["head"].starts_with("HTTP/1.1 431 ")) << answers["head"];
  EXPECT_TRUE(answers["body"].starts_with("HTTP/1.1 413 ")) << answers["body"];
  EXPECT_TRUE(answers["bad"].starts_with("HTTP/1.1 400 ")) << answers["bad"];
  for (const auto& [name, answer] : answers) {
    EXPECT_TRUE(answer.find("Connection: close\r\n") != std::string::npos) << name;
    EXPECT_TRUE(answer.ends_with("|end")) << name;
  }
  EXPECT_EQ(calls, 0);
}

TEST_F(ServerTest, OneConnectionCarriesManyRequests) {
  serve({.requests_per_connection = 3});
  const std::string one = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
  start_tls("kept", one + one + one + one);
  loop.advance(5s);
  EXPECT_EQ(calls, 3);
  const std::string& all = answers["kept"];
  EXPECT_TRUE(all.ends_with("|end"));
  EXPECT_EQ(all.find("Connection: close"), all.rfind("Connection: close"));
  EXPECT_GT(all.rfind("Connection: close"), all.rfind("200 OK"));
}

TEST_F(ServerTest, AHeadHasNoBodyAndContinueIsSaid) {
  serve();
  start_tls("head", "HEAD /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  start_tls("expect", "POST /a HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n");
  start_tls("body", "POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  loop.advance(1s);
  EXPECT_TRUE(answers["head"].ends_with("\r\n\r\n|end")) << answers["head"];
  EXPECT_TRUE(answers["expect"].starts_with("HTTP/1.1 200 OK\r\n")) << answers["expect"];
  loop.advance(40s);
  EXPECT_TRUE(answers["body"].starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 408 ")) << answers["body"];
}

TEST_F(ServerTest, ASlowRequestAndAnIdleConnectionEnd) {
  serve();
  start_tls("slow", "GET /a HT");
  start_tls("idle", "GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
  loop.advance(29s);
  EXPECT_TRUE(answers.empty());
  loop.advance(4s);
  EXPECT_TRUE(answers["slow"].starts_with("HTTP/1.1 408 ")) << answers["slow"];
  loop.advance(26s);
  EXPECT_EQ(answers.count("idle"), 0u);
  loop.advance(4s);
  EXPECT_TRUE(answers["idle"].starts_with("HTTP/1.1 200 OK\r\n")) << answers["idle"];
  EXPECT_TRUE(answers["idle"].ends_with("|end")) << answers["idle"];
  EXPECT_EQ(server->connections(), 0u);
}

TEST_F(ServerTest, AHandlerLearnsThatItsClientHasLeft) {
  serve();
  // The one closes its connection, the other sends a second request meanwhile and stays.
  const std::string one = "GET /gone HTTP/1.1\r\nHost: a\r\n\r\n";
  start("leaves", leave_after(owner_tls(), one));
  loop.advance(1s);
  EXPECT_EQ(left, 1);
  EXPECT_EQ(server->connections(), 0u);
  start_tls("stays",
            "GET /hold HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  loop.advance(1s);
  let_go();
  loop.advance(5s);
  EXPECT_NE(answers["stays"].find("GET /hold by"), std::string::npos) << answers["stays"];
  EXPECT_NE(answers["stays"].find("GET /b by"), std::string::npos);
  EXPECT_EQ(left, 1);
}

TEST_F(ServerTest, ALongPollIsHeldAndBounded) {
  serve();
  start_get("held", people.container, "/hold");
  start_get("forever", people.container, "/forever");
  loop.advance(60s);
  EXPECT_TRUE(answers.empty());
  let_go();
  loop.advance(1s);
  EXPECT_EQ(answers["held"], "GET /hold by the container 3 of application_1763862000000_0042");
  EXPECT_EQ(answers.count("forever"), 0u);
  loop.advance(30s);
  EXPECT_EQ(answers["forever"], "deadline_exceeded: GET https://node7:4711/forever: the deadline passed");
}

TEST_F(ServerTest, AFloodOfSilentClientsKeepsNobodyOut) {
  serve();
  for (int i = 0; i < 200; ++i) {
    silent.push_back(knock());
    loop.run_ready();
  }
  start_get("owner", people.owner, "/a");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(server->connections(), 64u);
    EXPECT_EQ(answers.count("owner"), 0u);
    loop.advance(250ms);
  }
  EXPECT_EQ(answers["owner"], "GET /a by the owner of application_1763862000000_0042");
}

TEST_F(ServerTest, ACrowdIsServedInTurn) {
  serve({.handshakes = 2});
  for (const char* name : {"1", "2", "3", "4", "5"}) start(name, get(client(people.container), "/a"));
  loop.run_ready();
  for (const char* name : {"1", "2", "3", "4", "5"})
    EXPECT_EQ(answers[name], "GET /a by the container 3 of application_1763862000000_0042");
}

TEST_F(ServerTest, ContainersCannotLockTheOwnerOut) {
  serve({.connections = 4, .for_owner = 1});
  for (const char* name : {"1", "2", "3"}) start_get(name, people.container, "/hold");
  EXPECT_EQ(ask(people.container, "/a"),
            "unavailable: GET https://node7:4711/a: too many connections: try again");
  EXPECT_EQ(ask(people.owner, "/a"), "GET /a by the owner of application_1763862000000_0042");
  let_go();
  loop.advance(5s);
  EXPECT_EQ(answers.size(), 3u);
  EXPECT_EQ(ask(people.container, "/a"), "GET /a by the container 3 of application_1763862000000_0042");
}

TEST_F(ServerTest, AnIdleConnectionMakesRoom) {
  serve({.connections = 1, .for_owner = 0});
  start_tls("idle", "GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(ask(people.owner, "/b"), "GET /b by the owner of application_1763862000000_0042");
  loop.run_ready();
  EXPECT_EQ(answers["idle"], "unavailable: the connection was closed without the end of TLS");
  EXPECT_EQ(calls, 2);
}

TEST_F(ServerTest, StopLetsCallsEndUntilItsDeadline) {
  serve();
  start_get("held", people.owner, "/hold");
  start_get("forever", people.owner, "/forever");
  start_tls("idle", "GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
  silent.push_back(knock());
  start("silent", read_all(silent[0].get()));
  start("stop", [](Server* stopped, io::Deadline deadline) -> io::Task<Result<std::string>> {
    co_await stopped->stop(deadline);
    co_return "stopped";
  }(server.get(), loop.now() + 10s));
  EXPECT_EQ(answers.count("idle") + answers.count("silent"), 2u);
  loop.advance(5s);
  EXPECT_EQ(answers.count("stop"), 0u);
  let_go();
  loop.advance(1s);
  EXPECT_EQ(answers["held"], "GET /hold by the owner of application_1763862000000_0042");
  EXPECT_EQ(answers.count("stop"), 0u);
  loop.advance(5s);
  EXPECT_EQ(answers["stop"], "stopped");
  EXPECT_TRUE(answers["forever"].starts_with("unavailable: ")) << answers["forever"];
  EXPECT_EQ(server->connections(), 0u);
}

TEST_F(ServerTest, ARenewedIdentityIsShownToNewClients) {
  serve();
  loop.advance(24h * 6);
  people.owner = people.identity({.role = security::Role::kOwner}, loop.wall_now());
  loop.advance(24h * 2);
  EXPECT_TRUE(ask(people.owner, "/a").starts_with("unauthenticated: ")) << ask(people.owner, "/a");
  ASSERT_TRUE(server->renew(people.identity({.role = security::Role::kMaster}, loop.wall_now())));
  EXPECT_EQ(ask(people.owner, "/a"), "GET /a by the owner of application_1763862000000_0042");
  EXPECT_FALSE(server->renew({}));
}

TEST_F(ServerTest, NotesEnd) {
  serve();
  for (int i = 0; i < 150; ++i) {
    start("x", raw_exchange(knock(), "nonsense nonsense"));
    loop.advance(3s);
  }
  ASSERT_EQ(notes.size(), 100u);
  EXPECT_TRUE(notes[99].ends_with(" (the last refusal that is told)")) << notes[99];
}

}  // namespace
}  // namespace knit::http
