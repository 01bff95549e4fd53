// What a master finds in its container: who it is, what it may do, where the cluster's daemons are. Reads
// small local files, once, before anything waits.
#pragma once

#include <knit/result.h>

#include <string>
#include <vector>

#include "conf/environment.h"
#include "conf/settings.h"
#include "control/launch_file.h"
#include "io/net.h"
#include "master/master.h"
#include "master/notes.h"
#include "security/credentials.h"

namespace knit::master {

// The name under which the client has YARN put the launch file into the master's container.
inline constexpr const char* kLaunchFileName = "launch.json";

// From CONTAINER_ID, NM_HOST, NM_PORT and NM_HTTP_PORT, which a NodeManager sets for every container, and
// APP_SUBMIT_TIME_ENV, which the ResourceManager sets for masters.
Result<Identity> identity_from(const conf::Environment& environment);

// The file that HADOOP_TOKEN_FILE_LOCATION names.
Result<security::Credentials> credentials_from(const conf::Environment& environment);

Result<control::LaunchFile> read_launch_file(const std::string& path);

// The node's own configuration, where its NodeManager tells the container of one, and beneath it the client's
// settings from the launch file.
struct NodeSettings {
  conf::Settings node;    // the node's alone; without files where there are none
  conf::Settings merged;  // the node's above the client's
};
NodeSettings settings_from(const conf::Environment& environment, const control::LaunchFile& file,
                           Notes& notes);

// Where to register: as the node's files say, else as both say together. The node's come first because only
// they know of an AMRMProxy on the node, without which the token is refused. Never 0.0.0.0.
Result<std::vector<io::HostPort>> scheduler_addresses(const NodeSettings& settings);

}  // namespace knit::master
