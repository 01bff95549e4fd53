// The first byte chooses: 0, a list of logs; else a page, which comes in pieces of that size and was asked
// for with a size that the second byte gives.
#include <algorithm>
#include <cstdlib>

#include "logs/node_log_page.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace knit::logs;
  using What = NodeLogPageParser::What;
  if (size < 2) return 0;
  auto bytes = std::as_bytes(std::span(data, size)).subspan(2);
  if (data[0] == 0) {
    static_cast<void>(parse_node_log_list({reinterpret_cast<const char*>(data) + 2, size - 2}));
    return 0;
  }
  NodeLogPageParser parser(data[1] == 0 ? std::nullopt
                                        : std::optional<std::int64_t>(static_cast<signed char>(data[1])));
  std::uint64_t left = 0;
  while (!bytes.empty()) {
    auto input = bytes.first(std::min<std::size_t>(bytes.size(), data[0]));
    bytes = bytes.subspan(input.size());
    while (true) {
      auto event = parser.next(input);
      if (!event) return 0;
      if (event->what == What::kNeedInput) break;
      const NodeLogSection& section = parser.section();
      if (event->what == What::kSection) {
        left = section.count;
        if (section.offset + section.count > section.length) std::abort();
      }
      if (event->data.size() > left) std::abort();
      left -= event->data.size();
      if (event->what == What::kSectionEnd && left != 0) std::abort();
    }
    if (!input.empty()) std::abort();
  }
  if (parser.finish() && left != 0) std::abort();
  return 0;
}
