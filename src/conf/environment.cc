#include "conf/environment.h"

#include <unistd.h>

namespace knit::conf {

Environment::Environment(Variables variables) : variables_(std::move(variables)) {
  login_name_ = get_or_empty("LOGNAME");
  if (login_name_.empty()) login_name_ = get_or_empty("USER");
  home_ = get_or_empty("HOME");
}

Environment Environment::of_process() {
  Variables variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    variables.emplace(text.substr(0, equals),
                      text.substr(equals + 1));  // the first of two counts, as in getenv
  }
  return Environment(std::move(variables));
}

std::optional<std::string> Environment::get(std::string_view name) const {
  const auto found = variables_.find(name);
  if (found == variables_.end()) return std::nullopt;
  return found->second;
}

std::string Environment::get_or_empty(std::string_view name) const {
  return get(name).value_or("");
}

}  // namespace knit::conf
