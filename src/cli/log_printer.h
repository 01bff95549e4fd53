// Pieces of logs onto a file.
#pragma once

#include <knit/result.h>
#include <knit/run.h>

#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace knit::cli {

// As they are where there is only one log, else under a heading each time another one goes on; whole lines
// only where several are followed at once. As JSON one object for each line. The file stays the caller's.
class LogPrinter {
 public:
  struct Look {
    bool json = false;
    bool headings = true;
    bool whole_lines = false;
  };
  LogPrinter(std::FILE* out, Look look) : out_(out), look_(look) {}

  // kCancelled when the file takes no more.
  Status take(const LogPiece& piece);
  // What there is of lines that did not end.
  Status finish();

 private:
  static constexpr std::size_t kMaxLine = 1 << 20;  // a line that never ends is shown in parts
  struct Log {
    LogPiece source;
    std::string partial;
  };

  Status write(const Log& log, std::string_view bytes, LineEnd end);
  void write_json(const LogPiece& piece, std::string_view lines, LineEnd end);

  std::FILE* out_;
  Look look_;
  std::map<std::pair<std::string, std::string>, Log> logs_;
  const Log* shown_ = nullptr;
  bool ended_line_ = true;
};

}  // namespace knit::cli
