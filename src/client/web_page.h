// Driver: what the ResourceManager's web pages tell and its RPC does not.
#pragma once

#include <knit/result.h>

#include <string>

#include "client/session.h"
#include "io/task.h"

namespace knit::client {

// The body with which the active ResourceManager answers GET `target`, as JSON where it has the choice;
// within 2 s, for a port that a firewall closes must not hold up whoever asks, and 16 MiB. kUnavailable where
// none answers with 200, kUnimplemented where the pages speak TLS.
io::Task<Result<std::string>> read_resource_manager_page(Session& session, std::string target);

}  // namespace knit::client
