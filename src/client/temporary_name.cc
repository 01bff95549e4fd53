#include "client/temporary_name.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/try.h"
#include "base/utf8.h"
#include "fs/path.h"
#include "security/random.h"

namespace knit::client {
namespace {

// Leaves room for the rest in 255 bytes (NAME_MAX, dfs.namenode.fs-limits.max-component-length).
constexpr std::size_t kLongestBeginning = 200;

}  // namespace

Result<std::string> random_name() {
  KNIT_TRY(const auto bytes, security::random_bytes(8));
  return base::hex_encode(bytes);
}

Result<std::string> temporary_beside(std::string_view path) {
  KNIT_TRY(const auto random, random_name());
  const auto beginning = base::utf8_head(fs::file_name(path), kLongestBeginning);
  return fs::join_path(fs::parent_path(path), fmt::format(".{}.{}", beginning, random));
}

}  // namespace knit::client
