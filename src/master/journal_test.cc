#include "master/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/try.h"
#include "master/flaky_files_for_test.h"
#include "master/manual_time_for_test.h"

namespace knit::master {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;

const ApplicationAttemptId kFirst{{1700000000000, 7}, 1};
const ApplicationAttemptId kSecond{{1700000000000, 7}, 2};
constexpr const char* kStaging = "/user/alice/.knit";

class NotesInMemory final : public Notes {
 public:
  void say(std::string_view text) override { text_ += std::string(text) + "\n"; }
  std::string text_;
};

control::JournalEntry started(const ApplicationAttemptId& attempt) {
  control::MasterStarted entry;
  entry.attempt = attempt;
  entry.container = {attempt, 1};
  entry.node = {"n1", 45454};
  entry.command = {"date"};
  return entry;
}
control::JournalEntry starting(const ApplicationAttemptId& attempt, int instance) {
  return control::InstanceStarting{instance, 0, {attempt, instance + 2}, {"n1", 45454}, "n1:8042", {}};
}

class JournalTest : public testing::Test {
 protected:
  std::string file(std::string path) {
    auto read = run_manual(loop_, fs::read_file(files_.memory, std::move(path), 1 << 20), 1s);
    return read ? *read : std::string("(none)");
  }
  std::string journal_file(int attempt) {
    return file(control::journal_path(kStaging, kFirst.application, attempt));
  }
  std::string record() { return file(control::record_path(kStaging, kFirst.application)); }
  void put(const std::string& path, std::string bytes) {
    auto written = run_manual(loop_, fs::write_file(files_.memory, path, std::move(bytes)), 1s);
    ASSERT_TRUE(written) << written.error().message();
  }

