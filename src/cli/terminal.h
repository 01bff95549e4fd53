// Standard output and standard error as a following command uses them.
#pragma once

#include <knit/run.h>

#include <cstdint>
#include <cstdio>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace knit::cli {

// Lines on stdout and stderr, and one line of progress that stays at the bottom where stderr is a terminal.
// Thread-safe. A stdout that takes no more (a pipe into head, a full disk) is said once, on stderr.
class Terminal {
 public:
  // Where the lines go; both files stay the caller's.
  struct Streams {
    std::FILE* out;
    std::FILE* err;
    bool out_is_terminal, err_is_terminal;
  };
  Terminal();  // the process's own
  explicit Terminal(Streams streams);
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  bool shows_progress() const { return err_.is_terminal; }
  bool out_is_terminal() const { return out_.is_terminal; }
  // A line of one of several writers, with `prefix` before it. The parts of a long line are put together
  // again as long as nobody else writes between them, and without a prefix output that ends without a newline
  // keeps that end; but not on a terminal.
  void line(OutputStream stream, std::int32_t writer, std::string_view prefix, std::string_view text,
            LineEnd end);
  // A line of our own.
  void out(std::string_view text);
  void err(std::string_view text);
  // Replaces the progress line, cut to the terminal's width; nothing where stderr is none.
  void progress(std::string text);
  void clear_progress();
  // Called once when stdout takes no more, inside the call that found it.
  void on_stdout_closed(std::function<void()> callback);

 private:
  static constexpr std::int32_t kOurselves = INT32_MIN;
  struct Stream {
    std::FILE* file;
    bool is_terminal;
    bool closed = false;
    std::optional<std::int32_t> open;  // who wrote what does not end with a newline yet
    bool goes_on = false;              // and has more of that line
  };
  void write(Stream& stream, std::int32_t writer, std::string_view prefix, std::string_view text,
             LineEnd end);
  void close_stdout();
  void erase();
  void draw();

  mutable std::mutex mutex_;
  Stream out_, err_;
  std::function<void()> closed_;
  std::string progress_;
  bool drawn_ = false;
};

// Columns of what `text` shows, at most `width`; UTF-8 is kept whole.
std::string fit_width(std::string_view text, std::size_t width);

}  // namespace knit::cli
