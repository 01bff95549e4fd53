// Standard output and standard error as a following command uses them.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

namespace knit::cli {

// Lines on stdout and stderr, and one line of progress that stays at the bottom where stderr is a terminal.
// Thread-safe. A stdout that was closed (a pipe into head) takes no more and is no error.
class Terminal {
 public:
  Terminal();
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  bool shows_progress() const { return progress_possible_; }
  // Whole lines, without their newline.
  void out(std::string_view line);
  void err(std::string_view line);
  // Replaces the progress line, cut to the terminal's width; nothing where stderr is none.
  void progress(std::string text);
  void clear_progress();
  bool stdout_closed() const;

 private:
  void erase();
  void draw();

  mutable std::mutex mutex_;
  bool out_is_terminal_, progress_possible_;
  bool out_closed_ = false;
  std::string progress_;
  bool drawn_ = false;
};

// Columns of what `text` shows, at most `width`; UTF-8 is kept whole.
std::string fit_width(std::string_view text, std::size_t width);

}  // namespace knit::cli
