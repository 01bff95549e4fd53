// The string rules of Hadoop's Configuration.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/utf8.h"

namespace knit::conf {

// Java's String.trim: every leading and trailing character up to the blank.
inline std::string trim(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  return std::string(text);
}

// StringUtils.getTrimmedStrings: split at commas and line ends, parts trimmed; empty parts dropped.
inline std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto end = text.find_first_of(",\n");
    if (auto part = trim(text.substr(0, end)); !part.empty()) parts.push_back(std::move(part));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return parts;
}

using base::lower;

}  // namespace knit::conf
