#include <knit/wipe.h>

#include <cstring>

namespace knit {

void wipe(void* bytes, std::size_t size) noexcept {
  if (size == 0) return;
  std::memset(bytes, 0, size);
  asm volatile("" : : "r"(bytes) : "memory");  // somebody may look
}

}  // namespace knit
