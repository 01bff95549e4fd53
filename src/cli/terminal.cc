#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace knit::cli {
namespace {

std::size_t width_of(std::FILE* terminal) {
  winsize size{};
  if (ioctl(fileno(terminal), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
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

Terminal::Terminal() : Terminal({stdout, stderr, isatty(STDOUT_FILENO) == 1, isatty(STDERR_FILENO) == 1}) {}

Terminal::Terminal(Streams streams)
    : out_{streams.out, streams.out_is_terminal, false, {}, false},
      err_{streams.err, streams.err_is_terminal, false, {}, false} {}

Terminal::~Terminal() {
  clear_progress();
}

void Terminal::erase() {
  if (!drawn_) return;
  std::fputs("\r\x1b[K", err_.file);
  std::fflush(err_.file);
  drawn_ = false;
}

void Terminal::draw() {
  if (!err_.is_terminal || progress_.empty()) return;
  const auto text = fit_width(progress_, width_of(err_.file) - 1);
  std::fprintf(err_.file, "\r\x1b[K%s", text.c_str());
  std::fflush(err_.file);
  drawn_ = true;
}

void Terminal::write(Stream& stream, std::int32_t writer, std::string_view prefix, std::string_view text,
                     LineEnd end) {
  const bool same_line = stream.open == writer && stream.goes_on;
  if (!same_line) {
    if (stream.open) std::fputc('\n', stream.file);
    std::fwrite(prefix.data(), 1, prefix.size(), stream.file);
  }
  std::fwrite(text.data(), 1, text.size(), stream.file);
  const bool as_it_is = end == LineEnd::kNone && prefix.empty() && &stream == &out_;
  const bool stays_open = !stream.is_terminal && (end == LineEnd::kPart || as_it_is);
  stream.open.reset();
  if (stays_open) {
    stream.open = writer;
  } else {
    std::fputc('\n', stream.file);
  }
  stream.goes_on = end == LineEnd::kPart;
}

void Terminal::close_stdout() {
  const int reason = errno;
  out_.closed = true;
  erase();
  std::fprintf(err_.file, "knit: stdout takes no more output: %s\n",
               reason == EPIPE ? "its reader has gone" : std::strerror(reason));
  if (const auto closed = std::exchange(closed_, {})) closed();
}

void Terminal::line(OutputStream stream, std::int32_t writer, std::string_view prefix, std::string_view text,
                    LineEnd end) {
  const std::lock_guard lock(mutex_);
  if (stream == OutputStream::kStderr) {
    erase();
    write(err_, writer, prefix, text, end);
    std::fflush(err_.file);
    draw();
    return;
  }
  if (out_.closed) return;
  if (out_.is_terminal) erase();
  write(out_, writer, prefix, text, end);
  if (std::fflush(out_.file) != 0) close_stdout();
}

void Terminal::out(std::string_view text) {
  line(OutputStream::kStdout, kOurselves, "", text, LineEnd::kNewline);
}

void Terminal::err(std::string_view text) {
  line(OutputStream::kStderr, kOurselves, "", text, LineEnd::kNewline);
}

void Terminal::progress(std::string text) {
  const std::lock_guard lock(mutex_);
  if (drawn_ && text == progress_) return;
  progress_ = std::move(text);
  draw();
}

void Terminal::clear_progress() {
  const std::lock_guard lock(mutex_);
  erase();
  progress_.clear();
  if (err_.open) std::fputc('\n', err_.file);  // following ended inside a long line
  err_.open.reset();
}

void Terminal::on_stdout_closed(std::function<void()> callback) {
  const std::lock_guard lock(mutex_);
  closed_ = std::move(callback);
}

}  // namespace knit::cli
