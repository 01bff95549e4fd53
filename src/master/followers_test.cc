#include "master/followers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/try.h"
#include "io/task_group.h"
#include "master/master_fixture_for_test.h"

namespace knit::master {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

const ApplicationAttemptId kSecond{{1700000000000, 7}, 2};

control::FollowRequest question(std::string name, std::uint64_t from, std::uint64_t read,
                                std::chrono::milliseconds wait = 20s) {
  return {.follower = std::move(name), .attempt = 2, .from = from, .read = read, .wait = wait};
}

class FollowersTest : public testing::Test {
 protected:
  using Body = std::function<io::Task<void>(Followers&, Journal&)>;
  void run(Body body) { run_manual(loop_, with_journal(std::move(body)), 10min); }
  io::Task<bool> with_journal(Body body) {
    Journal journal(files_, "/user/alice/.knit", kSecond, notes_);
    Followers followers(journal, 2);
    journal.start();
    co_await body(followers, journal);
    co_await journal.stop();
    co_return true;
  }
  static control::JournalEntry entry() { return control::StopRequested{WallTime{}, 1s}; }
  static io::Task<void> ask(Followers& followers, control::FollowRequest request, io::Event* gone,
                            std::optional<Result<control::FollowAnswer>>& out) {
    out = co_await followers.follow(std::move(request), gone);
  }
  static io::Task<void> wait(Followers& followers, std::uint64_t end, std::optional<std::size_t>& out) {
    out = co_await followers.all_read(end, io::after(10s));
  }

