// What the master tells the people who read its stderr: short lines, each with its time. No secrets.
#pragma once

#include <string>
#include <string_view>

namespace knit::master {

class Notes {
 public:
  virtual ~Notes() = default;
  virtual void say(std::string_view text) = 0;
};

// "2026-11-23T03:05:42.533Z text" on file descriptor 2, one write a line.
class StderrNotes final : public Notes {
 public:
  void say(std::string_view text) override;
};

}  // namespace knit::master
