// The first byte says in pieces of which size the requests come.
#include <algorithm>
#include <cstdlib>

#include "http/request_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace knit::http;
  using What = RequestParser::What;
  if (size == 0) return 0;
  auto bytes = std::as_bytes(std::span(data, size)).subspan(1);
  const RequestLimits limits{.head = 4096, .body = 1000};
  RequestParser parser(limits);
  while (true) {
    switch (parser.next()) {
      case What::kNeedInput: {
        if (bytes.empty()) return 0;
        const auto piece = bytes.first(std::min<std::size_t>(bytes.size(), data[0] + 1u));
        bytes = bytes.subspan(piece.size());
        parser.feed(piece);
        break;
      }
      case What::kContinue:
        if (parser.is_between()) std::abort();
        break;
      case What::kCall: {
        const Call call = parser.take();
        if (call.body.size() > limits.body || call.method.empty() || !call.path.starts_with('/'))
          std::abort();
        break;
      }
      case What::kRefused:
        if (parser.refusal().status < 400 || parser.next() != What::kRefused) std::abort();
        return 0;
    }
  }
}
