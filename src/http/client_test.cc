#include "http/client.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/try.h"
#include "io/loop.h"
#include "io/task_group.h"
#include "io/wait.h"

namespace knit::http {
namespace {

using namespace std::chrono_literals;

// Answers each connection with the next text, written in pieces of a given size, and keeps what was asked.
class Script {
 public:
  explicit Script(std::deque<std::string> answers, std::size_t piece = 1000)
      : answers_(std::move(answers)), piece_(piece) {}

  Options options() {
    return {.connect = [this](io::HostPort to) { return connect(std::move(to)); }};
  }
  std::vector<std::string> asked;
  io::Duration pause{};    // between pieces
  bool stay_open = false;  // after the answer

 private:
  io::Task<Result<std::unique_ptr<io::Stream>>> connect(io::HostPort) {
    if (answers_.empty()) co_return Error(ErrorCode::kUnavailable, "connection refused");
    auto [ours, theirs] = io::make_pipe();
    servers_.spawn(serve(std::move(ours), std::move(answers_.front())));
    answers_.pop_front();
    co_return std::move(theirs);
  }
  io::Task<void> serve(std::unique_ptr<io::Stream> stream, std::string answer) {
    std::string request;
    std::byte one[1];
    while (!request.ends_with("\r\n\r\n")) {
      auto n = co_await stream->read_some(one);
      if (!n || *n == 0) co_return;
      request += static_cast<char>(one[0]);
    }
    asked.push_back(request);
    for (std::size_t at = 0; at < answer.size(); at += piece_) {
      if (pause > io::Duration::zero() && !co_await io::sleep_for(pause)) co_return;
      if (!co_await stream->write(io::as_bytes(std::string_view(answer).substr(at, piece_)))) co_return;
    }
    if (stay_open) static_cast<void>(co_await stream->read_some(one));
    stream->close();
  }
  std::deque<std::string> answers_;
  std::size_t piece_;
  io::TaskGroup servers_;
};

const Request kRequest{.server = {.host = "node1", .port = 8042}, .target = "/ws/v1/node"};

io::Task<Result<std::string>> get_text(Request request, Options options) {
  KNIT_CO_TRY(auto response, co_await send(std::move(request), std::move(options)));
  KNIT_CO_TRY(auto text, co_await response->read_text());
  co_return std::to_string(response->head().status) + " " + text;
}

std::string run(Script& script, Request request = kRequest, Limits limits = {}, int redirects = 0) {
  io::Loop loop(io::Loop::Time::kManual);
  auto options = script.options();
  options.limits = limits;
  options.redirects = redirects;
  auto text = loop.run(get_text(std::move(request), std::move(options)));
  loop.run_ready();
  return text ? *text : std::string(to_string(text.error().code())) + ": " + text.error().message();
}
std::string run(const std::string& answer, Limits limits = {}) {
  Script script({answer});
  return run(script, kRequest, limits);
}

TEST(HttpClient, SendsOneWholeRequest) {
  Script script({"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"});
  Request request = kRequest;
  request.headers = {{.name = "Accept", .value = "application/json"}};
  EXPECT_EQ(run(script, request), "200 hi");
  ASSERT_EQ(script.asked.size(), 1u);
  EXPECT_EQ(
      script.asked[0],
      "GET /ws/v1/node HTTP/1.1\r\nHost: node1:8042\r\nUser-Agent: knit\r\nAccept-Encoding: identity\r\n"
      "Connection: close\r\nAccept: application/json\r\n\r\n");
}

TEST(HttpClient, BodiesOfEveryFraming) {
  EXPECT_EQ(run("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), "200 hello");
  EXPECT_EQ(run("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), "200 ");
  EXPECT_EQ(run("HTTP/1.1 204 No Content\r\n\r\n"), "204 ");
  EXPECT_EQ(run("HTTP/1.1 200 OK\r\n\r\nuntil the end"), "200 until the end");
  EXPECT_EQ(run("HTTP/1.0 200 OK\r\n\r\n"), "200 ");
  EXPECT_EQ(run("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;x=y\r\n!\r\n0\r\n\r\n"),
            "200 hello!");
  EXPECT_EQ(run("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"), "200 x");
}

TEST(HttpClient, AnAnswerMayComeInPiecesOfAnySize) {
  const std::string body(40'000, 'b');
  const std::string head = "HTTP/1.1 200 OK\r\nServer: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string answer = head + "9c40\r\n" + body + "\r\n3\r\nend\r\n0\r\nTrailer: t\r\n\r\n";
  for (std::size_t piece : {1, 2, 3, 61, 4096, 100'000}) {
    Script script({answer}, piece);
    EXPECT_EQ(run(script), "200 " + body + "end") << piece;
  }
}

TEST(HttpClient, ErrorStatusesAreAnswers) {
  EXPECT_EQ(run("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone"), "404 gone");
  EXPECT_EQ(run("HTTP/1.1 503 Service Unavailable\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), "503 ");
}

TEST(HttpClient, WhatBreaksOffIsUnavailable) {
  const std::string start = "unavailable: GET http://node1:8042/ws/v1/node: the connection was closed ";
  EXPECT_EQ(run(""), start + "without an answer");
  EXPECT_EQ(run("HTTP/1.1 200 O"), start + "in the middle of the answer");
  EXPECT_EQ(run("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"), start + "in the middle of the answer");
  EXPECT_EQ(run("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
            start + "in the middle of the answer");
  EXPECT_EQ(run("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5"),
            start + "in the middle of the answer");
  Script nobody({});
  EXPECT_EQ(run(nobody), "unavailable: GET http://node1:8042/ws/v1/node: connection refused");
}

TEST(HttpClient, WhatIsNoHttpIsDataLoss) {
  for (const char* bad :
       {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/1.1 abc OK\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"})
    EXPECT_TRUE(run(std::string(bad))
                    .starts_with("data_loss: GET http://node1:8042/ws/v1/node: the answer is no valid "
                                 "HTTP: "))
        << run(std::string(bad));
}

TEST(HttpClient, LimitsHold) {
  const std::string long_head = "HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x');
  EXPECT_TRUE(run(long_head + "\r\n\r\n").starts_with("resource_exhausted: ")) << run(long_head + "\r\n\r\n");
  EXPECT_TRUE(run(long_head).starts_with("resource_exhausted: "));
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 10'000; ++i) many += "X: y\r\n";
  EXPECT_TRUE(run(many + std::string(100'000, 'X')).starts_with("resource_exhausted: "));
  EXPECT_TRUE(run("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello!", {.body = 5})
                  .starts_with("resource_exhausted: "));
  EXPECT_TRUE(run("HTTP/1.1 200 OK\r\n\r\nhello!", {.body = 5}).starts_with("resource_exhausted: "));
  EXPECT_TRUE(
      run("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello!\r\n0\r\n\r\n", {.body = 5})
          .starts_with("resource_exhausted: "));
  EXPECT_TRUE(run("HTTP/1.1 200 OK\r\n\r\nhello!", {.max_text = 5}).starts_with("resource_exhausted: "));
  for (const std::string line : {"5;", "0\r\nX: "}) {
    EXPECT_TRUE(run("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + line + std::string(70'000, 'x'))
                    .starts_with("resource_exhausted: "))
        << line;
  }
  std::string interim;
  for (int i = 0; i < 100; ++i) interim += "HTTP/1.1 102 Processing\r\n\r\n";
  EXPECT_TRUE(run(interim).starts_with("data_loss: "));
}

TEST(HttpClient, RedirectsStayOnTheirHost) {
  const std::string here =
      "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://node1:8042/b?x=1#y\r\nContent-Length: 0\r\n\r\n";
  const std::string path = "HTTP/1.1 302 Found\r\nLocation: /c\r\nContent-Length: 0\r\n\r\n";
  const std::string done = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone";
  Script follows({here, path, done});
  EXPECT_EQ(run(follows, kRequest, {}, 2), "200 done");
  ASSERT_EQ(follows.asked.size(), 3u);
  EXPECT_TRUE(follows.asked[1].starts_with("GET /b?x=1 HTTP/1.1\r\n"));
  EXPECT_TRUE(follows.asked[2].starts_with("GET /c HTTP/1.1\r\n"));

  Script enough({here, path, done});
  EXPECT_EQ(run(enough, kRequest, {}, 1), "302 ");
  Script never({here, done});
  EXPECT_EQ(run(never), "307 ");
  for (const char* elsewhere : {"http://node2:8042/b", "http://node1:19888/b", "https://node1:8042/b",
                                "//node2/b", "http://node1:8042", "b"}) {
    Script script(
        {std::string("HTTP/1.1 307 T\r\nLocation: ") + elsewhere + "\r\nContent-Length: 0\r\n\r\n", done});
    EXPECT_EQ(run(script, kRequest, {}, 5), "307 ") << elsewhere;
  }
}

TEST(HttpClient, NothingSlipsIntoTheRequest) {
  for (const char* target : {"", "x", "/a b", "/a\r\nX: y", "/a\x7f"}) {
    Script script({"HTTP/1.1 200 OK\r\n\r\n"});
    Request request = kRequest;
    request.target = target;
    EXPECT_TRUE(run(script, request).starts_with("invalid_argument: ")) << target;
  }
  Script script({"HTTP/1.1 200 OK\r\n\r\n"});
  Request request = kRequest;
  request.headers = {{.name = "X", .value = "a\r\nY: b"}};
  EXPECT_TRUE(run(script, request).starts_with("invalid_argument: "));
  EXPECT_TRUE(script.asked.empty());
}

TEST(HttpClient, ASlowServerMeetsTheDeadlineAndNoOther) {
  io::Loop loop(io::Loop::Time::kManual);
  Script script({"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"}, 10);
  script.pause = 1s;
  script.stay_open = true;
  std::optional<Result<std::string>> text;
  io::TaskGroup group;
  auto ask = [](Options options, io::Deadline deadline,
                std::optional<Result<std::string>>* out) -> io::Task<void> {
    out->emplace(co_await io::run_until(deadline, get_text(kRequest, std::move(options))));
  };
  loop.run([](io::TaskGroup* tasks, io::Task<void> task) -> io::Task<void> {
    tasks->spawn(std::move(task));
    co_return;
  }(&group, ask(script.options(), loop.now() + 3s, &text)));
  loop.advance(2s);
  EXPECT_FALSE(text);
  loop.advance(2s);
  ASSERT_TRUE(text);
  EXPECT_EQ(text->error().code(), ErrorCode::kDeadlineExceeded);

  Script patient({"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"}, 10);
  patient.pause = 1s;
  patient.stay_open = true;  // the answer is whole without the connection's end
  text.reset();
  loop.run([](io::TaskGroup* tasks, io::Task<void> task) -> io::Task<void> {
    tasks->spawn(std::move(task));
    co_return;
  }(&group, ask(patient.options(), loop.now() + 60s, &text)));
  loop.advance(10s);
  ASSERT_TRUE(text);
  EXPECT_EQ(text->value_or("?"), "200 hello");
}

io::Task<void> serve_one(io::Listener* listener) {
  auto stream = co_await listener->accept();
  if (!stream) co_return;
  std::byte buffer[1000];
  static_cast<void>(co_await (*stream)->read_some(buffer));
  static_cast<void>(
      co_await (*stream)->write(io::as_bytes("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")));
}

io::Task<Result<std::string>> ask_over_loopback() {
  KNIT_CO_TRY(auto listener, io::Listener::open("127.0.0.1"));
  io::TaskGroup group;
  group.spawn(serve_one(listener.get()));
  Request request{.server = {.host = "127.0.0.1", .port = listener->port()}};
  auto text = co_await io::run_until(io::after(10s), get_text(std::move(request), {}));
  co_await group.stop();
  co_return text;
}

TEST(HttpClient, OverRealSockets) {
  io::Loop loop;
  auto text = loop.run(ask_over_loopback());
  ASSERT_TRUE(text) << text.error().message();
  EXPECT_EQ(*text, "200 hi");
}

}  // namespace
}  // namespace knit::http
