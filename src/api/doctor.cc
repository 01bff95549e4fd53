// Client::doctor: also what can be said without a usable configuration.
#include "client/doctor.h"

#include <knit/client.h>

#include "api/client_impl.h"

namespace knit {

std::vector<Finding> Client::doctor(const ClientOptions& options) {
  auto client = open(options);
  if (!client) {
    return {{Finding::Level::kProblem, "configuration", client.error().message(),
             "set HADOOP_CONF_DIR or give --config with the folder of core-site.xml, hdfs-site.xml and "
             "yarn-site.xml"}};
  }
  auto& impl = *(*client)->impl_;
  auto findings = impl.call<std::vector<Finding>>(
      [&]() -> io::Task<Result<std::vector<Finding>>> { co_return co_await client::examine(*impl.session); });
  if (findings) return *findings;
  return {{Finding::Level::kProblem, "doctor", findings.error().message(), ""}};
}

}  // namespace knit
