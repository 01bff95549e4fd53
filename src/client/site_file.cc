#include "client/site_file.h"

#include <fmt/format.h>
#include <knit/duration.h>
#include <knit/port_range.h>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <span>

#include "base/try.h"
#include "client/masters.h"
#include "fs/path.h"

namespace knit::client {
namespace {

constexpr std::string_view kPlace = "etc/knit/knit.yaml";
constexpr std::size_t kMaxFile = 64u << 10;

// What a value must be: an error otherwise.
using Check = Status (*)(const std::string&);

Status any_text(const std::string& text) {
  if (text.empty()) return Error(ErrorCode::kInvalidArgument, "is empty");
  return {};
}
Status a_count(const std::string& text) {
  std::int32_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size() || number < 1)
    return Error(ErrorCode::kInvalidArgument, fmt::format("'{}' is no whole number from 1 on", text));
  return {};
}
Status a_size(const std::string& text) {
  KNIT_TRY_VOID(ByteSize::parse(text));
  return {};
}
Status a_duration(const std::string& text) {
  KNIT_TRY_VOID(parse_duration(text));
  return {};
}
Status a_port_range(const std::string& text) {
  KNIT_TRY_VOID(parse_port_range(text));
  return {};
}

struct Field {
  std::string_view name, key;
  Check check;
  bool fixed = true;  // else the user's own setting of this name wins
};
constexpr Field kDefaults[] = {
    {"queue", "knit.site.default.queue", any_text},
    {"node-label", "knit.site.default.node-label", any_text},
    {"lifetime", "knit.site.default.lifetime", a_duration},
    {"start-timeout", "knit.site.default.start-timeout", a_duration},
    {"master-attempts", "knit.site.default.master-attempts", a_count},
    {"master-bind", "knit.site.default.master-bind", any_text},
    {"master-port", "knit.site.default.master-port", a_port_range},
    {"staging-dir", "knit.staging.dir", any_text, false},
};
constexpr Field kLimits[] = {
    {"instances", "knit.site.limit.instances", a_count},
    {"memory", "knit.site.limit.memory", a_size},
    {"vcores", "knit.site.limit.vcores", a_count},
    {"master-memory", "knit.site.limit.master-memory", a_size},
    {"lifetime", "knit.site.limit.lifetime", a_duration},
};

// Reads one document; the first error stays.
class SiteFile {
 public:
  explicit SiteFile(std::string path) : path_(std::move(path)) {}

  Result<std::vector<conf::Property>> read(const YAML::Node& root) {
    if (!root.IsNull())
      each(root, "the file", [this](const auto& key, const auto& value) { section(key, value); });
    if (!status_) return status_.error();
    return std::move(properties_);
  }
  Error wrong(const YAML::Mark& mark, std::string_view what) const {
    return Error(ErrorCode::kInvalidArgument,
                 mark.is_null() ? fmt::format("{}: {}", path_, what)
                                : fmt::format("{}, line {}: {}", path_, mark.line + 1, what));
  }

 private:
  void fail(const YAML::Node& at, const std::string& what) {
    if (status_) status_ = wrong(at.Mark(), what);
  }
  template <class Visit>
  void each(const YAML::Node& map, const std::string& name, Visit visit) {
    if (!map.IsMap()) return fail(map, fmt::format("{} is no mapping of names to values", name));
    for (const auto& entry : map) {
      if (!entry.first.IsScalar()) return fail(entry.first, fmt::format("{}: a name must be a word", name));
      visit(entry.first, entry.second);
    }
  }
  void section(const YAML::Node& key, const YAML::Node& value) {
    const auto& name = key.Scalar();
    if (name == "defaults") {
      fields(name, value, kDefaults);
    } else if (name == "limits") {
      fields(name, value, kLimits);
    } else if (name == "forbidden") {
      forbidden(value);
    } else {
      fail(key, fmt::format("'{}' is none of defaults, limits and forbidden", name));
    }
  }
  void fields(const std::string& section, const YAML::Node& map, std::span<const Field> known) {
    each(map, section, [&](const YAML::Node& key, const YAML::Node& value) {
      for (const auto& field : known) {
        if (field.name != key.Scalar()) continue;
        if (!value.IsScalar())
          return fail(key, fmt::format("{}: {} has no single value", section, field.name));
        const auto status = field.check(value.Scalar());
        if (!status)
          return fail(value, fmt::format("{}: {} {}", section, field.name, status.error().message()));
        return add(field.key, value.Scalar(), field.fixed, value);
      }
      fail(key, fmt::format("{}: there is no '{}'", section, key.Scalar()));
    });
  }
  void forbidden(const YAML::Node& list) {
    if (!list.IsSequence()) return fail(list, "forbidden is no list of options");
    std::string all;
    for (const auto& one : list) {
      if (!one.IsScalar() || !can_be_forbidden(one.Scalar())) {
        return fail(one, fmt::format("forbidden: there is no option '{}' that could be",
                                     one.IsScalar() ? one.Scalar() : std::string()));
      }
      all += (all.empty() ? "" : ",") + one.Scalar();
    }
    if (!all.empty()) add("knit.site.forbidden", all, true, list);
  }
  void add(std::string_view key, const std::string& value, bool is_final, const YAML::Node& at) {
    properties_.push_back({std::string(key), value, is_final, path_, at.Mark().line + 1});
  }

  std::string path_;
  Status status_;
  std::vector<conf::Property> properties_;
};

}  // namespace

std::vector<std::string> site_files() {
  std::vector<std::string> out{fs::join_path("/", kPlace)};
  for (const auto& prefix : install_prefixes()) out.push_back(fs::join_path(prefix, kPlace));
  return out;
}

Result<std::vector<conf::Property>> parse_site_file(const std::string& path, const std::string& text) {
  SiteFile file(path);
  try {
    return file.read(YAML::Load(text));
  } catch (const YAML::Exception& malformed) {  // how yaml-cpp tells of it
    return file.wrong(malformed.mark, malformed.msg);
  }
}

Result<std::vector<conf::Property>> read_site_file(const std::vector<std::string>& paths) {
  for (const auto& path : paths) {
    const auto text = conf::local_files(kMaxFile)(path);
    if (text) return parse_site_file(path, *text);
    if (text.error().code() != ErrorCode::kNotFound) return text.error();
  }
  return std::vector<conf::Property>();
}

}  // namespace knit::client
