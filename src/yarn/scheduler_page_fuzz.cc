// The first line is the queue's name, the rest the page.
#include <cstdlib>

#include "yarn/scheduler_page.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const auto newline = all.find('\n');
  if (newline == std::string_view::npos) return 0;
  const auto found = knit::yarn::maximum_in_queue(all.substr(newline + 1), all.substr(0, newline));
  if (found && (found->memory <= knit::ByteSize() || found->vcores < 1)) std::abort();
  return 0;
}
