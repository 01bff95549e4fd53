// What a followed application looks like, as transcripts.
#include "cli/observers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <memory>
#include <vector>

#include "cli/log_printer.h"

namespace knit::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto kOut = OutputStream::kStdout, kErr = OutputStream::kStderr;
constexpr auto kLine = LineEnd::kNewline, kPart = LineEnd::kPart, kNone = LineEnd::kNone;

// A file of memory.
class Buffer {
 public:
  Buffer() : file_(open_memstream(&bytes_, &size_)) {}
  ~Buffer() {
    std::fclose(file_);
    std::free(bytes_);
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  std::FILE* file() { return file_; }
  std::string text() {
    std::fflush(file_);
    return {bytes_, size_};
  }

 private:
  char* bytes_ = nullptr;
  std::size_t size_ = 0;
  std::FILE* file_;
};

struct Screen {
  explicit Screen(TextObserver::Look look, bool out_is_terminal = false, bool err_is_terminal = false)
      : terminal({out.file(), err.file(), out_is_terminal, err_is_terminal}), text(terminal, look) {}
  Buffer out, err;
  Terminal terminal;
  TextObserver text;
};

TEST(TextObserver, APrefixForEachLineButNotForOneInstanceIntoAPipe) {
  const auto shown = [](bool prefix, std::int32_t instances, bool terminal) {
    Screen screen({prefix, false, instances}, terminal);
    screen.text.on_line(3, kOut, "a\xff", kLine);
    screen.text.on_line(3, kErr, "e", kLine);
    return screen.out.text() + screen.err.text();
  };
  EXPECT_EQ(shown(true, 4, false), "3 | a\xff\n3 | e\n");
  EXPECT_EQ(shown(true, 1, true), "3 | a\xff\n3 | e\n");
  EXPECT_EQ(shown(true, 1, false), "a\xff\ne\n");
  EXPECT_EQ(shown(false, 4, true), "a\xff\ne\n");
  EXPECT_EQ(shown(true, 0, false), "3 | a\xff\n3 | e\n");  // attached, and nothing is known yet
}

TEST(TextObserver, AttachingLearnsHowManyThereAre) {
  Screen screen({true, false, 0});
  Progress progress;
  progress.instances = 1;
  screen.text.on_progress(progress);
  screen.text.on_line(0, kOut, std::string_view("nul\0byte", 8), kLine);
  EXPECT_EQ(screen.out.text(), std::string("nul\0byte\n", 9));
  EXPECT_EQ(screen.err.text(), "");
}

TEST(TextObserver, OutputWithoutALastNewlineStaysSoWhereItIsAlone) {
  Screen alone({true, false, 1});
  alone.text.on_line(0, kOut, "one", kLine);
  alone.text.on_line(0, kOut, "tail", kNone);
  EXPECT_EQ(alone.out.text(), "one\ntail");
  alone.text.on_line(0, kOut, "of a restart", kLine);
  EXPECT_EQ(alone.out.text(), "one\ntail\nof a restart\n");

  Screen several({true, false, 2});
  several.text.on_line(0, kOut, "tail", kNone);
  several.text.on_line(1, kErr, "tail", kNone);
  EXPECT_EQ(several.out.text() + several.err.text(), "0 | tail\n1 | tail\n");
}

TEST(TextObserver, PartsOfALongLineAreOneLineAgain) {
  Screen screen({true, false, 2});
  screen.text.on_line(0, kOut, "aaa", kPart);
  screen.text.on_line(0, kOut, "bbb", kPart);
  screen.text.on_line(0, kErr, "beside", kLine);
  screen.text.on_line(0, kOut, "ccc", kLine);
  screen.text.on_line(0, kOut, "xxx", kPart);
  screen.text.on_line(1, kOut, "between", kLine);
  screen.text.on_line(0, kOut, "yyy", kLine);
  EXPECT_EQ(screen.out.text(), "0 | aaabbbccc\n0 | xxx\n1 | between\n0 | yyy\n");
  EXPECT_EQ(screen.err.text(), "0 | beside\n");
}

TEST(TextObserver, ProgressStaysBelowTheLinesOfATerminal) {
  Screen screen({true, false, 2}, true, true);
  Progress progress;
  progress.state = ApplicationState::kRunning;
  progress.instances = 2;
  progress.running = 1;
  progress.pending = 1;
  progress.elapsed = 12300ms;
  screen.text.on_progress(progress);
  const std::string drawn = "\r\x1b[KRUNNING  1 pending, 1 running, 0 done  12 s";
  EXPECT_EQ(screen.err.text(), drawn);
  screen.text.on_progress(progress);  // nothing new
  EXPECT_EQ(screen.err.text(), drawn);
  screen.text.on_notice("a notice");
  EXPECT_EQ(screen.err.text(), drawn + "\r\x1b[Kknit: a notice\n" + drawn);
  screen.text.on_line(0, kOut, "line", kLine);
  EXPECT_THAT(screen.err.text(), ::testing::EndsWith(drawn + "\r\x1b[K"));
  screen.text.on_line(0, kOut, "no newline", kNone);  // the prompt comes on a line of its own
  EXPECT_EQ(screen.out.text(), "0 | line\n0 | no newline\n");
}

TEST(TextObserver, WithoutATerminalTheReasonForALongWaitIsTold) {
  Screen screen({true, false, 2});
  Progress progress;
  const auto after = [&](std::chrono::milliseconds elapsed, ApplicationState state, const char* reason) {
    progress.elapsed = elapsed;
    progress.state = state;
    progress.waiting_for = reason;
    screen.text.on_progress(progress);
  };
  after(3s, ApplicationState::kAccepted, "1 GiB free");
  EXPECT_EQ(screen.err.text(), "") << "most begin by then";
  after(4s, ApplicationState::kAccepted, "1 GiB free");
  after(5s, ApplicationState::kAccepted, "2 GiB free");
  after(6s, ApplicationState::kRunning, "3 GiB free");
  after(67s, ApplicationState::kRunning, "3 GiB free");
  after(68s, ApplicationState::kRunning, "4 GiB free");
  after(70s, ApplicationState::kRunning, "");
  EXPECT_EQ(screen.err.text(),
            "knit: waiting (ACCEPTED): 1 GiB free\nknit: waiting (RUNNING): 3 GiB free\n"
            "knit: waiting (RUNNING): 4 GiB free\n");
}

TEST(TextObserver, WhatItWaitsForAndWhatFailed) {
  Progress progress;
  progress.state = ApplicationState::kAccepted;
  progress.waiting_for = "queue 'q' is full";
  EXPECT_EQ(progress_text(progress), "ACCEPTED  0 s  queue 'q' is full");
  progress = {};
  progress.state = ApplicationState::kRunning;
  progress.running = 3;
  EXPECT_EQ(progress_text(progress), "RUNNING  3 containers  0 s");
  progress.instances = 5;
  progress.failed = 2;
  progress.elapsed = 65s;
  EXPECT_EQ(progress_text(progress), "RUNNING  0 pending, 3 running, 0 done, 2 failed  1 min 05 s");
}

TEST(TextObserver, QuietShowsTheOutputAlone) {
  Screen screen({true, true, 2}, false, true);
  screen.text.on_progress({});
  screen.text.on_notice("a notice");
  screen.text.on_line(1, kErr, "e", kLine);
  EXPECT_EQ(screen.err.text(), "1 | e\n");
}

TEST(Terminal, AStdoutThatTakesNoMoreIsSaidOnce) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  const auto before = signal(SIGPIPE, SIG_IGN);
  std::FILE* out = fdopen(ends[1], "w");
  int closed = 0;
  {
    Buffer err;
    Terminal terminal({out, err.file(), false, false});
    terminal.on_stdout_closed([&] { ++closed; });
    terminal.out("one");
    terminal.out("two");
    terminal.err("still");
    EXPECT_EQ(err.text(), "knit: stdout takes no more output: its reader has gone\nstill\n");
  }
  EXPECT_EQ(closed, 1);
  std::fclose(out);
  signal(SIGPIPE, before);
}

