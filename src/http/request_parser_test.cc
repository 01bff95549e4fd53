#include "http/request_parser.h"

#include <gtest/gtest.h>

#include "io/stream.h"

namespace knit::http {
namespace {

using What = RequestParser::What;

std::string text(const Call& call) {
  std::string all = call.method + " " + call.path;
  for (const auto& [name, value] : call.query) all += " " + name + "=" + value;
  return call.body.empty() ? all : all + " [" + call.body + "]";
}

// All that a connection's bytes come to.
std::string parse(std::string_view bytes, std::size_t piece = 100'000, RequestLimits limits = {}) {
  RequestParser parser(limits);
  std::string all;
  while (true) {
    switch (parser.next()) {
      case What::kNeedInput:
        if (bytes.empty()) return all + (parser.is_between() ? "." : "...");
        parser.feed(io::as_bytes(bytes.substr(0, piece)));
        bytes.remove_prefix(std::min(piece, bytes.size()));
        break;
      case What::kContinue:
        all += "continue; ";
        break;
      case What::kCall:
        all += text(parser.take()) + (parser.is_last() ? " (last); " : "; ");
        break;
      case What::kRefused:
        return all + std::to_string(parser.refusal().status) + " " + parser.refusal().body;
    }
  }
}

constexpr std::string_view kHost = " HTTP/1.1\r\nHost: node7:4711\r\n";
std::string get(std::string_view target, std::string_view headers = "") {
  return "GET " + std::string(target) + std::string(kHost) + std::string(headers) + "\r\n";
}

TEST(RequestParser, UnderstandsARequestInPiecesOfAnySize) {
  const std::string bytes =
      "POST /v1/scale?by=2&dry HTTP/1.1\r\nHost: node7\r\nContent-Length: 5\r\n\r\nhello" + get("/v1/x") +
      "PUT /kv/a HTTP/1.1\r\nHost: node7\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: x\r\n\r\n";
  for (const std::size_t piece : {1, 2, 3, 7, 50, 100'000})
    EXPECT_EQ(parse(bytes, piece), "POST /v1/scale by=2 dry= [hello]; GET /v1/x; PUT /kv/a [abcde]; .")
        << piece;
}

TEST(RequestParser, KeepsHeaders) {
  RequestParser parser({});
  const std::string bytes = get("/", "Accept: application/json\r\nX-A: 1\r\nx-a: 2\r\n");
  parser.feed(io::as_bytes(bytes));
  ASSERT_EQ(parser.next(), What::kCall);
  const Call call = parser.take();
  ASSERT_NE(call.header("accept"), nullptr);
  EXPECT_EQ(*call.header("accept"), "application/json");
  EXPECT_EQ(*call.header("X-A"), "1");
  EXPECT_EQ(call.header("X-B"), nullptr);
  EXPECT_EQ(call.parameter("a"), nullptr);
}

TEST(RequestParser, DecodesPathAndQuery) {
  EXPECT_EQ(parse(get("/a%20b/%C3%A4?n=x+y%2B%26&n=2&=&q=a=b")), "GET /a b/\xc3\xa4 n=x y+& n=2 = q=a=b; .");
  EXPECT_EQ(parse(get("/")), "GET /; .");
  EXPECT_EQ(parse(get("/?")), "GET /; .");
  for (const char* bad : {"*", "x", "http://node7/x", "//%2e%2f", "/a%2Fb", "/a%2fb", "/%", "/%0a", "/%ff",
                          "/?a=%0", "/?%zz", "/?a=%00"})
    EXPECT_EQ(parse(get(bad)),
              "400 {\"code\":\"invalid_argument\",\"error\":\"not the path of a request, with a query of "
              "NAME=VALUE\"}\n")
        << bad;
}

TEST(RequestParser, KnowsWhenTheConnectionIsDone) {
  EXPECT_EQ(parse(get("/", "Connection: close\r\n")), "GET / (last); .");
  EXPECT_EQ(parse("GET / HTTP/1.0\r\n\r\n"), "GET / (last); .");
  EXPECT_EQ(parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), "GET /; .");
  EXPECT_EQ(parse("GET / HT"), "...");
  EXPECT_EQ(parse("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell"), "...");
}

TEST(RequestParser, TellsOnceThatTheClientWaitsToSendItsBody) {
  const std::string bytes =
      "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi";
  EXPECT_EQ(parse(bytes, 1), "continue; POST / [hi]; .");
  EXPECT_EQ(parse(bytes + bytes, bytes.size() - 1), "continue; POST / [hi]; continue; POST / [hi]; .");
}

TEST(RequestParser, RefusesWhatIsNoRequest) {
  for (const std::string& bad :
       {std::string("SSH-2.0-OpenSSH_9.2\r\n\r\n"), std::string("\r\n\r\n\r\n"),
        std::string("GET  / HTTP/1.1\r\n\r\n"), "GET /" + std::string(kHost) + "no colon\r\n\r\n",
        "POST /" + std::string(kHost) + "Content-Length: x\r\n\r\n",
        "POST /" + std::string(kHost) + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "POST /" + std::string(kHost) + "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        std::string("GET / HTTP/1.1\r\n\r\n"), std::string("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")})
    EXPECT_TRUE(parse(bad).starts_with("400 {\"code\":\"invalid_argument\",\"error\":")) << bad << parse(bad);
  EXPECT_TRUE(parse("GET / HTTP/2.0\r\n\r\n").starts_with("505 ")) << parse("GET / HTTP/2.0\r\n\r\n");
}

TEST(RequestParser, NothingIsUnderstoodAfterARefusal) {
  RequestParser parser({});
  const std::string bytes = "x\r\n\r\n" + get("/");
  parser.feed(io::as_bytes(bytes));
  EXPECT_EQ(parser.next(), What::kRefused);
  parser.feed(io::as_bytes(bytes));
  EXPECT_EQ(parser.next(), What::kRefused);
}

TEST(RequestParser, LimitsHold) {
  const RequestLimits limits{.head = 1000, .body = 100};
  for (const std::size_t piece : {7, 100'000}) {
    EXPECT_EQ(parse(get("/", "X: " + std::string(900, 'x') + "\r\n"), piece, limits), "GET /; .");
    const std::string head =
        "431 {\"code\":\"resource_exhausted\",\"error\":\"the request line and headers are longer "
        "than 1000 bytes\"}\n";
    EXPECT_EQ(parse(get("/", "X: " + std::string(1000, 'x') + "\r\n"), piece, limits), head);
    EXPECT_EQ(parse(get("/" + std::string(1000, 'x')), piece, limits), head);
    EXPECT_EQ(parse("GET /" + std::string(5000, 'x'), piece, limits), head);
    EXPECT_EQ(parse(std::string(5000, 'X'), piece, limits).substr(0, 1), "4");
    const std::string post = "POST /" + std::string(kHost);
    EXPECT_EQ(parse(post + "Content-Length: 100\r\n\r\n" + std::string(100, 'b'), piece, limits),
              "POST / [" + std::string(100, 'b') + "]; .");
    const std::string body =
        "413 {\"code\":\"resource_exhausted\",\"error\":\"the body is longer than 100 bytes\"}\n";
    EXPECT_EQ(parse(post + "Content-Length: 101\r\n\r\n", piece, limits), body);
    EXPECT_EQ(parse(post + "Content-Length: 99999999999999999999\r\n\r\n", piece, limits).substr(0, 1), "4");
    const std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n";
    EXPECT_EQ(parse(chunked + "65\r\n" + std::string(101, 'b') + "\r\n0\r\n\r\n", piece, limits), body);
    EXPECT_EQ(parse(chunked + "5;" + std::string(5000, 'x'), piece, limits), head);
    EXPECT_EQ(parse(chunked + "0\r\nX: " + std::string(5000, 'x'), piece, limits), head);
  }
}

TEST(Reply, IsWrittenWhole) {
  const WallTime now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 26) + std::chrono::hours(5);
  const Reply reply{.status = 404, .body = "{}", .headers = {{"X-A", "1"}}};
  const std::string head =
      "HTTP/1.1 404 Not Found\r\nDate: Thu, 26 Nov 2026 05:00:00 GMT\r\nContent-Type: application/json\r\n"
      "Content-Length: 2\r\nCache-Control: no-store\r\n";
  EXPECT_EQ(to_text(reply, {.now = now}), head + "X-A: 1\r\n\r\n{}");
  EXPECT_EQ(to_text(reply, {.closes = true, .now = now}), head + "Connection: close\r\nX-A: 1\r\n\r\n{}");
  EXPECT_EQ(to_text(reply, {.head_only = true, .now = now}), head + "X-A: 1\r\n\r\n");
  EXPECT_EQ(
      to_text({.status = 204}, {.now = now}),
      "HTTP/1.1 204 No Content\r\nDate: Thu, 26 Nov 2026 05:00:00 GMT\r\nCache-Control: no-store\r\n\r\n");
  EXPECT_THROW(to_text({.headers = {{"X", "a\r\nY: b"}}}, {.now = now}), Bug);
}

TEST(Reply, OfAnErrorNamesItsCode) {
  const Reply reply = error_reply(Error(ErrorCode::kNotFound, "no instance \"7\""));
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(reply.body, "{\"code\":\"not_found\",\"error\":\"no instance \\\"7\\\"\"}\n");
  EXPECT_EQ(error_reply(Error(ErrorCode::kNotFound, ""), 410).status, 410);
}

}  // namespace
}  // namespace knit::http
