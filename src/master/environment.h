// What a container of the application is launched with. A core.
#pragma once

#include <knit/result.h>

#include <functional>
#include <string>

#include "app/instances.h"
#include "control/launch_file.h"
#include "security/certificates.h"
#include "security/credentials.h"
#include "yarn/container.h"
#include "yarn/launch_context.h"

namespace knit::master {

// Where the client gave none: Hadoop 3 starts containers with an empty environment.
inline constexpr std::string_view kDefaultPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
inline constexpr std::string_view kDefaultLang = "C.UTF-8";

// How a container reaches its master: KNIT_MASTER_URL, and keys of its own in the folder KNIT_CERTS.
struct ControlAccess {
  std::string url;         // empty: there is no control channel
  std::int32_t port = -1;  // the master's, as the ResourceManager tells clients
  std::function<Result<security::Identity>(std::int32_t instance)> issue;
};

// Makes launch contexts; what is the same for all instances is quoted and checked once.
//
// Every container sees KNIT_APPLICATION_ID, KNIT_ROLE, KNIT_INSTANCE, KNIT_INSTANCES, KNIT_RESTART_COUNT,
// KNIT_MEMORY_MIB (what YARN granted, which may be more than was asked for), KNIT_VCORES (what was asked for:
// schedulers that count memory alone grant 1), HADOOP_USER_NAME on a cluster without authentication, PATH and
// LANG; the user's variables win over all of these. YARN adds its own (CONTAINER_ID, NM_HOST, LOCAL_DIRS,
// LOG_DIRS).
class ContainerTemplate {
 public:
  // `credentials`: for the containers, without the master's own. kInvalidArgument for a variable or a command
  // that YARN's launch script cannot pass on.
  static Result<ContainerTemplate> make(const control::LaunchFile& file, security::Credentials credentials,
                                        yarn::AccessLists access, ControlAccess control);

  // `granted`: the container's size. Keys that cannot be issued are left out.
  yarn::LaunchContext context(const app::Run& run, const Resource& granted) const;
  // About how many bytes a context takes.
  std::size_t size() const;

 private:
  yarn::LaunchContext common_;  // without tokens
  security::Credentials credentials_;
  ControlAccess control_;
};

}  // namespace knit::master