std::vector<boost::json::object> objects(const std::string& text) {
  std::vector<boost::json::object> out;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    out.push_back(boost::json::parse(text.substr(at, end - at)).as_object());
    at = end + 1;
  }
  return out;
}

TEST(JsonObserver, OneObjectALine) {
  Buffer out, err;
  Terminal terminal({out.file(), err.file(), false, false});
  JsonObserver observer(terminal);
  Progress progress;
  progress.state = ApplicationState::kRunning;
  observer.on_progress(progress);
  progress.elapsed = 1s;
  observer.on_progress(progress);  // only the time has changed
  observer.on_line(2, kErr, "a\xff\"\n", kPart);
  observer.on_line(2, kOut, "b", kNone);
  observer.on_notice("text");
  RunResult result;
  result.exit_statuses = {{0, 0}, {1, 7}};
  result.diagnostics = "why";
  observer.on_end(result);
  const auto events = objects(out.text());
  ASSERT_EQ(events.size(), 5u);
  EXPECT_EQ(events[0].at("event"), "progress");
  EXPECT_EQ(events[0].at("elapsed_ms"), 0);
  EXPECT_EQ(boost::json::serialize(events[1]),
            "{\"event\":\"line\",\"instance\":2,\"stream\":\"stderr\",\"line\":\"a\xef\xbf\xbd\\\"\\n\","
            "\"end\":\"part\"}");
  EXPECT_EQ(events[2].at("end"), "none");
  EXPECT_EQ(boost::json::serialize(events[3]), R"({"event":"notice","text":"text"})");
  EXPECT_EQ(events[4].at("exit_statuses").at("1"), 7);
  EXPECT_EQ(events[4].at("diagnostics"), "why");
  EXPECT_EQ(err.text(), "");
}

