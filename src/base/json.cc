#include "base/json.h"

#include <fmt/format.h>

// Boost.JSON's only home: header-only, for Debian's archive is not position independent.
#include <boost/json/src.hpp>
#include <optional>

#include "base/encoding.h"
#include "base/utf8.h"

namespace knit::base {
namespace json = boost::json;

Result<json::value> parse_json(std::string_view text, std::size_t max_size) {
  if (text.size() > max_size) {
    return Error(ErrorCode::kResourceExhausted,
                 fmt::format("{} bytes of JSON, and {} is the limit", text.size(), max_size));
  }
  json::stream_parser parser(json::storage_ptr(), json::parse_options{.max_depth = 32});
  json::error_code failed;
  const std::size_t read = parser.write(text.data(), text.size(), failed);
  if (!failed) parser.finish(failed);
  if (failed) {
    return Error(ErrorCode::kDataLoss, fmt::format("not JSON: {} at byte {}", failed.message(), read));
  }
  return parser.release();
}

std::string to_json(const json::value& value) {
  return json::serialize(value);
}

json::value json_text(std::string_view text) {
  if (is_utf8(text)) return json::string(text);
  return json::string(to_utf8(text));
}

json::value json_bytes(std::string_view bytes) {
  if (is_utf8(bytes)) return json::string(bytes);
  return json::object{{"base64", base64_encode(bytes)}};
}

struct JsonReader::Shared {
  std::optional<Error> error;
};

JsonReader::JsonReader(const json::value& value, std::string what)
    : JsonReader(&value, std::move(what), std::make_shared<Shared>()) {}

JsonReader::JsonReader(const json::value* value, std::string path, std::shared_ptr<Shared> shared)
    : path_(std::move(path)), shared_(std::move(shared)) {
  if (value != nullptr) object_ = value->if_object();
  if (object_ == nullptr && !shared_->error) {
    shared_->error = Error(ErrorCode::kDataLoss, fmt::format("{}: is not an object", path_));
  }
}

const json::value* JsonReader::find(std::string_view name) const {
  if (object_ == nullptr) return nullptr;
  const json::value* value = object_->if_contains(json::string_view(name.data(), name.size()));
  return value != nullptr && value->is_null() ? nullptr : value;
}

const json::value* JsonReader::need(std::string_view name) {
  const json::value* value = find(name);
  if (value == nullptr) fail(name, "is missing");
  return value;
}

bool JsonReader::has(std::string_view name) const {
  return find(name) != nullptr;
}

void JsonReader::fail(std::string_view name, std::string_view what) {
  if (shared_->error) return;
  shared_->error = Error(ErrorCode::kDataLoss, fmt::format("{}: {}: {}", path_, name, what));
}

Status JsonReader::status() const {
  if (shared_->error) return *shared_->error;
  return {};
}

std::string JsonReader::text(std::string_view name) {
  const json::value* value = need(name);
  if (value == nullptr) return {};
  const json::string* text = value->if_string();
  if (text == nullptr) {
    fail(name, "is not a text");
    return {};
  }
  return std::string(text->data(), text->size());
}

std::string JsonReader::text_or(std::string_view name, std::string_view fallback) {
  return has(name) ? text(name) : std::string(fallback);
}

std::string JsonReader::read_bytes(std::string_view name, const json::value& value) {
  if (const json::string* text = value.if_string()) return std::string(text->data(), text->size());
  const json::object* wrapped = value.if_object();
  const json::value* encoded = wrapped == nullptr ? nullptr : wrapped->if_contains("base64");
  const json::string* text = encoded == nullptr ? nullptr : encoded->if_string();
  if (text == nullptr) {
    fail(name, "is neither a text nor {\"base64\": ...}");
    return {};
  }
  auto bytes = base64_decode(std::string_view(text->data(), text->size()));
  if (!bytes) {
    fail(name, bytes.error().message());
    return {};
  }
  return *std::move(bytes);
}

std::string JsonReader::bytes(std::string_view name) {
  const json::value* value = need(name);
  return value == nullptr ? std::string() : read_bytes(name, *value);
}

std::int64_t JsonReader::integer(std::string_view name, std::int64_t min, std::int64_t max) {
  const json::value* value = need(name);
  return value == nullptr ? 0 : read_integer(name, *value, min, max);
}

std::int64_t JsonReader::read_integer(std::string_view name, const json::value& value, std::int64_t min,
                                      std::int64_t max) {
  const std::int64_t* number = value.if_int64();
  if (number == nullptr) {
    fail(name, "is not a whole number");
    return 0;
  }
  if (*number < min || *number > max) {
    fail(name, fmt::format("{} is not between {} and {}", *number, min, max));
    return 0;
  }
  return *number;
}

std::int64_t JsonReader::integer_or(std::string_view name, std::int64_t fallback, std::int64_t min,
                                    std::int64_t max) {
  return has(name) ? integer(name, min, max) : fallback;
}

bool JsonReader::boolean_or(std::string_view name, bool fallback) {
  const json::value* value = find(name);
  if (value == nullptr) return fallback;
  if (const bool* flag = value->if_bool()) return *flag;
  fail(name, "is neither true nor false");
  return false;
}

JsonReader JsonReader::object(std::string_view name) {
  return JsonReader(need(name), fmt::format("{}: {}", path_, name), shared_);
}

const json::array* JsonReader::array(std::string_view name, std::size_t max) {
  const json::value* value = find(name);
  if (value == nullptr) return nullptr;
  const json::array* list = value->if_array();
  if (list == nullptr) fail(name, "is not a list");
  if (list != nullptr && list->size() > max) {
    fail(name, fmt::format("has {} entries, and {} is the limit", list->size(), max));
    return nullptr;
  }
  return list;
}

std::vector<JsonReader> JsonReader::objects(std::string_view name, std::size_t max) {
  std::vector<JsonReader> out;
  const json::array* list = array(name, max);
  if (list == nullptr) return out;
  for (const json::value& value : *list) {
    out.push_back(JsonReader(&value, fmt::format("{}: {}[{}]", path_, name, out.size()), shared_));
  }
  return out;
}

std::vector<std::int64_t> JsonReader::integers(std::string_view name, std::size_t max_count, std::int64_t min,
                                               std::int64_t max) {
  std::vector<std::int64_t> out;
  const json::array* list = array(name, max_count);
  if (list == nullptr) return out;
  for (const json::value& value : *list)
    out.push_back(read_integer(fmt::format("{}[{}]", name, out.size()), value, min, max));
  return out;
}

std::vector<std::string> JsonReader::texts(std::string_view name, std::size_t max) {
  std::vector<std::string> out;
  const json::array* list = array(name, max);
  if (list == nullptr) return out;
  for (const json::value& value : *list) {
    const json::string* text = value.if_string();
    if (text == nullptr) {
      fail(fmt::format("{}[{}]", name, out.size()), "is not a text");
      return {};
    }
    out.emplace_back(text->data(), text->size());
  }
  return out;
}

std::vector<std::string> JsonReader::byte_list(std::string_view name, std::size_t max) {
  std::vector<std::string> out;
  const json::array* list = array(name, max);
  if (list == nullptr) return out;
  for (const json::value& value : *list) {
    out.push_back(read_bytes(fmt::format("{}[{}]", name, out.size()), value));
  }
  return out;
}

const json::object* JsonReader::map(std::string_view name, std::size_t max) {
  const json::value* value = find(name);
  if (value == nullptr) return nullptr;
  const json::object* members = value->if_object();
  if (members == nullptr) fail(name, "is not an object");
  if (members != nullptr && members->size() > max) {
    fail(name, fmt::format("has {} entries, and {} is the limit", members->size(), max));
    return nullptr;
  }
  return members;
}

std::map<std::string, std::string> JsonReader::text_map(std::string_view name, std::size_t max) {
  std::map<std::string, std::string> out;
  const json::object* members = map(name, max);
  if (members == nullptr) return out;
  for (const auto& member : *members) {
    const json::string* text = member.value().if_string();
    if (text == nullptr) {
      fail(fmt::format("{}: {}", name, std::string_view(member.key())), "is not a text");
      return {};
    }
    out.emplace(std::string(member.key()), std::string(text->data(), text->size()));
  }
  return out;
}

std::map<std::string, std::int64_t> JsonReader::integer_map(std::string_view name, std::size_t max) {
  std::map<std::string, std::int64_t> out;
  const json::object* members = map(name, max);
  if (members == nullptr) return out;
  for (const auto& member : *members) {
    const std::int64_t* number = member.value().if_int64();
    if (number == nullptr) {
      fail(fmt::format("{}: {}", name, std::string_view(member.key())), "is not a whole number");
      return {};
    }
    out.emplace(std::string(member.key()), *number);
  }
  return out;
}

}  // namespace knit::base
