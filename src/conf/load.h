// Finding and reading the cluster's configuration.
#pragma once

#include <string>
#include <vector>

#include "conf/settings.h"

namespace knit::conf {

inline constexpr const char* kSystemDirectory = "/etc/hadoop/conf";

// Reads core-site.xml, hdfs-site.xml and yarn-site.xml (later ones win) from the first of
//   --config, YARN_CONF_DIR, HADOOP_CONF_DIR, HADOOP_HOME/etc/hadoop, HADOOP_INSTALL/hadoop/conf, the folder
//   of the file that LIBHDFS3_CONF names, /etc/hadoop/conf
// and puts -D on top. Never looks at the current directory. At least one of the three files must be there.
// `site`: what an administrator says for all users, below the files and, where final, above them and -D,
// which cannot set knit.site.*: kInvalidArgument. A variable set to "" counts as unset. HADOOP_HOME and
// HADOOP_INSTALL often exist without a configuration below them; then the search goes on. Errors:
//   kFailedPrecondition  no configuration anywhere and no -D: lists what was looked at and what to do;
//   kNotFound            --config or a variable names a folder that does not exist, or that has none of the
//   files; kInvalidArgument     a file is malformed: file, line, column, what is wrong; kPermissionDenied a
//   folder or file cannot be read.
Result<Settings> load(const Environment& environment, const Overrides& overrides,
                      const std::string& system_directory = kSystemDirectory,
                      std::vector<Property> site = {});

// The same without looking for a file: -D and `site` are all there is.
Result<Settings> load_overrides(const Environment& environment, const Overrides& overrides,
                                std::vector<Property> site = {});

}  // namespace knit::conf
