// Any bytes as a journal, fed in two pieces: entries or an error, and what was read can be written and read.
#include "control/journal.h"

using namespace knit;
using namespace knit::control;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  JournalReader reader;
  for (const std::string_view piece : {text.substr(0, size / 2), text.substr(size / 2)}) {
    const auto entries = reader.feed(piece);
    if (!entries) break;
    for (const JournalEntry& entry : *entries) {
      const std::string line = encode(entry);
      const auto again = decode_journal_line(line);
      if (!again || encode(*again) != line) __builtin_trap();
    }
  }
  return 0;
}
