#include "logs/follow_cursor.h"

#include <gtest/gtest.h>

#include <random>

#include "io/stream.h"

namespace knit::logs {
namespace {

// A NodeManager with one log that grows between requests.
struct Node {
  std::string log;

  // Answers as LogToolUtils does and feeds the cursor; gives what is new. `broken`: the answer breaks off
  // after so many bytes.
  std::optional<std::string> answer(FollowCursor& cursor, FollowCursor::Ask ask,
                                    std::size_t broken = SIZE_MAX, std::size_t piece = 1000) const {
    NodeLogSection section{.length = log.size()};
    section.count =
        ask.size ? std::min<std::uint64_t>(static_cast<std::uint64_t>(-*ask.size), log.size()) : log.size();
    section.offset = log.size() - section.count;
    if (cursor.begin(section) == FollowCursor::Begin::kAskAgain) return std::nullopt;
    std::string out;
    std::string_view body = std::string_view(log).substr(section.offset);
    body = body.substr(0, broken);
    for (std::size_t at = 0; at < body.size(); at += piece)
      out += io::as_text(cursor.take(io::as_bytes(body.substr(at, piece))));
    return out;
  }
};

TEST(FollowCursor, FirstAllThenOnlyWhatIsNew) {
  FollowCursor cursor;
  EXPECT_FALSE(cursor.ask(0));
  Node node{.log = std::string(100'000, 'a')};
  auto ask = cursor.ask(100'000);
  ASSERT_TRUE(ask);
  EXPECT_FALSE(ask->size);
  node.log += "b";  // meanwhile
  EXPECT_EQ(node.answer(cursor, *ask), node.log);
  EXPECT_FALSE(cursor.ask(node.log.size()));
  node.log += "cd";
  ask = cursor.ask(node.log.size());
  ASSERT_TRUE(ask && ask->size);
  EXPECT_GT(*ask->size, -10'000);
  node.log += "ef";  // meanwhile
  EXPECT_EQ(node.answer(cursor, *ask), "cdef");
  EXPECT_EQ(cursor.seen(), node.log.size());
}

TEST(FollowCursor, ALogThatOutgrowsTheSlackIsAskedAgain) {
  FollowCursor cursor;
  Node node{.log = std::string(50'000, 'a')};
  node.answer(cursor, *cursor.ask(node.log.size()));
  node.log += "b";
  auto ask = cursor.ask(node.log.size());
  node.log += std::string(20'000, 'c');
  EXPECT_FALSE(node.answer(cursor, *ask));
  const auto again = cursor.ask(node.log.size());
  ASSERT_TRUE(again);
  node.log += std::string(30'000, 'd');  // within twice of the last growth
  EXPECT_EQ(node.answer(cursor, *again), "b" + std::string(20'000, 'c') + std::string(30'000, 'd'));
}

TEST(FollowCursor, AnAnswerThatBreaksOffLosesNothing) {
  FollowCursor cursor;
  Node node{.log = "0123456789"};
  EXPECT_EQ(node.answer(cursor, *cursor.ask(10), 4), "0123");
  EXPECT_EQ(node.answer(cursor, *cursor.ask(10), 6), "45");
  EXPECT_EQ(node.answer(cursor, *cursor.ask(10)), "6789");
}

TEST(FollowCursor, ALogThatBeganAnewIsReadFromItsBeginning) {
  FollowCursor cursor;
  Node node{.log = std::string(50'000, 'a')};
  node.answer(cursor, *cursor.ask(node.log.size()));
  EXPECT_FALSE(cursor.took_anew());
  node.log = "new";  // the list says so
  auto ask = cursor.ask(3);
  ASSERT_TRUE(ask);
  EXPECT_EQ(node.answer(cursor, *ask), "new");
  EXPECT_TRUE(cursor.took_anew());
  EXPECT_FALSE(cursor.took_anew());

  node.log = std::string(60'000, 'b');
  node.answer(cursor, *cursor.ask(node.log.size()));
  node.log += "c";
  ask = cursor.ask(node.log.size());
  ASSERT_TRUE(ask->size);
  node.log =
      std::string(20'000, 'd');  // only the answer says so, and it does not reach back to the beginning
  EXPECT_FALSE(node.answer(cursor, *ask));
  EXPECT_TRUE(cursor.took_anew());
  EXPECT_EQ(node.answer(cursor, *cursor.ask(node.log.size())), node.log);
}

TEST(FollowCursor, TheUploadedLogGoesOnWhereTheNodeEnded) {
  FollowCursor cursor;
  Node node{.log = "0123456789"};
  node.answer(cursor, *cursor.ask(10), 6);
  auto rest = cursor.rest_of(10);
  EXPECT_EQ(rest.offset, 6u);
  EXPECT_EQ(rest.lost, "");
  rest = cursor.rest_of(5);
  EXPECT_EQ(rest.offset, 5u);
  EXPECT_EQ(rest.lost, "the uploaded copy has only 5 of the 6 bytes that were read while it ran");
  cursor.read_on(4);
  EXPECT_EQ(cursor.seen(), 10u);
  EXPECT_EQ(unread("stdout", "container_1", cursor, "log aggregation is off"),
            "stdout of container_1: what it wrote after its first 10 bytes could not be read: log "
            "aggregation is off");
  EXPECT_EQ(unread("stdout", "container_1", FollowCursor(), "gone"),
            "stdout of container_1: nothing of it could be read: gone");
}

TEST(FollowCursor, EveryByteOnceWhateverTheTiming) {
  std::mt19937 random(1);
  auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
  for (int round = 0; round < 60; ++round) {
    FollowCursor cursor;
    Node node;
    std::string read;
    auto grow = [&] {
      const std::size_t n = below(4) == 0 ? below(20'000) : below(500);
      for (std::size_t i = 0; i < n; ++i) node.log += static_cast<char>('a' + (node.log.size() * 7 + i) % 26);
    };
    for (int step = 0; step < 20; ++step) {
      grow();
      std::uint64_t length = node.log.size();
      for (int tries = 0; tries < 50; ++tries) {
        auto ask = cursor.ask(length);
        if (!ask) break;
        if (below(3) != 0) grow();
        length = node.log.size();
        auto answer = node.answer(cursor, *ask, below(3) == 0 ? below(20'000) : SIZE_MAX, 1 + below(5000));
        if (!answer) continue;
        read += *answer;
        break;
      }
      ASSERT_EQ(read, node.log.substr(0, read.size()));
      ASSERT_EQ(read.size(), cursor.seen());
    }
    const auto rest = cursor.rest_of(node.log.size());
    EXPECT_EQ(read + node.log.substr(rest.offset), node.log);
  }
}

}  // namespace
}  // namespace knit::logs
