#include "control/messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/router.h"
#include "io/loop.h"

namespace knit::control {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

const ContainerId kContainer{{{1763862000000, 42}, 2}, (17LL << 40) + 3};

ApplicationStatus application() {
  ApplicationStatus status;
  status.attempt = kContainer.attempt;
  status.name = "w\xC3\xA4";
  status.user = "alice";
  status.queue = "root.small";
  status.state = RunningState::kHeld;
  status.counts = {
      .pending = 1, .starting = 2, .running = 3, .succeeded = 4, .failed = 5, .stopped = 6, .removed = 7};
  status.started = WallTime(1763862000123ms);
  return status;
}

std::vector<InstanceReport> instances() {
  std::vector<InstanceReport> all(2);
  all[0].state = "pending";
  all[1] = {.instance = 1,
            .restarts = 2,
            .state = "failed",
            .container = kContainer,
            .node = {"node7", 45454},
            .started = WallTime(1s),
            .ended = WallTime(2s),
            .exit_status = -104,
            .exit_class = "memory",
            .reason = "was over its memory limit"};
  return all;
}

TEST(Messages, AnApplicationComesBackAsItWas) {
  const auto read = decode_application(encode(application()));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->attempt, kContainer.attempt);
  EXPECT_EQ(read->name, "w\xC3\xA4");
  EXPECT_EQ(read->user, "alice");
  EXPECT_EQ(read->queue, "root.small");
  EXPECT_EQ(read->state, RunningState::kHeld);
  EXPECT_EQ(read->started, WallTime(1763862000123ms));
  const auto& counts = read->counts;
  EXPECT_THAT((std::vector{counts.pending, counts.starting, counts.running, counts.succeeded, counts.failed,
                           counts.stopped, counts.removed}),
              ElementsAre(1, 2, 3, 4, 5, 6, 7));
}

TEST(Messages, InstancesComeBackAsTheyWere) {
  const auto read = decode_instances(encode(instances()));
  ASSERT_TRUE(read) << read.error().message();
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ(read->at(0).state, "pending");
  EXPECT_EQ(read->at(0).container.id, 0);
  EXPECT_FALSE(read->at(0).exit_status);
  const auto& one = read->at(1);
  EXPECT_EQ(one.instance, 1);
  EXPECT_EQ(one.restarts, 2);
  EXPECT_EQ(one.container, kContainer);
  EXPECT_EQ(one.node, (NodeId{"node7", 45454}));
  EXPECT_EQ(one.started, WallTime(1s));
  EXPECT_EQ(one.ended, WallTime(2s));
  EXPECT_EQ(one.exit_status, -104);
  EXPECT_EQ(one.exit_class, "memory");
  EXPECT_EQ(one.reason, "was over its memory limit");
}

TEST(Messages, ScaleSaysExactlyOneThing) {
  EXPECT_EQ(decode_scale_request(encode(ScaleRequest{.to = 0}))->to, 0);
  EXPECT_EQ(decode_scale_request(encode(ScaleRequest{.by = -3, .grace = 1s}))->by, -3);
  EXPECT_EQ(decode_scale_request(encode(ScaleRequest{.remove = {3, 1}, .grace = 1s}))->grace, 1s);
  EXPECT_THAT(decode_scale_request(R"({"remove": [3, 1]})")->remove, ElementsAre(1, 3));
  for (const char* wrong : {"{}", R"({"to": 1, "by": 1})", R"({"to": -1})", R"({"to": "1"})",
                            R"({"by": 1e9})", "[", R"({"to": 1, "grace_ms": -1})", R"({"remove": [-1]})"}) {
    const auto read = decode_scale_request(wrong);
    ASSERT_FALSE(read) << wrong;
    EXPECT_EQ(read.error().code(), ErrorCode::kInvalidArgument) << wrong;
  }
}

TEST(Messages, ErrorsComeBackAsTheyWere) {
  const Error error(ErrorCode::kFailedPrecondition, "the application has ended");
  const auto read = decode_error(status_of(error.code()), encode(error));
  EXPECT_EQ(read.code(), error.code());
  EXPECT_EQ(read.message(), error.message());
  const auto foreign = decode_error(404, "<html>\xFF");
  EXPECT_EQ(foreign.code(), ErrorCode::kNotFound);
  EXPECT_THAT(foreign.message(), HasSubstr("HTTP 404: <html>"));
  EXPECT_EQ(decode_error(418, R"({"code": "new", "error": "x"})").code(), ErrorCode::kInvalidArgument);
}

