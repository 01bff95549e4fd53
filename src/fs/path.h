// Absolute paths without scheme, as every FileSystem takes them: "/", "/user/alice/x".
#pragma once

#include <knit/result.h>

#include <string>
#include <string_view>

namespace knit::fs {

// Double slashes and one at the end are dropped. kInvalidArgument for a path that does not begin with "/",
// has a component "." or "..", or a NUL byte: Knit never resolves those against a place nobody named.
Result<std::string> normalize_path(std::string_view path);

// Of normalized paths. The parent of "/" is "/", its name "".
std::string_view parent_path(std::string_view path);
std::string_view file_name(std::string_view path);
std::string join_path(std::string_view folder, std::string_view name);
// True for `folder` itself too.
bool is_within(std::string_view path, std::string_view folder);

}  // namespace knit::fs
