// What the administrator's file (site_file.h) makes of a submission and of a change to it. A core.
#pragma once

#include <knit/result.h>
#include <knit/run_spec.h>

#include <cstdint>

#include "conf/settings.h"

namespace knit::client {

// The specification with the site's defaults where it says nothing. kPermissionDenied for an option that is
// forbidden and for more than a limit, naming the line that says so.
Result<RunSpec> apply_site_rules(const conf::Settings& settings, RunSpec spec);

bool limits_instances(const conf::Settings& settings);
// kPermissionDenied where so many are too many.
Status check_instances(const conf::Settings& settings, std::int64_t count);

}  // namespace knit::client
