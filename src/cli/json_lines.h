// Text of any bytes as JSON.
#pragma once

#include <knit/run.h>

#include <boost/json/string.hpp>
#include <string_view>

namespace knit::cli {

// Bytes that are not UTF-8 become U+FFFD, for JSON can hold no others.
boost::json::string json_text(std::string_view text);

// "newline", "part", "none".
std::string_view to_text(LineEnd end);

}  // namespace knit::cli
