#include "http/message.h"

#include "base/utf8.h"

namespace knit::http {

const std::string* find(const std::vector<Header>& headers, std::string_view name) {
  for (const auto& one : headers)
    if (base::lower(one.name) == base::lower(name)) return &one.value;
  return nullptr;
}

}  // namespace knit::http