struct Piece {
  std::string container, file, bytes;
};

std::string printed(LogPrinter::Look look, const std::vector<Piece>& pieces) {
  Buffer out;
  LogPrinter printer(out.file(), look);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    LogPiece piece;
    piece.container = pieces[i].container;
    piece.file = pieces[i].file;
    piece.node = "n:1";
    if (piece.container == "c2") piece.instance = 0;
    piece.bytes = std::as_bytes(std::span(pieces[i].bytes));
    piece.begins = true;
    for (std::size_t j = 0; j < i; ++j) {
      if (pieces[j].container == piece.container && pieces[j].file == piece.file) piece.begins = false;
    }
    EXPECT_TRUE(printer.take(piece));
  }
  EXPECT_TRUE(printer.finish());
  return out.text();
}

TEST(LogPrinter, OneLogAsItIs) {
  const std::string bytes("a\xff\0\r\nno newline", 16);
  EXPECT_EQ(printed({false, false, false},
                    {{"c2", "stdout", bytes.substr(0, 3)}, {"c2", "stdout", bytes.substr(3)}}),
            bytes);
}

TEST(LogPrinter, SeveralUnderHeadings) {
  EXPECT_EQ(printed({}, {{"c2", "stderr", "no newline"}, {"c2", "stdout", "x\n"}, {"c1", "stdout", "m\n"}}),
            "==> instance 0, stderr of c2 on n:1 <==\nno newline\n\n"
            "==> instance 0, stdout of c2 on n:1 <==\nx\n\n==> stdout of c1 on n:1 <==\nm\n");
}

TEST(LogPrinter, FollowedOnesInWholeLines) {
  EXPECT_EQ(printed({false, true, true}, {{"c2", "stdout", "one\ntw"},
                                          {"c3", "stdout", "three\n"},
                                          {"c2", "stdout", "o\nrest"},
                                          {"c3", "stdout", "four\n"}}),
            "==> instance 0, stdout of c2 on n:1 <==\none\n\n==> stdout of c3 on n:1 <==\nthree\n\n"
            "==> instance 0, stdout of c2 on n:1 <==\ntwo\n\n==> stdout of c3 on n:1 <==\nfour\n\n"
            "==> instance 0, stdout of c2 on n:1 <==\nrest");
  const std::string never_ends((1 << 20) + 1, 'x');
  EXPECT_EQ(printed({false, false, true}, {{"c2", "stdout", never_ends}, {"c2", "stdout", "y"}}),
            never_ends + "y");
}

TEST(LogPrinter, AsJsonLines) {
  const auto lines = objects(printed(
      {true, true, false}, {{"c2", "stdout", "a\n\nb\xff"}, {"c1", "stderr", "m\n"}, {"c2", "stdout", "c"}}));
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(boost::json::serialize(lines[0]),
            R"({"container":"c2","node":"n:1","file":"stdout","instance":0,"line":"a","end":"newline"})");
  EXPECT_EQ(lines[1].at("line"), "");
  EXPECT_TRUE(lines[2].at("instance").is_null());
  EXPECT_EQ(lines[3].at("line"),
            "b\xef\xbf\xbd"
            "c");
  EXPECT_EQ(lines[3].at("end"), "none");
  const std::string never_ends((1 << 20) + 1, 'x');
  const auto parts =
      objects(printed({true, true, false}, {{"c2", "stdout", never_ends}, {"c2", "stdout", "y\n"}}));
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[0].at("end"), "part");
  EXPECT_EQ(parts[1].at("line"), "y");
}

}  // namespace
}  // namespace knit::cli
