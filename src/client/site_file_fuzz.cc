// Any bytes as the administrator's file: settings, or an error that names it.
#include "client/site_file.h"

using namespace knit;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto settings = client::parse_site_file("/f", std::string(reinterpret_cast<const char*>(data), size));
  if (!settings) return settings.error().message().starts_with("/f") ? 0 : (__builtin_trap(), 0);
  for (const auto& one : *settings) {
    if (!one.name.starts_with("knit.") || !one.value) __builtin_trap();
  }
  return 0;
}
