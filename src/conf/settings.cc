#include "conf/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <set>

#include "base/try.h"
#include "conf/tables.h"
#include "conf/text.h"

namespace knit::conf {
namespace {

constexpr int kMaxSubstitutions = 20;  // Configuration.MAX_SUBST
constexpr std::size_t kMaxExpanded = std::size_t{1}
                                     << 20;  // ours: twenty steps can multiply a value's length

std::string_view present_or_same(std::string_view key) {
  const auto present = present_name(key);
  return present.empty() ? key : present;
}

// The leftmost ${name} whose name has no '}', '$' or blank (Configuration.findSubVariable): start of '$',
// length.
std::optional<std::pair<std::size_t, std::size_t>> find_variable(std::string_view text) {
  for (auto at = text.find("${"); at != std::string_view::npos; at = text.find("${", at + 1)) {
    const auto end = text.find_first_of("}$ ", at + 2);
    if (end == std::string_view::npos) return std::nullopt;
    if (text[end] == '}' && end > at + 2) return std::pair{at, end + 1 - at};
  }
  return std::nullopt;
}

// A whole number as Java's Long.parseLong reads it, and 0x... as Configuration.getHexDigits does.
std::optional<std::int64_t> parse_number(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  if (hex) text.remove_prefix(2);
  const std::string digits = (negative ? "-" : "") + std::string(text);
  std::int64_t number = 0;
  const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), number, hex ? 16 : 10);
  const bool whole = ec == std::errc() && end == digits.data() + digits.size() && !text.starts_with('-');
  return whole ? std::optional(number) : std::nullopt;
}

std::optional<std::int64_t> multiply(std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

}  // namespace

std::string to_string(const Origin& origin) {
  switch (origin.kind) {
    case Origin::Kind::kOverride:
      return "-D";
    case Origin::Kind::kFile:
      return fmt::format("{}, line {}", origin.file, origin.line);
    case Origin::Kind::kDefault:
      break;
  }
  return origin.file.empty() ? "Hadoop's default" : fmt::format("Hadoop's default ({})", origin.file);
}

Status Overrides::add(std::string_view key_equals_value) {
  const auto equals = key_equals_value.find('=');
  const auto key = trim(key_equals_value.substr(0, equals));
  if (equals == std::string_view::npos || key.empty()) {
    return Error(
        ErrorCode::kInvalidArgument,
        fmt::format(
            "-D {} is not KEY=VALUE; write for example -D yarn.resourcemanager.hostname=rm.example.com",
            key_equals_value));
  }
  properties.emplace_back(key, key_equals_value.substr(equals + 1));
  return {};
}

Settings::Settings(Environment environment, std::vector<Property> properties, const Overrides& overrides,
                   std::string directory, std::vector<std::string> files)
    : environment_(std::move(environment)), directory_(std::move(directory)), files_(std::move(files)) {
  std::set<std::string, std::less<>> finals;  // as in Hadoop <final> protects even without a value
  for (auto& property : properties) {
    const std::string name(present_or_same(property.name));
    if (property.value && !finals.contains(name)) {
      put(property.name, {std::move(*property.value),
                          {Origin::Kind::kFile, std::move(property.file), property.line},
                          false,
                          {}});
    }
    if (property.is_final) finals.insert(name);
  }
  for (const auto& [key, value] : overrides.properties)
    put(key, {value, {Origin::Kind::kOverride, {}, 0}, false, {}});
  for (auto& [key, stored] : values_) stored.is_final = finals.contains(key);
}

void Settings::put(std::string_view name, Stored stored) {
  const auto present = present_or_same(name);
  if (present != name) stored.deprecated_from = name;
  values_.insert_or_assign(std::string(present), std::move(stored));
}

std::optional<Settings::Stored> Settings::find(std::string_view key) const {
  const auto name = present_or_same(key);
  if (const auto found = values_.find(name); found != values_.end()) return found->second;
  if (const auto* row = find_default(name)) {
    return Stored{std::string(row->value), {Origin::Kind::kDefault, std::string(row->file), 0}, false, {}};
  }
  return std::nullopt;
}