  io::Loop loop_{io::Loop::Time::kManual};
  FlakyFileSystem files_;
  NotesInMemory notes_;
};

TEST_F(FollowersTest, NewsCome) {
  run([](Followers& followers, Journal& journal) -> io::Task<void> {
    io::TaskGroup beside;
    std::optional<Result<control::FollowAnswer>> answer;
    beside.spawn(ask(followers, question("a", 0, 0), nullptr, answer));
    (void)co_await io::sleep_for(5s);
    EXPECT_FALSE(answer);
    const auto end = journal.append(entry());
    co_await journal.settled(end);
    co_await beside.join();
    EXPECT_EQ((*answer)->journal, control::encode(entry()) + "\n");
    EXPECT_EQ((*answer)->attempt, 2);
    const auto rest = co_await followers.follow(question("a", 10, 0), nullptr);
    EXPECT_EQ(rest->journal, (*answer)->journal.substr(10));
    EXPECT_EQ(rest->from, 10U);
    auto other = question("a", 10, 0);
    other.attempt = 1;
    EXPECT_EQ((co_await followers.follow(other, nullptr))->from, 0U) << "counts in another attempt's journal";
    const auto asked = io::now();
    EXPECT_EQ((co_await followers.follow(question("a", end, end, 3s), nullptr))->journal, "");
    EXPECT_GE(io::now() - asked, 3s);
  });
}

TEST_F(FollowersTest, TheEndWaitsForTheLastByteOfEachThatIsThere) {
  run([](Followers& followers, Journal& journal) -> io::Task<void> {
    const auto end = journal.append(entry());
    co_await journal.settled(end);
    EXPECT_EQ(co_await followers.all_read(end, io::after(10s)), 0U) << "nobody is there";
    io::TaskGroup beside;
    std::optional<Result<control::FollowAnswer>> a, b;
    std::optional<std::size_t> behind;
    beside.spawn(ask(followers, question("a", end, end), nullptr, a));
    beside.spawn(ask(followers, question("b", end, 0), nullptr, b));
    beside.spawn(wait(followers, end, behind));
    (void)co_await io::sleep_for(5s);
    EXPECT_FALSE(behind);
    // It says so beside the question of its that still waits.
    (void)co_await followers.follow(question("b", end, end, 0ms), nullptr);
    (void)co_await io::yield();
    EXPECT_EQ(behind, 0U);
    EXPECT_FALSE(b);
    followers.release();
    co_await beside.join();
    EXPECT_EQ((*b)->journal, "");
  });
}

TEST_F(FollowersTest, WhoHasLeftIsNotWaitedFor) {
  run([](Followers& followers, Journal& journal) -> io::Task<void> {
    const auto end = journal.append(entry());
    co_await journal.settled(end);
    io::TaskGroup beside;
    io::Event gone;
    std::optional<Result<control::FollowAnswer>> answer;
    std::optional<std::size_t> behind;
    beside.spawn(ask(followers, question("killed", end, 0), &gone, answer));
    beside.spawn(wait(followers, end, behind));
    gone.set();
    co_await beside.join();
    EXPECT_EQ(behind, 0U);
    EXPECT_EQ(answer->error().code(), ErrorCode::kCancelled);
    // Also when it has just been answered before.
    (void)co_await followers.follow(question("killed", 0, 0), &gone);
    EXPECT_EQ(co_await followers.all_read(end, io::after(0s)), 0U);
    // One that was killed between two questions is given a moment.
    (void)co_await followers.follow(question("between", 0, 0), nullptr);
    const auto begun = io::now();
    EXPECT_EQ(co_await followers.all_read(end, io::after(10s)), 0U);
    EXPECT_GE(io::now() - begun, 1s);
    EXPECT_LE(io::now() - begun, 3s);
  });
}

TEST_F(FollowersTest, ASlowOneIsGivenUpAtTheDeadline) {
  run([](Followers& followers, Journal& journal) -> io::Task<void> {
    const auto end = journal.append(entry());
    co_await journal.settled(end);
    io::TaskGroup beside;
    std::optional<Result<control::FollowAnswer>> answer;
    beside.spawn(ask(followers, question("slow", end, 0), nullptr, answer));
    EXPECT_EQ(co_await followers.all_read(end, io::after(10s)), 1U);
    followers.release();
    co_await beside.join();
  });
}

TEST_F(FollowersTest, MoreThanThereMayBeAreAnsweredAndNotWaitedFor) {
  run([](Followers& followers, Journal& journal) -> io::Task<void> {
    const auto end = journal.append(entry());
    co_await journal.settled(end);
    for (std::size_t i = 0; i < Followers::kMaxFollowers; ++i)
      (void)co_await followers.follow(question(std::to_string(i), 0, end), nullptr);
    EXPECT_NE((co_await followers.follow(question("one more", 0, 0), nullptr))->journal, "");
    EXPECT_EQ(co_await followers.all_read(end, io::after(10s)), 0U);
  });
}

class FollowedMasterTest : public MasterTest {
 protected:
  // Reads the journal and says that it has read everything, or nothing.
  static io::Task<void> follow(control::Service& service, bool reads, std::string& journal) {
    control::FollowRequest request{.follower = "f", .attempt = 1, .wait = 20s};
    for (int empty = 0; empty < 3;) {
      const auto answer = co_await service.follow(request, nullptr);
      if (!answer && !co_await io::sleep_for(100ms)) co_return;
      if (!answer) continue;
      journal += answer->journal;
      request.from += answer->journal.size();
      if (reads) request.read = request.from;
      if (answer->journal.empty()) ++empty;
    }
  }
};

TEST_F(FollowedMasterTest, UnregistersWhenItsFollowerHasReadAll) {
  std::string journal;
  owner_ = [&](control::Service& service) { return follow(service, true, journal); };
  const auto before = loop_.now();
  ASSERT_TRUE(run());
  EXPECT_LT(loop_.now() - before, 8s);
  EXPECT_THAT(journal, HasSubstr("application_ended"));
  EXPECT_THAT(notes_.text_, Not(HasSubstr("followers have not read")));
  expect_clean_end();
}

TEST_F(FollowedMasterTest, GivesUpAFollowerThatDoesNotRead) {
  std::string journal;
  owner_ = [&](control::Service& service) { return follow(service, false, journal); };
  const auto before = loop_.now();
  ASSERT_TRUE(run());
  EXPECT_GE(loop_.now() - before, 10s);
  EXPECT_LT(loop_.now() - before, 20s);
  EXPECT_THAT(notes_.text_, HasSubstr("1 followers have not read all output within 10 s"));
  expect_clean_end();
}

}  // namespace
}  // namespace knit::master
