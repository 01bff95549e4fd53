// The *-site.xml format: properties in order, includes resolved. The one place that parses XML.
#pragma once

#include <knit/result.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace knit::conf {

// One <property>, as written.
struct Property {
  std::string name;                  // trimmed, never empty
  std::optional<std::string> value;  // untrimmed; none for <value/>, which in Hadoop leaves the key alone
  bool is_final = false;
  std::string file;
  int line = 0;  // of the <property> tag, from 1
};

// Gives a file's bytes. kNotFound lets an include fall back; any other error ends the reading.
using FileReader = std::function<Result<std::string>(const std::string& path)>;

// Limits on what a set of files may ask for; far above any real configuration.
struct XmlLimits {
  std::size_t file_bytes = std::size_t{16} << 20;
  int include_depth = 16;
  int files = 256;
  std::size_t properties = 100'000;
};

// Reads `path` and what it includes, in document order, by the rules of Hadoop's Configuration.Parser
// (3.4.2): name and value as elements or attributes, <final> only if exactly "true", <include href> of any
// prefix with <fallback>. An include is looked for beside the including file, then beside `path`. Unlike
// Hadoop it is never fetched over the network, and entities are never defined: a DOCTYPE that declares any is
// refused. Errors: what `read` says, else kInvalidArgument naming file, line, column and what is wrong.
Result<std::vector<Property>> read_site_xml(const std::string& path, const FileReader& read,
                                            XmlLimits limits = {});

// A FileReader over the local file system. kNotFound for a missing file; a folder or an unreadable one is
// named.
FileReader local_files(std::size_t max_bytes = XmlLimits{}.file_bytes);

}  // namespace knit::conf
