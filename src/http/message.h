// What goes over HTTP, as plain values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace knit::http {

struct Header {
  std::string name, value;
};

// The value of the first of that name, in any case; nullptr if there is none.
const std::string* find(const std::vector<Header>& headers, std::string_view name);

struct ResponseHead {
  int status = 0;      // 200, 404, ...
  std::string reason;  // "Not Found"; may be empty
  std::vector<Header> headers;

  const std::string* header(std::string_view name) const { return find(headers, name); }
};

// What a server, a proxy or a NodeManager sends when things are not as asked: bounds for all of it.
struct Limits {
  std::size_t head = 64 << 10;                  // bytes of status line and headers
  std::uint64_t body = UINT64_MAX;              // bytes
  std::size_t max_text = std::size_t{1} << 20;  // of a body that is read whole into memory
};

}  // namespace knit::http
