#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace knit::cli {
namespace {

std::size_t terminal_width() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

}  // namespace

std::string fit_width(std::string_view text, std::size_t width) {
  std::string out;
  std::size_t columns = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool begins = (byte & 0xc0) != 0x80;
    if (begins && columns++ == width) break;
    out += byte < 0x20 || byte == 0x7f ? ' ' : c;
  }
  return out;
}

Terminal::Terminal()
    : out_is_terminal_(isatty(STDOUT_FILENO) == 1), progress_possible_(isatty(STDERR_FILENO) == 1) {}

Terminal::~Terminal() {
  clear_progress();
}

void Terminal::erase() {
  if (!drawn_) return;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
  drawn_ = false;
}

void Terminal::draw() {
  if (!progress_possible_ || progress_.empty()) return;
  const auto text = fit_width(progress_, terminal_width() - 1);
  std::fprintf(stderr, "\r\x1b[K%s", text.c_str());
  std::fflush(stderr);
  drawn_ = true;
}

void Terminal::out(std::string_view line) {
  const std::lock_guard lock(mutex_);
  if (out_closed_) return;
  if (out_is_terminal_) erase();
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fputc('\n', stdout);
  if (std::fflush(stdout) != 0) {
    out_closed_ = true;
    erase();
    std::fprintf(stderr, "knit: stdout takes no more output: %s\n",
                 errno == EPIPE ? "its reader has gone" : "it cannot be written");
  }
}

void Terminal::err(std::string_view line) {
  const std::lock_guard lock(mutex_);
  erase();
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fputc('\n', stderr);
  draw();
}

void Terminal::progress(std::string text) {
  const std::lock_guard lock(mutex_);
  progress_ = std::move(text);
  draw();
}

void Terminal::clear_progress() {
  const std::lock_guard lock(mutex_);
  erase();
  progress_.clear();
}

bool Terminal::stdout_closed() const {
  const std::lock_guard lock(mutex_);
  return out_closed_;
}

}  // namespace knit::cli
