// How a followed application looks on the terminal, and to programs.
#pragma once

#include <knit/run.h>

#include <boost/json/object.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "cli/terminal.h"

namespace knit::cli {

// "RUNNING  2 pending, 1 running, 0 done  12 s", and what it waits for.
std::string progress_text(const Progress& progress);

// For people. The Terminal must outlive it.
class TextObserver final : public RunObserver {
 public:
  struct Look {
    bool prefix = true;
    bool quiet = false;
    std::int32_t instances = 0;  // as asked for; 0: not known yet
  };
  TextObserver(Terminal& terminal, Look look) : terminal_(terminal), look_(look) {}

  void on_progress(const Progress& progress) override;
  void on_line(std::int32_t instance, OutputStream stream, std::string_view line, LineEnd end) override;
  void on_notice(const std::string& text) override;

 private:
  // One instance into a pipe is most often meant for another program.
  bool prefixes() const { return look_.prefix && (look_.instances != 1 || terminal_.out_is_terminal()); }

  void tell_waiting(const Progress& progress);

  Terminal& terminal_;
  Look look_;
  // The last reason for waiting that was told where there is no progress line.
  std::string told_;
  ApplicationState told_in_ = ApplicationState::kUnknown;
  std::chrono::milliseconds told_at_{0};  // as elapsed
};

// For programs: one JSON object a line, as docs/cli.md says. The Terminal must outlive it.
class JsonObserver final : public RunObserver {
 public:
  explicit JsonObserver(Terminal& terminal) : terminal_(terminal) {}

  void on_progress(const Progress& progress) override;
  void on_line(std::int32_t instance, OutputStream stream, std::string_view line, LineEnd end) override;
  void on_notice(const std::string& text) override;
  void on_end(const RunResult& result);

 private:
  void write(const boost::json::object& event);

  Terminal& terminal_;
  std::string last_;
};

}  // namespace knit::cli
