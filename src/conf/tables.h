// The keys Knit knows: Hadoop's defaults and old names.
#pragma once

#include <string_view>

namespace knit::conf {

struct Default {
  std::string_view key;
  std::string_view value;
  std::string_view file;  // of Hadoop 3.4.2, "" where the default is in code
};

// The default of a key that Knit uses, or nullptr.
const Default* find_default(std::string_view key);

// The present name of an old key, or "" if `key` is no old name (Configuration.defaultDeprecations,
// HdfsConfiguration.addDeprecatedKeys, YarnConfiguration.addDeprecatedKeys; 3.4.2).
std::string_view present_name(std::string_view key);

}  // namespace knit::conf
