// What a container of the application is launched with. A core.
#pragma once

#include <knit/result.h>

#include <string>

#include "app/instances.h"
#include "control/launch_file.h"
#include "yarn/container.h"
#include "yarn/launch_context.h"

namespace knit::master {

// Where the client gave none: Hadoop 3 starts containers with an empty environment.
inline constexpr std::string_view kDefaultPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
inline constexpr std::string_view kDefaultLang = "C.UTF-8";

// Makes launch contexts; what is the same for all instances is quoted and checked once.
//
// Every container sees KNIT_APPLICATION_ID, KNIT_ROLE, KNIT_INSTANCE, KNIT_INSTANCES, KNIT_RESTART_COUNT,
// KNIT_MEMORY_MIB (what YARN granted, which may be more than was asked for), KNIT_VCORES (what was asked for:
// schedulers that count memory alone grant 1), HADOOP_USER_NAME on a cluster without authentication, PATH and
// LANG; the user's variables win over all of these. YARN adds its own (CONTAINER_ID, NM_HOST, LOCAL_DIRS,
// LOG_DIRS).
class ContainerTemplate {
 public:
  // `tokens`: serialized credentials for the containers, without the AMRM token. kInvalidArgument for a
  // variable or a command that YARN's launch script cannot pass on.
  static Result<ContainerTemplate> make(const control::LaunchFile& file, std::string tokens,
                                        yarn::AccessLists access);

  // `granted`: the container's size.
  yarn::LaunchContext context(const app::Run& run, const Resource& granted) const;
  // About how many bytes a context takes.
  std::size_t size() const;

 private:
  yarn::LaunchContext common_;
};

}  // namespace knit::master
