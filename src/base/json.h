// JSON from outside, read with limits and with errors that name the member; and what we write.
#pragma once

#include <knit/result.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace knit::base {

// A whole JSON text (RFC 8259, UTF-8), nested at most 32 deep. kDataLoss says what is wrong and at which
// byte; kResourceExhausted if it is longer than `max_size` bytes.
Result<boost::json::value> parse_json(std::string_view text, std::size_t max_size);

// On one line, without a newline.
std::string to_json(const boost::json::value& value);

// Text for people; bytes that are not UTF-8 become U+FFFD.
boost::json::value json_text(std::string_view text);
// Any bytes, read back exactly by JsonReader::bytes: a string where they are UTF-8, else {"base64": "..."}.
boost::json::value json_bytes(std::string_view bytes);

// Reads the members of one object, and of objects inside it. The first thing that is missing or malformed is
// kept and names its place ("launch.json: spec.instances: ..."); later getters then give their zero values,
// so ask status() once at the end and use nothing before that. Members that are not asked for are ignored.
// Refers to `value`, which must live as long.
class JsonReader {
 public:
  JsonReader(const boost::json::value& value, std::string what);

  bool has(std::string_view name) const;  // and it is not null

  // Required members.
  std::string text(std::string_view name);
  std::string bytes(std::string_view name);
  std::int64_t integer(std::string_view name, std::int64_t min = INT64_MIN, std::int64_t max = INT64_MAX);
  // Members that may be missing or null.
  std::string text_or(std::string_view name, std::string_view fallback);
  std::int64_t integer_or(std::string_view name, std::int64_t fallback, std::int64_t min = INT64_MIN,
                          std::int64_t max = INT64_MAX);
  bool boolean_or(std::string_view name, bool fallback);
  // One object; its errors are this reader's too.
  JsonReader object(std::string_view name);
  // A list of objects, of numbers, of texts or of bytes; missing is empty. Longer than `max` is an error.
  std::vector<JsonReader> objects(std::string_view name, std::size_t max);
  std::vector<std::int64_t> integers(std::string_view name, std::size_t max_count, std::int64_t min,
                                     std::int64_t max);
  std::vector<std::string> texts(std::string_view name, std::size_t max);
  std::vector<std::string> byte_list(std::string_view name, std::size_t max);
  // {"name": "text", ...} and {"name": 7, ...}; missing is empty.
  std::map<std::string, std::string> text_map(std::string_view name, std::size_t max);
  std::map<std::string, std::int64_t> integer_map(std::string_view name, std::size_t max);

  // Parses a required member's text, e.g. parsed<ContainerId>("container", ContainerId::parse).
  template <class T>
  T parsed(std::string_view name, Result<T> (*parse)(std::string_view)) {
    const std::string value = text(name);
    if (!status()) return T{};
    Result<T> result = parse(value);
    if (!result) {
      fail(name, result.error().message());
      return T{};
    }
    return *std::move(result);
  }

  // Says that a member's value is wrong; the first complaint stays. kDataLoss.
  void fail(std::string_view name, std::string_view what);
  Status status() const;

 private:
  struct Shared;
  JsonReader(const boost::json::value* value, std::string path, std::shared_ptr<Shared> shared);
  const boost::json::value* find(std::string_view name) const;
  const boost::json::value* need(std::string_view name);
  const boost::json::array* array(std::string_view name, std::size_t max);
  const boost::json::object* map(std::string_view name, std::size_t max);
  std::int64_t read_integer(std::string_view name, const boost::json::value& value, std::int64_t min,
                            std::int64_t max);
  std::string read_bytes(std::string_view name, const boost::json::value& value);

  const boost::json::object* object_ = nullptr;  // null where the value is none: everything is missing
  std::string path_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace knit::base
