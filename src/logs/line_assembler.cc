#include "logs/line_assembler.h"

#include <algorithm>
#include <utility>

namespace knit::logs {

void LineAssembler::feed(std::span<const std::byte> bytes, const Sink& sink) {
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  while (!text.empty()) {
    const std::size_t newline = text.find('\n');
    const std::size_t room = max_line_ - line_.size();
    const std::size_t size = std::min({newline, text.size(), room});
    const bool ends = size == newline;
    const bool full = !ends && size == room && text.size() > size;  // and it goes on
    if (line_.empty() && (ends || full)) {
      sink(text.substr(0, size), ends ? End::kNewline : End::kPart);
    } else {
      line_.append(text.substr(0, size));
      if (ends || full) sink(std::exchange(line_, {}), ends ? End::kNewline : End::kPart);
    }
    text.remove_prefix(size + (ends ? 1 : 0));
  }
}

void LineAssembler::finish(const Sink& sink) {
  if (!line_.empty()) sink(std::exchange(line_, {}), End::kNone);
}

}  // namespace knit::logs
