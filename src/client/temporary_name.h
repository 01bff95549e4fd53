// Names of files that are not yet what they will be.
#pragma once

#include <knit/result.h>

#include <string>
#include <string_view>

namespace knit::client {

// 16 hexadecimal digits that nobody else has.
Result<std::string> random_name();

// A name in the folder of `path`, hidden and one's own, for what is renamed to `path` once it is whole. It
// begins like that of `path`, and is short enough for every file system.
Result<std::string> temporary_beside(std::string_view path);

}  // namespace knit::client