// What ${name} stands for (Configuration.substituteVars): the environment for env.X, Java's system properties
// that mean something here, other keys as written.
std::optional<std::string> Settings::variable(std::string_view name) const {
  if (name.starts_with("env.") && name.size() > 4) {
    name.remove_prefix(4);
    for (std::size_t i = 0; i < name.size(); ++i) {
      if (name.substr(i, 2) == ":-") {
        auto value = environment_.get_or_empty(name.substr(0, i));
        return value.empty() ? std::string(name.substr(i + 2)) : value;
      }
      if (name[i] == '-')
        return environment_.get(name.substr(0, i)).value_or(std::string(name.substr(i + 1)));
    }
    return environment_.get(name);
  }
  if (name == "user.name" && !environment_.login_name().empty()) return environment_.login_name();
  if (name == "user.home" && !environment_.home().empty()) return environment_.home();
  if (name == "java.io.tmpdir") return "/tmp";
  if (name == "file.separator") return "/";
  if (name == "os.name") return "Linux";
  // Hadoop's scripts give these two to every JVM they start.
  if (name == "hadoop.home.dir") return environment_.get("HADOOP_HOME");
  if (name == "hadoop.log.dir") return environment_.get("HADOOP_LOG_DIR");
  if (auto stored = find(name)) return std::move(stored->raw);
  return std::nullopt;
}

Result<std::string> Settings::expand(std::string_view raw) const {
  std::string value(raw);
  for (int step = 0; step < kMaxSubstitutions; ++step) {
    const auto found = find_variable(value);
    if (!found) return value;
    const auto [start, length] = *found;
    const std::string reference = value.substr(start, length);
    const auto replacement = variable(std::string_view(reference).substr(2, length - 3));
    if (!replacement) return value;  // as in Hadoop the rest stays as it is
    if (replacement->find(reference) != std::string::npos) return std::string(raw);
    value.replace(start, length, *replacement);
    if (value.size() > kMaxExpanded) {
      return Error(ErrorCode::kInvalidArgument, fmt::format("expands to more than {} bytes", kMaxExpanded));
    }
  }
  return Error(
      ErrorCode::kInvalidArgument,
      fmt::format("needs {} substitutions or more; do its variables go in a circle?", kMaxSubstitutions));
}

Entry Settings::to_entry(std::string_view key, const Stored& stored) const {
  Entry entry{std::string(key), {}, stored.raw, stored.origin, stored.is_final, stored.deprecated_from, {}};
  auto expanded = expand(stored.raw);
  if (!expanded) entry.problem = expanded.error().message();
  entry.value = trim(expanded ? *expanded : stored.raw);
  return entry;
}

std::optional<Entry> Settings::entry(std::string_view key) const {
  const auto stored = find(key);
  if (!stored) return std::nullopt;
  return to_entry(present_or_same(key), *stored);
}

std::vector<Entry> Settings::entries() const {
  std::vector<Entry> out;
  for (const auto& [key, stored] : values_) out.push_back(to_entry(key, stored));
  return out;
}

bool Settings::is_set(std::string_view key) const {
  return values_.contains(present_or_same(key));
}

Error Settings::bad_value(std::string_view key, std::string_view what) const {
  const auto found = entry(key);
  if (!found) return Error(ErrorCode::kInvalidArgument, fmt::format("{} {}", key, what));
  const std::string_view value = is_sensitive(key) ? "(hidden)" : std::string_view(found->value);
  return Error(ErrorCode::kInvalidArgument,
               fmt::format("{} = '{}' ({}) {}", key, value.substr(0, 200), to_string(found->origin), what));
}

Result<std::string> Settings::get(std::string_view key) const {
  const auto found = entry(key);
  if (!found) return std::string();
  if (!found->problem.empty()) return bad_value(key, found->problem);
  return found->value;
}

