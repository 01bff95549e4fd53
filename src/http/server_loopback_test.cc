// The server on real sockets, and the curl program as its client.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "http/https_client.h"
#include "http/people_for_test.h"
#include "http/server.h"
#include "http/tls_stream.h"
#include "io/loop.h"
#include "io/pool.h"
#include "io/task_group.h"

namespace knit::http {
namespace {

using namespace std::chrono_literals;

io::Task<Result<Reply>> echo(Call call) {
  const std::string* name = call.parameter("name");
  co_return Reply{.body = call.method + " " + call.path + " by the " + to_string(call.peer) +
                          (name ? " for " + *name : "") + " with " + std::to_string(call.body.size()) +
                          " bytes\n"};
}

Result<std::unique_ptr<Server>> serve(const People& people, PortRange ports = {}, Handler handler = echo) {
  return Server::listen("127.0.0.1", ports, people.master, std::move(handler));
}

// Runs `work` with a deadline on a loop of its own, so that what hangs fails.
std::string run(io::Task<Result<std::string>> (*work)(const People&)) {
  io::Loop loop;
  const People people(loop.wall_now());
  const auto bounded = [](io::Task<Result<std::string>> task) -> io::Task<Result<std::string>> {
    co_return co_await io::run_until(io::after(60s), std::move(task));
  };
  const auto out = loop.run(bounded(work(people)));
  return out ? *out : out.error().message();
}

constexpr int kClients = 200;

struct Crowd {
  io::Event all_here;
  int here = 0, answered = 0;
};

io::Task<Result<Reply>> wait_for_all(Crowd* crowd) {
  if (++crowd->here == kClients) crowd->all_here.set();
  KNIT_CO_TRY_VOID(co_await crowd->all_here.wait());
  co_return Reply{.body = "here"};
}

io::Task<void> ask_in_crowd(HttpsClient client, Crowd* crowd) {
  const auto answer = co_await client.get("/x");
  if (answer && *answer == "here") crowd->answered += 1;
}

// So many connections at once that each waits for the last.
io::Task<Result<std::string>> two_hundred(const People& people) {
  Crowd crowd;
  KNIT_CO_TRY(const auto server, serve(people, {}, [&crowd](Call) { return wait_for_all(&crowd); }));
  KNIT_CO_TRY(const auto client, HttpsClient::create({"127.0.0.1", server->port()}, people.container));
  KNIT_CO_TRY(const auto owner, HttpsClient::create({"127.0.0.1", server->port()}, people.owner));
  io::TaskGroup clients;
  for (int i = 0; i < kClients; ++i) clients.spawn(ask_in_crowd(i % 2 ? client : owner, &crowd));
  co_await clients.join();
  co_await server->stop(io::after(10s));
  co_return std::to_string(crowd.answered) + " answered, " + std::to_string(server->connections()) + " left";
}

TEST(ServerOnLoopback, TwoHundredConnectionsAtOnce) {
  EXPECT_EQ(run(two_hundred), "200 answered, 0 left");
}

constexpr std::size_t kLong = 32u << 20;  // far more than sockets hold

io::Task<Result<Reply>> answer_at_length(Call call) {
  co_return Reply{.body = call.path == "/long" ? std::string(kLong, 'x') : "short"};
}

io::Task<Result<std::string>> until(HttpsClient client, std::string wanted) {
  while (true) {
    const auto answer = co_await client.get("/short");
    const std::string got = answer ? *answer : std::string(to_string(answer.error().code()));
    if (got == wanted) co_return got;
    KNIT_CO_TRY_VOID(co_await io::sleep_for(5ms));
  }
}

io::Task<Result<std::string>> slow_reader(const People& people) {
  ServerOptions options;
  options.limits.unsent = kLong / 4 * 3;  // the owner may have twice that
  KNIT_CO_TRY(const auto server,
              Server::listen("127.0.0.1", {}, people.master, answer_at_length, std::move(options)));
  const io::HostPort address{"127.0.0.1", server->port()};
  KNIT_CO_TRY(const auto container, HttpsClient::create(address, people.container));
  KNIT_CO_TRY(const auto owner, HttpsClient::create(address, people.owner));
  const auto connect = over_tls(context_of(TlsContext::End::kClient, people.container));
  KNIT_CO_TRY(auto slow, co_await connect(address));
  KNIT_CO_TRY_VOID(co_await slow->write(io::as_bytes("GET /long HTTP/1.1\r\nHost: a\r\n\r\n")));
  KNIT_CO_TRY(std::string all, co_await until(container, "unavailable"));
  KNIT_CO_TRY(const auto owners, co_await owner.get("/short"));
  slow->close();
  KNIT_CO_TRY(const auto again, co_await until(container, "short"));
  co_await server->stop(io::after(10s));
  co_return all + ", " + owners + " for the owner, " + again;
}

TEST(ServerOnLoopback, AnswersThatNobodyTakesAreBounded) {
  EXPECT_EQ(run(slow_reader), "unavailable, short for the owner, short");
}

io::Task<Result<std::string>> half_closed(const People& people) {
  KNIT_CO_TRY(const auto server, serve(people));
  KNIT_CO_TRY(auto raw, co_await io::connect({"127.0.0.1", server->port()}));
  TlsStream stream(std::move(raw), context_of(TlsContext::End::kClient, people.owner));
  KNIT_CO_TRY_VOID(co_await stream.handshake());
  KNIT_CO_TRY_VOID(co_await stream.write(io::as_bytes("GET /half HTTP/1.1\r\nHost: a\r\n\r\n")));
  KNIT_CO_TRY_VOID(co_await stream.shut_down());
  std::string all;
  std::byte buffer[1000];
  while (true) {
    KNIT_CO_TRY(const std::size_t n, co_await stream.read_some(buffer));
    if (n == 0) break;
    all += io::as_text(std::span(buffer).first(n));
  }
  co_await server->stop(io::after(10s));
  co_return all.substr(all.find("\r\n\r\n") + 4);
}

TEST(ServerOnLoopback, WhoHasEndedItsSideIsStillAnswered) {
  EXPECT_EQ(run(half_closed), "GET /half by the owner of application_1763862000000_0042 with 0 bytes\n");
}

io::Task<Result<std::string>> neighbours(const People& people) {
  KNIT_CO_TRY(const auto first, serve(people));
  const std::uint16_t port = first->port();
  const auto last = static_cast<std::uint16_t>(port + 20);
  KNIT_CO_TRY(const auto second, serve(people, {port, last}));
  const bool in_range = second->port() > port && second->port() <= last;
  const auto full = serve(people, {port, port});
  co_await first->stop(io::after(1s));
  co_await second->stop(io::after(1s));
  co_return std::string(in_range ? "in range; " : "elsewhere; ") +
      (full ? "two on one port" : std::string(to_string(full.error().code())));
}

TEST(ServerOnLoopback, TakesAFreePortOfTheRange) {
  EXPECT_EQ(run(neighbours), "in range; unavailable");
}

// A client's files, for the owner's eyes alone.
class Files {
 public:
  explicit Files(const security::Identity& identity) {
    char name[] = "/tmp/knit-curl-XXXXXX";
    KNIT_ASSERT(mkdtemp(name) != nullptr, "no temporary folder");
    folder_ = name;
    write("key.pem", identity.key_pem.bytes());
    write("cert.pem", identity.certificate_pem);
    write("ca.pem", identity.authority_pem);
    write("large", std::string(200'000, 'x'));
  }
  ~Files() { std::filesystem::remove_all(folder_); }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;
  std::string path(const std::string& name) const { return folder_ + "/" + name; }

 private:
  void write(const std::string& name, const std::string& bytes) {
    std::ofstream(path(name), std::ios::binary) << bytes;
    chmod(path(name).c_str(), 0600);
  }
  std::string folder_;
};

// What the command writes, and its exit code where it fails.
io::Task<Result<std::string>> output_of(std::string command) {
  co_return co_await io::run_blocking<std::string>([command]() -> Result<std::string> {
    FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) return Error(ErrorCode::kInternal, "no shell");
    std::string all;
    char buffer[1000];
    while (const std::size_t n = fread(buffer, 1, sizeof buffer, pipe)) all.append(buffer, n);
    const int status = pclose(pipe);
    if (status != 0) all += "exit " + std::to_string(WEXITSTATUS(status));
    return all;
  });
}

io::Task<Result<std::string>> by_curl(const People& people) {
  KNIT_CO_TRY(const auto server, serve(people));
  const Files files(people.container);
  const std::string curl = "curl -q -sS --noproxy '*' --max-time 30 2>&1 ";
  const std::string trust = "--cacert " + files.path("ca.pem") + " ";
  const std::string identity =
      trust + "--cert " + files.path("cert.pem") + " --key " + files.path("key.pem") + " ";
  const std::string url = "https://127.0.0.1:" + std::to_string(server->port());
  std::string all;
  for (const std::string& arguments :
       {identity + "'" + url + "/v1/a%20b?name=c+d'", identity + "--tls-max 1.2 " + url + "/old",
        identity + "-H 'Expect: 100-continue' --data-binary @" + files.path("large") + " " + url + "/large " +
            url + "/second",
        identity + "-X PUT -H 'Transfer-Encoding: chunked' -d hello " + url + "/chunked"}) {
    KNIT_CO_TRY(const auto output, co_await output_of(curl + arguments));
    all += output;
  }
  for (const std::string& arguments : {trust + url, identity + "--tls-max 1.1 " + url}) {
    KNIT_CO_TRY(const auto output, co_await output_of(curl + arguments + " >/dev/null 2>&1"));
    all += output.starts_with("exit ") ? "refused\n" : output;
  }
  KNIT_CO_TRY(const auto plain,
              co_await output_of(curl + "http://127.0.0.1:" + std::to_string(server->port()) + "/plain"));
  co_await server->stop(io::after(10s));
  co_return all + plain;
}

TEST(ServerOnLoopback, CurlIsAClient) {
  const std::string who = " by the container 3 of application_1763862000000_0042";
  EXPECT_EQ(run(by_curl),
            "GET /v1/a b" + who + " for c d with 0 bytes\nGET /old" + who + " with 0 bytes\nPOST /large" +
                who + " with 200000 bytes\nPOST /second" + who + " with 200000 bytes\nPUT /chunked" + who +
                " with 5 bytes\nrefused\nrefused\n{\"code\":\"invalid_argument\",\"error\":\"this port "
                "speaks HTTPS, and wants a certificate of the application's\"}\n");
}

}  // namespace
}  // namespace knit::http
