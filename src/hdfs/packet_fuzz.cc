// Bytes a DataNode may send: answers, acknowledgements, packets, a whole read. Nothing may crash, and
// needed() must grow, so that a driver that waits for it makes progress.
#include <cstdlib>

#include "hdfs/block_read.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace knit::hdfs;
  const auto bytes = std::as_bytes(std::span(data, size));
  std::size_t needed = 0;
  if (auto packet = decode_packet(bytes, needed); packet) {
    if (*packet ? (*packet)->size > size : needed <= size) std::abort();
  }
  if (auto view = decode_delimited(bytes, needed); view) {
    if (*view ? (*view)->size > size : needed <= size) std::abort();
    if (*view) {
      (void)decode_answer((*view)->message).has_value();
      (void)decode_ack((*view)->message).has_value();
    }
  }

  BlockRead read(695, 10);
  auto rest = bytes;
  std::uint64_t given = 0;
  while (!read.finished()) {
    auto step = read.step(rest);
    if (!step) break;
    if (!*step) {
      if (read.needed() <= rest.size()) std::abort();
      break;
    }
    if ((*step)->used == 0 || (*step)->used > rest.size()) std::abort();
    given += (*step)->data.size();
    rest = rest.subspan((*step)->used);
  }
  if (given > 10 || (read.finished() && given != 10)) std::abort();
  return 0;
}
