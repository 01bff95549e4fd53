#include "fs/path.h"

#include <fmt/format.h>

namespace knit::fs {

Result<std::string> normalize_path(std::string_view path) {
  const auto refuse = [&](std::string_view why) {
    return Error(ErrorCode::kInvalidArgument, fmt::format("path '{}' {}", path, why));
  };
  if (!path.starts_with('/')) return refuse("is not absolute");
  if (path.find('\0') != std::string_view::npos) return refuse("has a NUL byte");
  std::string out;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view component = path.substr(at, end - at);
    at = end + 1;
    if (component.empty()) continue;
    if (component == "." || component == "..") return refuse(fmt::format("has a component '{}'", component));
    out.append("/").append(component);
  }
  if (out.empty()) out = "/";
  return out;
}

std::string_view parent_path(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string_view::npos ? std::string_view("/") : path.substr(0, slash);
}

std::string_view file_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string join_path(std::string_view folder, std::string_view name) {
  return folder == "/" ? fmt::format("/{}", name) : fmt::format("{}/{}", folder, name);
}

bool is_within(std::string_view path, std::string_view folder) {
  if (folder == "/") return true;
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

}  // namespace knit::fs
