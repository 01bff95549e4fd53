// Text of any bytes as JSON.
#pragma once

#include <boost/json/string.hpp>
#include <string_view>

namespace knit::cli {

// Bytes that are not UTF-8 become U+FFFD, for JSON can hold no others.
boost::json::string json_text(std::string_view text);

}  // namespace knit::cli
