// A reader of Java's object serialization streams, as far as plain data needs it: what an indexed log file's
// index is written in. Pure; runs no code of any class, only reads what the stream itself describes. From:
// "Java Object Serialization Specification", chapter 6 (protocol version 2).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/try.h"

namespace knit::logs {

// What a field or an element holds.
struct JavaValue {
  enum class Kind : std::uint8_t { kNull, kInteger, kReal, kObject };
  Kind kind = Kind::kNull;
  union {
    std::int64_t integer = 0;  // boolean, byte, char, short, int, long
    double real;
    std::uint32_t object;  // index into JavaGraph's objects
  };
};

struct JavaObject {
  enum class Kind : std::uint8_t { kString, kEnum, kArray, kInstance, kClass };
  Kind kind = Kind::kInstance;
  std::uint32_t type = 0;  // index into JavaGraph's classes; not for strings
  std::string text;        // a string, or an enum constant's name; UTF-8
  // Of an instance: its fields in the stream's order, the topmost class's first, as JavaGraph::field finds
  // them.
  std::vector<JavaValue> fields;
  // Of an array: its elements. Of an instance whose class writes more than its fields: the objects among
  // that. A HashMap's are key, value, key, value, ...; an ArrayList's its elements.
  std::vector<JavaValue> elements;
};

struct JavaClass {
  std::string name;  // "java.util.HashMap", "[I"
  std::uint8_t flags = 0;
  std::int32_t super = -1;                               // index, or -1
  std::vector<std::pair<char, std::string>> own_fields;  // type code ('I', 'L', ...) and name
};

// One whole stream. Objects may refer to each other in circles.
class JavaGraph {
 public:
  struct Limits {
    // Of everything in the stream; beyond it, kResourceExhausted. One log file of a node takes about three
    // objects.
    std::size_t objects = 1'000'000;
    std::size_t values = 4'000'000;
    std::size_t classes = 1'000;
    int depth = 64;  // of objects in objects
  };
  // kDataLoss where the stream is damaged, kUnimplemented where it holds what plain data never does (proxies,
  // classes, exceptions), kResourceExhausted at a limit. Text and values take up to some ten times the
  // stream's size.
  static Result<JavaGraph> parse(std::span<const std::byte> stream, const Limits& limits);
  static Result<JavaGraph> parse(std::span<const std::byte> stream) { return parse(stream, Limits()); }

  const JavaValue& root() const { return root_; }
  // nullptr unless the value is an object of that kind.
  const JavaObject* instance(const JavaValue& value) const {
    return of_kind(value, JavaObject::Kind::kInstance);
  }
  const JavaObject* string(const JavaValue& value) const { return of_kind(value, JavaObject::Kind::kString); }
  const JavaObject* enum_constant(const JavaValue& value) const {
    return of_kind(value, JavaObject::Kind::kEnum);
  }
  std::string_view class_name(const JavaObject& object) const;
  // A field by name, of the object's own class or of one above it; nullptr if there is none.
  const JavaValue* field(const JavaObject& object, std::string_view name) const;

 private:
  friend class JavaStreamParser;
  const JavaObject* of_kind(const JavaValue& value, JavaObject::Kind kind) const;

  JavaValue root_;
  std::vector<JavaObject> objects_;
  std::vector<JavaClass> classes_;
};

}  // namespace knit::logs
