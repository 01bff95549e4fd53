// Any bytes as a site file: whatever they say, every setting is a value or an error.
#include "conf/hdfs_settings.h"
#include "conf/security_settings.h"
#include "conf/yarn_settings.h"

using namespace knit;
using namespace knit::conf;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  int reads = 0;
  const FileReader read = [&](const std::string&) -> Result<std::string> {
    if (++reads % 3 == 0) return Error(ErrorCode::kNotFound, "missing");
    return text;  // so that includes include more
  };
  auto properties = read_site_xml("/c/core-site.xml", read, {.file_bytes = 1 << 16, .files = 8});
  if (!properties) return properties.error().message().empty() ? -1 : 0;
  const Settings settings(Environment({{"USER", "u"}, {"A", "b"}}), *std::move(properties));
  for (const auto& entry : settings.entries()) {
    (void)settings.get_int(entry.key);
    (void)settings.get_size(entry.key);
    (void)settings.get_time(entry.key, std::chrono::minutes(1));
    (void)settings.get_strings(entry.key);
    (void)hdfs_authority(settings, entry.value, entry.key);
  }
  (void)hdfs_settings(settings);
  (void)rpc_settings(settings);
  (void)user_name(settings);
  (void)log_settings(settings);
  (void)submit_limits(settings);
  (void)yarn_web_uses_tls(settings);
  (void)master_scheduler(settings);
  if (const auto authority = hdfs_authority(settings, "/", "path")) (void)name_nodes(settings, *authority);
  return 0;
}