Result<std::vector<std::string>> Settings::get_strings(std::string_view key) const {
  KNIT_TRY(const auto value, get(key));
  return split_list(value);
}

Result<std::string> Settings::need(std::string_view key) const {
  KNIT_TRY(auto value, get(key));
  if (!value.empty()) return value;
  if (const auto* row = find_default(present_or_same(key)); row && !row->value.empty())
    return std::string(row->value);
  return Error(ErrorCode::kNotFound, fmt::format("{} is not set", key));
}

Result<std::int64_t> Settings::get_int(std::string_view key, std::int64_t min, std::int64_t max) const {
  KNIT_TRY(const auto value, need(key));
  const auto number = parse_number(value);
  if (!number) return bad_value(key, "is not a whole number");
  if (*number < min || *number > max)
    return bad_value(key, fmt::format("is not between {} and {}", min, max));
  return *number;
}

Result<bool> Settings::get_bool(std::string_view key) const {
  KNIT_TRY(const auto value, need(key));
  const auto text = lower(value);
  if (text == "true") return true;
  if (text == "false") return false;
  // Configuration.getBoolean silently takes the default instead.
  return bad_value(key, "is neither true nor false");
}

Result<ByteSize> Settings::get_size(std::string_view key) const {
  KNIT_TRY(const auto value, need(key));
  std::string_view digits = value;
  std::int64_t factor = 1;
  if (!digits.empty() && std::isalpha(static_cast<unsigned char>(digits.back()))) {
    const auto power = std::string_view("kmgtpe").find(lower(digits.substr(digits.size() - 1)));
    if (power != std::string_view::npos) factor = std::int64_t{1} << (10 * (power + 1));
    if (factor > 1) digits.remove_suffix(1);
  }
  const auto number = parse_number(trim(digits));
  const auto bytes = number ? multiply(*number, factor) : std::nullopt;
  if (!bytes || *bytes < 0) return bad_value(key, "is not a size; write bytes or, for example, 128m");
  return ByteSize::bytes(*bytes);
}

Result<std::chrono::milliseconds> Settings::get_time(std::string_view key,
                                                     std::chrono::milliseconds unit) const {
  KNIT_TRY(const auto value, need(key));
  struct Suffix {
    std::string_view text;
    std::int64_t factor, divisor;  // to milliseconds
  };
  static constexpr Suffix kSuffixes[] = {{"ns", 1, 1'000'000}, {"us", 1, 1000},  {"ms", 1, 1},
                                         {"s", 1000, 1},       {"m", 60'000, 1}, {"h", 3600'000, 1},
                                         {"d", 86400'000, 1}};
  const auto text = lower(value);
  std::string_view digits = text;
  Suffix suffix{"", unit.count(), 1};
  for (const auto& candidate : kSuffixes) {
    if (digits.ends_with(candidate.text)) {
      suffix = candidate;
      digits.remove_suffix(candidate.text.size());
      break;
    }
  }
  const auto number = parse_number(digits);
  const auto scaled = number ? multiply(*number, suffix.factor) : std::nullopt;
  if (!scaled) return bad_value(key, "is not a time; write for example 90s, 10m or 500ms");
  return std::chrono::milliseconds(*scaled / suffix.divisor);
}

bool is_sensitive(std::string_view key) {
  const auto name = lower(key);
  for (const std::string_view part :
       {"secret", "password", "passwd", "passphrase", "account.key", "access.key", "session.key",
        "session.token", "encryption.key", "fs.azure.oauth2", "fs.adl.oauth2", "fs.gs.encryption",
        "fs.gs.proxy", "fs.gs.auth"}) {
    if (name.find(part) != std::string::npos) return true;
  }
  if (const auto oauth = name.find("oauth");
      oauth != std::string::npos && name.find("token", oauth) != std::string::npos) {
    return true;
  }
  return name.ends_with("credential") || name.ends_with("keystore.pass") ||
         name.ends_with("truststore.pass") || name.ends_with("encryption.algorithm");
}

}  // namespace knit::conf
