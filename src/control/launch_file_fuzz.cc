// Any bytes as a launch file: a value or an error, and the value can be written, read and judged.
#include "app/validate.h"
#include "control/launch_file.h"

using namespace knit;
using namespace knit::control;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto file = decode_launch_file(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!file) return 0;
  const std::string text = encode(*file);
  const auto again = decode_launch_file(text);
  if (!again || encode(*again) != text) __builtin_trap();
  (void)app::validate(file->spec);
  return 0;
}
