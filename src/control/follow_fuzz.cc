// Any bytes as a follower's question and as its answer: values or an error, and what was read can be written
// and read.
#include "control/messages.h"

using namespace knit;
using namespace knit::control;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto request = decode_follow_request(text)) {
    const std::string line = encode(*request);
    const auto again = decode_follow_request(line);
    if (!again || encode(*again) != line) __builtin_trap();
  }
  if (const auto answer = decode_follow_answer(text)) {
    const std::string line = encode(*answer);
    const auto again = decode_follow_answer(line);
    if (!again || encode(*again) != line) __builtin_trap();
  }
  return 0;
}
