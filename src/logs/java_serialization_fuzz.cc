#include <cstdlib>

#include "logs/indexed_meta.h"
#include "logs/java_serialization.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace knit::logs;
  const auto bytes = std::as_bytes(std::span(data, size));
  constexpr std::uint64_t kEnd = 1 << 20;
  auto graph = JavaGraph::parse(bytes);
  auto meta = parse_indexed_meta(bytes, kEnd);
  if (meta && !graph) std::abort();
  if (meta)
    for (const auto& upload : meta->uploads)
      for (const auto& log : upload.logs)
        if (log.offset + log.stored > kEnd) std::abort();
  static_cast<void>(parse_indexed_checksum(bytes));
  return 0;
}
