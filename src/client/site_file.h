// What an administrator says for all users of a machine: /etc/knit/knit.yaml. docs/administrators.md is its
// reference. It keeps honest users from mistakes; who brings a client of his own is held by the cluster's
// settings alone.
#pragma once

#include <knit/result.h>

#include <string>
#include <string_view>
#include <vector>

#include "conf/site_xml.h"

namespace knit::client {

// Where it is looked for: /etc/knit, then etc/knit below the folder that Knit is installed in.
std::vector<std::string> site_files();

// The settings that the first of these files makes, with their places in it; none where there is none of
// them. Errors name file and line. Blocks for an instant.
Result<std::vector<conf::Property>> read_site_file(const std::vector<std::string>& paths);

// The same from a file's text: knit.site.default.NAME, knit.site.limit.NAME, knit.site.forbidden (a list) and
// knit.staging.dir. kInvalidArgument.
Result<std::vector<conf::Property>> parse_site_file(const std::string& path, const std::string& text);

// The options of `knit run` that can be forbidden.
bool can_be_forbidden(std::string_view option);

}  // namespace knit::client
