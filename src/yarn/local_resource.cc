#include "yarn/local_resource.h"

#include <fmt/format.h>

#include "base/try.h"
#include "base/uri.h"

namespace knit::yarn {

Result<LocalResource> local_resource(std::string_view uri, ByteSize size, WallTime modified, bool archive) {
  KNIT_TRY(auto parsed, base::Uri::parse(uri));
  if (parsed.scheme.empty() || parsed.path.size() < 2) {
    return Error(
        ErrorCode::kInvalidArgument,
        fmt::format("'{}': a NodeManager can fetch only a file whose URI names its file system", uri));
  }
  LocalResource resource;
  resource.scheme = std::move(parsed.scheme);
  resource.host = std::move(parsed.host);
  resource.port = parsed.port;
  resource.path = std::move(parsed.path);
  resource.size = size;
  resource.modified = modified;
  resource.type = archive ? LocalResourceType::kArchive : LocalResourceType::kFile;
  return resource;
}

}  // namespace knit::yarn
