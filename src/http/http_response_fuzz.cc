// The first byte says in pieces of which size the answer comes.
#include <algorithm>
#include <cstdlib>

#include "http/response_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace knit::http;
  if (size == 0) return 0;
  auto bytes = std::as_bytes(std::span(data, size)).subspan(1);
  const Limits limits{.head = 4096, .body = 1 << 20};
  ResponseParser parser(limits);
  std::uint64_t body = 0;
  bool head = false, ended = false;
  for (;;) {
    auto event = parser.next();
    if (!event) return 0;
    switch (event->what) {
      case ResponseParser::What::kNeedInput: {
        if (ended) std::abort();  // nothing more can come
        const auto piece = bytes.first(std::min<std::size_t>(bytes.size(), data[0] + 1u));
        bytes = bytes.subspan(piece.size());
        ended = piece.empty();
        if (ended) {
          parser.end_of_input();
        } else {
          parser.feed(piece);
        }
        break;
      }
      case ResponseParser::What::kHead:
        if (head) std::abort();
        head = true;
        break;
      case ResponseParser::What::kBody:
        body += event->body.size();
        if (!head || event->body.empty() || body > limits.body) std::abort();
        break;
      case ResponseParser::What::kEnd:
        if (!head) std::abort();
        return 0;
    }
  }
}
