// Places in file systems, as Hadoop writes them: "hdfs://nn.example.com:8020/user/alice/a b". Unlike RFC 3986
// (and like org.apache.hadoop.fs.Path) the path is the file's name itself: nothing is percent-encoded, and
// there is no query and no fragment.
#pragma once

#include <knit/result.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace knit::base {

struct Uri {
  std::string scheme;      // in lower case; empty for a mere path
  std::string host;        // a host, the name of an HA pair, or empty; IPv6 without brackets
  std::int32_t port = -1;  // -1: none
  std::string path;        // begins with "/" where there is a scheme
  bool operator==(const Uri&) const = default;

  // A text without "://" is a path alone, absolute or not. kInvalidArgument for what is malformed.
  static Result<Uri> parse(std::string_view text);
};

// "hdfs://nn:8020", without the path; empty for a mere path.
std::string root_of(const Uri& uri);
std::string to_string(const Uri& uri);

}  // namespace knit::base