  io::Loop loop_{io::Loop::Time::kManual};
  FlakyFileSystem files_;
  NotesInMemory notes_;
};

io::Task<Status> write_some(Journal& journal, ApplicationAttemptId attempt, int count) {
  KNIT_CO_TRY(const auto earlier, co_await journal.recover());
  (void)earlier;
  journal.start();
  journal.append(started(attempt));
  for (int i = 0; i < count; ++i) {
    const auto ticket = journal.append(starting(attempt, i));
    co_await journal.settled(ticket);
  }
  co_return Status();
}

io::Task<Status> write_all(Journal& journal, ApplicationAttemptId attempt, int count) {
  KNIT_CO_TRY_VOID(co_await write_some(journal, attempt, count));
  journal.append(control::ApplicationEnded{{}, FinalStatus::kSucceeded, "done"});
  co_return co_await journal.finish();
}

std::string expected(const ApplicationAttemptId& attempt, int count) {
  std::string text = control::encode(started(attempt)) + "\n";
  for (int i = 0; i < count; ++i) text += control::encode(starting(attempt, i)) + "\n";
  return text;
}
const std::string kEnd =
    control::encode(control::ApplicationEnded{{}, FinalStatus::kSucceeded, "done"}) + "\n";

TEST_F(JournalTest, IsReadableAtOnceAndBecomesTheRecord) {
  Journal journal(files_, kStaging, kFirst, notes_);
  ASSERT_TRUE(run_manual(loop_, write_some(journal, kFirst, 3), 1s));
  EXPECT_EQ(journal_file(1), expected(kFirst, 3));
  auto finish = [&]() -> io::Task<Status> {
    journal.append(control::ApplicationEnded{{}, FinalStatus::kSucceeded, "done"});
    co_return co_await journal.finish();
  };
  ASSERT_TRUE(run_manual(loop_, finish(), 1s));
  EXPECT_EQ(record(), expected(kFirst, 3) + kEnd);
  EXPECT_EQ(journal_file(1), "(none)");
  EXPECT_THAT(notes_.text_, IsEmpty());
}

// A failure, or a lost answer, at every step in turn, and for a while from every step on.
TEST_F(JournalTest, TroubleAtAnyStepLosesAndRepeatsNothing) {
  for (const int lasting : {1, 2, 5}) {
    for (int step = 1; step < 25; ++step) {
      FlakyFileSystem files;
      files.trouble.fails = [=](int n) { return n >= step && n < step + lasting; };
      Journal journal(files, kStaging, kFirst, notes_);
      auto done = run_manual(loop_, write_all(journal, kFirst, 3), 5min);
      ASSERT_TRUE(done) << "step " << step << " lasting " << lasting << ": " << done.error().message() << "\n"
                        << notes_.text_;
      auto read = run_manual(
          loop_, fs::read_file(files.memory, control::record_path(kStaging, kFirst.application), 1 << 20),
          1s);
      ASSERT_TRUE(read) << step;
      EXPECT_EQ(*read, expected(kFirst, 3) + kEnd) << step;
    }
  }
}

TEST_F(JournalTest, TroubleThatStaysHoldsNobodyUp) {
  files_.trouble.fails = [](int) { return true; };
  Journal journal(files_, kStaging, kFirst, notes_);
  const auto before = loop_.now();
  ASSERT_TRUE(run_manual(loop_, write_some(journal, kFirst, 20), 1min));
  EXPECT_LE(loop_.now() - before, 6s);
  EXPECT_THAT(notes_.text_, HasSubstr("the journal cannot be written now, the application goes on"));
  auto finished = run_manual(loop_, journal.finish(), 1min);
  EXPECT_FALSE(finished);
}

TEST_F(JournalTest, StoppedItStaysForTheNextAttempt) {
  {
    Journal journal(files_, kStaging, kFirst, notes_);
    auto run = [&]() -> io::Task<Status> {
      KNIT_CO_TRY_VOID(co_await write_some(journal, kFirst, 2));
      co_await journal.stop();
      co_return Status();
    };
    ASSERT_TRUE(run_manual(loop_, run(), 1s));
  }
  EXPECT_EQ(journal_file(1), expected(kFirst, 2));
  Journal second(files_, kStaging, kSecond, notes_);
  auto recovered = run_manual(loop_, second.recover(), 1s);
  ASSERT_TRUE(recovered);
  EXPECT_EQ(recovered->size(), 3U);
  auto rest = [&]() -> io::Task<Status> {
    second.start();
    co_await second.settled(second.append(started(kSecond)));
    co_return co_await second.finish();
  };
  ASSERT_TRUE(run_manual(loop_, rest(), 1s));
  EXPECT_EQ(record(), expected(kFirst, 2) + expected(kSecond, 0));
}

TEST_F(JournalTest, ATornLineOfAPredecessorIsLeftOut) {
  put(control::journal_path(kStaging, kFirst.application), expected(kFirst, 2) + "{\"kind\":\"inst");
  Journal second(files_, kStaging, kSecond, notes_);
  EXPECT_EQ(run_manual(loop_, second.recover(), 1s)->size(), 3U);
  auto rest = [&]() -> io::Task<Status> {
    second.start();
    co_await second.settled(second.append(started(kSecond)));
    co_await second.stop();
    co_return Status();
  };
  ASSERT_TRUE(run_manual(loop_, rest(), 1s));
  EXPECT_EQ(journal_file(2), expected(kFirst, 2) + expected(kSecond, 0));
}

TEST_F(JournalTest, AJournalThatDoesNotHoldItsOwnBeginningIsPassedOver) {
  const ApplicationAttemptId third{kFirst.application, 3};
  put(control::journal_path(kStaging, kFirst.application), expected(kFirst, 2));
  put(control::journal_path(kStaging, kFirst.application, 2), control::encode(started(kFirst)) + "\n");
  Journal journal(files_, kStaging, third, notes_);
  EXPECT_EQ(run_manual(loop_, journal.recover(), 1s)->size(), 3U);
}

TEST_F(JournalTest, ARecordSaysThatOnlyTheFarewellIsMissing) {
  put(control::record_path(kStaging, kFirst.application), expected(kFirst, 2) + kEnd);
  Journal journal(files_, kStaging, kSecond, notes_);
  auto entries = run_manual(loop_, journal.recover(), 1s);
  ASSERT_TRUE(entries);
  EXPECT_TRUE(std::holds_alternative<control::ApplicationEnded>(entries->back()));
}

TEST_F(JournalTest, RecoveryWaitsForTheFileSystemWithinBounds) {
  put(control::journal_path(kStaging, kFirst.application), expected(kFirst, 2));
  files_.trouble.fails = [](int n) { return n < 5; };
  Journal journal(files_, kStaging, kSecond, notes_);
  EXPECT_EQ(run_manual(loop_, journal.recover(), 1min)->size(), 3U);
  files_.trouble.fails = [](int) { return true; };
  Journal hopeless(files_, kStaging, kSecond, notes_);
  auto failed = run_manual(loop_, hopeless.recover(), 5min);
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message(), HasSubstr("what earlier attempts of the master have done"));
}

