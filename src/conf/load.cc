#include "conf/load.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/try.h"

namespace knit::conf {
namespace {

// What only an administrator may set.
constexpr std::string_view kSitePrefix = "knit.site.";
constexpr const char* kFiles[] = {"core-site.xml", "hdfs-site.xml", "yarn-site.xml"};

// One place to look.
struct Place {
  std::string name;   // as said to the user: "HADOOP_HOME"
  std::string given;  // its value: must exist
  std::string below;  // where the files are, relative to it
};

std::vector<Place> places(const Environment& environment, const Overrides& overrides) {
  if (overrides.config_dir) return {{"--config", *overrides.config_dir, ""}};
  std::vector<Place> out;
  const auto add = [&](const char* name, const char* below) {
    auto value = environment.get_or_empty(name);
    if (!value.empty()) out.push_back({name, std::move(value), below});
  };
  add("YARN_CONF_DIR", "");
  add("HADOOP_CONF_DIR", "");
  add("HADOOP_HOME", "etc/hadoop");
  add("HADOOP_INSTALL", "hadoop/conf");
  if (const auto file = environment.get_or_empty("LIBHDFS3_CONF"); !file.empty()) {
    out.push_back({"LIBHDFS3_CONF", std::filesystem::path(file).parent_path().string(), ""});
  }
  return out;
}

std::vector<std::string> files_in(const std::filesystem::path& folder) {
  std::vector<std::string> out;
  std::error_code ec;
  for (const char* file : kFiles) {
    // A file that cannot be examined is kept: reading it says why.
    const auto type = std::filesystem::status(folder / file, ec).type();
    if (type != std::filesystem::file_type::not_found) out.push_back((folder / file).string());
  }
  return out;
}

// The folder's files; none if the search goes on.
Result<std::vector<std::string>> look(const Place& place) {
  if (place.given.empty()) {  // never the current directory
    return Error(ErrorCode::kNotFound, fmt::format("{} names no folder; give its whole path", place.name));
  }
  std::error_code ec;
  const auto status = std::filesystem::status(place.given, ec);
  if (!std::filesystem::is_directory(status)) {
    if (status.type() == std::filesystem::file_type::none) {
      return Error(ErrorCode::kPermissionDenied, fmt::format("{} names {}, which cannot be examined: {}",
                                                             place.name, place.given, ec.message()));
    }
    const char* what = std::filesystem::exists(status) ? "is not a folder" : "does not exist";
    return Error(ErrorCode::kNotFound,
                 fmt::format("{} names {}, which {}; correct it or unset it", place.name, place.given, what));
  }
  auto files = files_in(std::filesystem::path(place.given) / place.below);
  if (files.empty() && place.below.empty()) {
    return Error(
        ErrorCode::kNotFound,
        fmt::format("{} names {}, which holds none of core-site.xml, hdfs-site.xml and yarn-site.xml",
                    place.name, place.given));
  }
  return files;
}

Error nothing_found(const std::vector<Place>& looked_at, const std::string& system_directory) {
  std::string list;
  for (const char* name :
       {"YARN_CONF_DIR", "HADOOP_CONF_DIR", "HADOOP_HOME", "HADOOP_INSTALL", "LIBHDFS3_CONF"}) {
    std::string said = "not set";
    for (const auto& place : looked_at) {
      if (place.name == name) said = fmt::format("nothing in {}/{}", place.given, place.below);
    }
    list += fmt::format("{} ({}), ", name, said);
  }
  return Error(
      ErrorCode::kFailedPrecondition,
      fmt::format(
          "no configuration found: looked at {}{} (no configuration there). Set HADOOP_CONF_DIR to the "
          "folder that holds the cluster's core-site.xml, hdfs-site.xml and yarn-site.xml, or give "
          "--config DIR, or single settings by -D KEY=VALUE",
          list, system_directory));
}

Result<Settings> read_all(const Environment& environment, const Overrides& overrides,
                          std::vector<std::string> files, std::vector<Property> site) {
  for (const auto& [key, value] : overrides.properties) {
    if (key.starts_with(kSitePrefix)) {
      return Error(ErrorCode::kInvalidArgument,
                   fmt::format("-D {}: only the site's administrator can say this, in knit.yaml", key));
    }
  }
  std::vector<Property> properties = std::move(site);
  const auto local = local_files();
  for (const auto& file : files) {
    KNIT_TRY(auto more, read_site_xml(file, local));
    properties.insert(properties.end(), std::make_move_iterator(more.begin()),
                      std::make_move_iterator(more.end()));
  }
  const auto directory = files.empty() ? "" : std::filesystem::path(files[0]).parent_path().string();
  return Settings(environment, std::move(properties), overrides, directory, std::move(files));
}

}  // namespace

Result<Settings> load(const Environment& environment, const Overrides& overrides,
                      const std::string& system_directory, std::vector<Property> site) {
  const auto candidates = places(environment, overrides);
  std::vector<std::string> files;
  for (const auto& place : candidates) {
    KNIT_TRY(files, look(place));
    if (!files.empty()) break;
  }
  if (files.empty()) files = files_in(system_directory);
  if (files.empty() && overrides.properties.empty()) return nothing_found(candidates, system_directory);
  return read_all(environment, overrides, std::move(files), std::move(site));
}

Result<Settings> load_overrides(const Environment& environment, const Overrides& overrides,
                                std::vector<Property> site) {
  return read_all(environment, overrides, {}, std::move(site));
}

}  // namespace knit::conf