class Recorder final : public Service {
 public:
  Result<ApplicationStatus> application() const override { return control::application(); }
  Result<std::vector<InstanceReport>> instances() const override { return control::instances(); }
  io::Task<Result<FollowAnswer>> follow(FollowRequest request, io::Event* gone) override {
    EXPECT_EQ(gone, &gone_);
    calls += "follow " + request.follower;
    co_return FollowAnswer{request.attempt, request.from, "{}\n\xFF"};
  }
  io::Task<Result<ScaleResult>> scale(ScaleRequest request) override {
    if (request.to == 7) co_return Error(ErrorCode::kFailedPrecondition, "the application has ended");
    calls += "scale ";
    co_return ScaleResult{{3, 4}, {}, 5};
  }
  io::Task<Status> restart(std::int32_t instance, std::chrono::milliseconds grace) override {
    calls += "restart " + std::to_string(instance) + " in " + std::to_string(grace.count());
    co_return Status();
  }
  io::Task<Status> stop(std::chrono::milliseconds grace) override {
    calls += "stop in " + std::to_string(grace.count());
    co_return Status();
  }
  std::string calls;
  io::Event gone_;
};

class RouterTest : public testing::Test {
 protected:
  Reply ask(std::string method, std::string path, std::string body = {}, Caller caller = Caller::kOwner) {
    io::Loop loop;
    return *loop.run(
        asked(Call{std::move(method), std::move(path), std::move(body), caller, &service_.gone_}));
  }
  io::Task<Result<Reply>> asked(Call call) { co_return co_await route(service_, std::move(call)); }
  Recorder service_;
};

TEST_F(RouterTest, EachPathHasItsCall) {
  EXPECT_EQ(ask("GET", "/v1/application").body, encode(application()));
  EXPECT_EQ(ask("GET", "/v1/instances").body, encode(instances()));
  EXPECT_EQ(decode_scale_result(ask("POST", "/v1/scale", R"({"by": 2})").body)->added, (std::vector{3, 4}));
  EXPECT_EQ(ask("POST", "/v1/instances/12/restart").status, 204);
  EXPECT_EQ(ask("POST", "/v1/stop", R"({"grace_ms": 5})").status, 204);
  EXPECT_EQ(service_.calls, "scale restart 12 in 10000stop in 5");
}

TEST_F(RouterTest, AFollowerAsksForNews) {
  const FollowRequest request{.follower = "f00d", .attempt = 2, .from = 1u << 31, .read = 7, .wait = 30s};
  const auto read = decode_follow_request(encode(request));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(encode(*read), encode(request));
  EXPECT_EQ(read->wait, 30s);
  const auto answer = decode_follow_answer(ask("POST", "/v1/follow", encode(request)).body);
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->attempt, 2);
  EXPECT_EQ(answer->from, 1u << 31);
  EXPECT_EQ(answer->journal, "{}\n\xFF");
  EXPECT_EQ(ask("POST", "/v1/follow", encode(request), Caller::kContainer).status, 403)
      << "the master waits for followers";
  EXPECT_THAT(ask("POST", "/v1/follow", "{}").body, HasSubstr("follower: is missing"));
  EXPECT_THAT(ask("POST", "/v1/follow", R"({"follower": ""})").body, HasSubstr("1 to 64 bytes"));
  EXPECT_EQ(ask("POST", "/v1/follow", R"({"follower": "a", "wait_ms": 30001})").status, 400);
  EXPECT_EQ(service_.calls, "follow f00d");
}

TEST_F(RouterTest, AContainerMayReadAndNothingElse) {
  EXPECT_EQ(ask("GET", "/v1/application", {}, Caller::kContainer).status, 200);
  EXPECT_EQ(ask("GET", "/v1/instances", {}, Caller::kContainer).status, 200);
  for (const char* path : {"/v1/scale", "/v1/stop", "/v1/instances/0/restart"}) {
    const auto reply = ask("POST", path, R"({"to": 0})", Caller::kContainer);
    EXPECT_EQ(reply.status, 403) << path;
    EXPECT_THAT(reply.body, HasSubstr("permission_denied"));
  }
  EXPECT_EQ(service_.calls, "");
}

TEST_F(RouterTest, WhatIsNotThereAndWhatIsWrong) {
  for (const char* path :
       {"/", "", "/v1/applications", "/v1/instances/", "/v1/instances/x/restart", "/v1/instances//restart",
        "/v1/instances/-1/restart", "/v1/instances/99999999999/restart", "/v1/instances/restart"}) {
    EXPECT_EQ(ask("POST", path).status, 404) << path;
  }
  const auto wrong_method = ask("DELETE", "/v1/application");
  EXPECT_EQ(wrong_method.status, 405);
  EXPECT_EQ(wrong_method.allow, "GET");
  EXPECT_EQ(ask("POST", "/v1/scale", "{").status, 400);
  EXPECT_EQ(ask("POST", "/v1/stop", R"({"grace_ms": "x"})").status, 400);
  EXPECT_EQ(ask("POST", "/v1/scale", R"({"to": 7})").status, 409);
  EXPECT_EQ(service_.calls, "");
}

}  // namespace
}  // namespace knit::control