TEST_F(JournalTest, LongJournalsAreNotKeptInMemoryAndStillContinued) {
  Journal::Limits limits;
  limits.kept = 100;
  Journal journal(files_, kStaging, kFirst, notes_, limits);
  ASSERT_TRUE(run_manual(loop_, write_some(journal, kFirst, 10), 1s));
  const int before = files_.trouble.operations;
  files_.trouble.fails = [=](int n) { return n > before && n < before + 4; };
  auto rest = [&]() -> io::Task<Status> {
    journal.append(control::ApplicationEnded{{}, FinalStatus::kSucceeded, "done"});
    co_return co_await journal.finish();
  };
  ASSERT_TRUE(run_manual(loop_, rest(), 1min)) << notes_.text_;
  EXPECT_EQ(record(), expected(kFirst, 10) + kEnd);
}

// As a file whose last block has lost its only node.
TEST_F(JournalTest, AFileThatCannotBeAppendedToIsReplaced) {
  Journal journal(files_, kStaging, kFirst, notes_);
  ASSERT_TRUE(run_manual(loop_, write_some(journal, kFirst, 2), 1s));
  files_.fails_to_append = control::journal_path(kStaging, kFirst.application);
  files_.trouble.fails = [first = files_.trouble.operations + 1](int n) { return n == first; };
  auto more = [&]() -> io::Task<Status> {
    journal.append(starting(kFirst, 2));
    (void)co_await io::sleep_for(20s);
    co_return Status();
  };
  ASSERT_TRUE(run_manual(loop_, more(), 1min));
  EXPECT_EQ(journal_file(1), expected(kFirst, 3)) << notes_.text_;
  auto rest = [&]() -> io::Task<Status> {
    journal.append(control::ApplicationEnded{{}, FinalStatus::kSucceeded, "done"});
    co_return co_await journal.finish();
  };
  ASSERT_TRUE(run_manual(loop_, rest(), 1min)) << notes_.text_;
  EXPECT_EQ(record(), expected(kFirst, 3) + kEnd);
}

TEST_F(JournalTest, AJournalThatSomebodyRemovedIsWrittenAnewOrGivenUp) {
  Journal journal(files_, kStaging, kFirst, notes_);
  ASSERT_TRUE(run_manual(loop_, write_some(journal, kFirst, 2), 1s));
  ASSERT_TRUE(run_manual(loop_, files_.memory.remove("/user/alice/.knit/apps", true), 1s));
  auto rest = [&]() -> io::Task<Status> {
    journal.append(control::ApplicationEnded{{}, FinalStatus::kSucceeded, "done"});
    co_return co_await journal.finish();
  };
  ASSERT_TRUE(run_manual(loop_, rest(), 1min)) << notes_.text_;
  EXPECT_EQ(record(), expected(kFirst, 2) + kEnd);
}

}  // namespace
}  // namespace knit::master
