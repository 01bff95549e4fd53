// What the cluster's configuration says, with the origin of each value.
#pragma once

#include <knit/byte_size.h>
#include <knit/result.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "conf/environment.h"
#include "conf/site_xml.h"

namespace knit::conf {

// Where a value was said.
struct Origin {
  enum class Kind { kDefault, kFile, kOverride };
  Kind kind = Kind::kDefault;
  std::string file;  // kFile: its path; kDefault: the file of Hadoop's that has the default
  int line = 0;
};
// "/etc/hadoop/conf/yarn-site.xml, line 12", "-D", "Hadoop's default (yarn-default.xml)".
std::string to_string(const Origin& origin);

// One key as in force.
struct Entry {
  std::string key;
  std::string value;  // variables expanded, trimmed; as written where that is impossible (see problem)
  std::string raw;    // as written
  Origin origin;
  bool is_final = false;        // a file says so: later files could not change it, -D could
  std::string deprecated_from;  // the old name under which it was written, or ""
  std::string problem;          // why `value` could not be expanded, or ""
};

// What the user said on top of the files.
struct Overrides {
  std::optional<std::string> config_dir;                        // --config
  std::vector<std::pair<std::string, std::string>> properties;  // -D, in order

  // Adds "KEY=VALUE"; kInvalidArgument without '=' or with an empty key.
  Status add(std::string_view key_equals_value);
};

// An immutable set of settings; cheap enough to copy once per run, safe to read from any thread. Keys and
// values behave as in Hadoop's Configuration (3.4.2): a later property replaces an earlier one unless that
// was final, -D replaces even those (Configuration.set), old names are mapped to new ones, ${...} is expanded
// when read. Hadoop's own defaults stand below all files, those that Knit uses (tables.cc).
class Settings {
 public:
  Settings() = default;
  // `properties` in the order in which they were read. `directory` is "" and `files` empty where no files
  // were read.
  Settings(Environment environment, std::vector<Property> properties, const Overrides& overrides = {},
           std::string directory = {}, std::vector<std::string> files = {});

  // The folder the files were found in, and those of core-site.xml, hdfs-site.xml, yarn-site.xml that were
  // there.
  const std::string& directory() const { return directory_; }
  const std::vector<std::string>& files() const { return files_; }
  bool has_files() const { return !files_.empty(); }
  const Environment& environment() const { return environment_; }

  // One key, or all that files and -D set, sorted by key. Secrets are not hidden: see is_sensitive.
  std::optional<Entry> entry(std::string_view key) const;
  std::vector<Entry> entries() const;
  // True if a file or -D sets it.
  bool is_set(std::string_view key) const;

  // Typed values: what is set, else Hadoop's default. get() and get_strings() give "" and {} for a key that
  // has neither; for the others that is kNotFound. A value that does not fit is kInvalidArgument and names
  // key, value and origin.
  Result<std::string> get(std::string_view key) const;
  Result<std::vector<std::string>> get_strings(std::string_view key) const;
  Result<std::int64_t> get_int(std::string_view key, std::int64_t min = INT64_MIN,
                               std::int64_t max = INT64_MAX) const;
  Result<bool> get_bool(std::string_view key) const;
  // Plain numbers are bytes; k, m, g, t, p, e are powers of 1024 (StringUtils.TraditionalBinaryPrefix).
  Result<ByteSize> get_size(std::string_view key) const;
  // Plain numbers count `unit`; suffixes ns, us, ms, s, m, h, d (Configuration.getTimeDuration).
  Result<std::chrono::milliseconds> get_time(std::string_view key, std::chrono::milliseconds unit) const;

  // The error of a value that does not fit: "KEY = 'VALUE' (ORIGIN) WHAT".
  Error bad_value(std::string_view key, std::string_view what) const;

 private:
  struct Stored {
    std::string raw;
    Origin origin;
    bool is_final = false;
    std::string deprecated_from;
  };
  void put(std::string_view name, Stored stored);
  Result<std::string> expand(std::string_view raw) const;
  std::optional<std::string> variable(std::string_view name) const;
  std::optional<Stored> find(std::string_view key) const;
  Entry to_entry(std::string_view key, const Stored& stored) const;
  Result<std::string> need(std::string_view key) const;

  Environment environment_;
  std::map<std::string, Stored, std::less<>> values_;
  std::string directory_;
  std::vector<std::string> files_;
};

// True for keys whose value is a secret by their name, as Hadoop's ConfigRedactor judges (core-default.xml,
// hadoop.security.sensitive-config-keys), a little wider.
bool is_sensitive(std::string_view key);

}  // namespace knit::conf
