// The logs of an application as they come, kept until Python takes them.
#pragma once

#include <knit/run.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace knit::python {

// What a container has written into one file.
struct ContainerLog {
  std::string container, node, file;
  std::optional<std::int32_t> instance;
  std::string bytes;          // at most the last kMaxKept of it
  std::uint64_t written = 0;  // bytes in all
};

// Of each file; the rest of a longer one is for `knit logs`, which keeps nothing.
inline constexpr std::size_t kMaxKept = 16u << 20;

// Belongs to the one call that fills it.
class LogCollector {
 public:
  void add(const LogPiece& piece);
  // In the order in which they began.
  std::vector<ContainerLog> take() &&;

 private:
  std::vector<ContainerLog> logs_;
  std::map<std::pair<std::string, std::string>, std::size_t> index_;  // by container and file
};

}  // namespace knit::python
