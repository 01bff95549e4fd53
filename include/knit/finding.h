// What `knit doctor` finds.
#pragma once

#include <string>

namespace knit {

// One thing that was tried, how it went, and what to do about it.
struct Finding {
  enum class Level { kOk, kWarning, kProblem };
  Level level = Level::kOk;
  std::string what, detail, remedy;
};

}  // namespace knit
