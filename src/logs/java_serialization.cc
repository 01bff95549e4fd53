#include "logs/java_serialization.h"

#include <bit>
#include <optional>

#include "logs/byte_cursor.h"
#include "logs/java_text.h"

namespace knit::logs {
namespace {

// java.io.ObjectStreamConstants.
enum : std::uint8_t {
  kTcNull = 0x70,
  kTcReference = 0x71,
  kTcClassDesc = 0x72,
  kTcObject = 0x73,
  kTcString = 0x74,
  kTcArray = 0x75,
  kTcClass = 0x76,
  kTcBlockData = 0x77,
  kTcEndBlockData = 0x78,
  kTcBlockDataLong = 0x7a,
  kTcLongString = 0x7c,
  kTcEnum = 0x7e,
};
constexpr std::uint16_t kMagic = 0xaced, kVersion = 5;
constexpr std::int32_t kFirstHandle = 0x7e0000;
constexpr std::uint8_t kWriteMethod = 0x01, kExternalizable = 0x04, kBlockData = 0x08;
// No class of plain data has more.
constexpr std::size_t kMaxFields = 256;
constexpr int kMaxChain = 16;

Error damaged(std::string what) {
  return Error(ErrorCode::kDataLoss, std::move(what));
}

}  // namespace

// Handles count class descriptions and objects in one order, in which the stream first shows them; an object
// gets its own before what it holds.
class JavaStreamParser {
 public:
  JavaStreamParser(std::span<const std::byte> stream, const JavaGraph::Limits& limits)
      : in_(stream), limits_(limits) {}

  Result<JavaGraph> parse() {
    KNIT_TRY(auto magic, in_.u16());
    KNIT_TRY(auto version, in_.u16());
    if (magic != kMagic || version != kVersion) return damaged("not a Java object stream");
    KNIT_TRY(graph_.root_, read_object());
    return std::move(graph_);
  }

 private:
  struct Handle {
    bool is_class = false;
    std::uint32_t index = 0;
  };

  Result<std::string> read_utf() {
    KNIT_TRY(auto size, in_.u16());
    KNIT_TRY(auto bytes, in_.take(size));
    return from_modified_utf8(bytes);
  }

  Result<Handle> read_reference() {
    KNIT_TRY(auto handle, in_.i32());
    const std::int64_t index = static_cast<std::int64_t>(handle) - kFirstHandle;
    if (index < 0 || index >= static_cast<std::int64_t>(handles_.size()))
      return damaged("a reference to an object that was not written before");
    return handles_[static_cast<std::size_t>(index)];
  }

  Result<std::uint32_t> add_object(JavaObject object) {
    if (graph_.objects_.size() >= limits_.objects)
      return Error(ErrorCode::kResourceExhausted,
                   "more than " + std::to_string(limits_.objects) + " objects");
    graph_.objects_.push_back(std::move(object));
    const auto index = static_cast<std::uint32_t>(graph_.objects_.size() - 1);
    handles_.push_back({.is_class = false, .index = index});
    return index;
  }

  Status count_value() {
    if (++values_ > limits_.values)
      return Error(ErrorCode::kResourceExhausted, "more than " + std::to_string(limits_.values) + " values");
    return {};
  }

  // Bounds the recursion. Left by --depth_; after an error nothing is read any more.
  Status enter() {
    if (++depth_ <= limits_.depth) return {};
    return Error(ErrorCode::kResourceExhausted,
                 "objects lie more than " + std::to_string(limits_.depth) + " deep in objects");
  }

  static JavaValue object_value(std::uint32_t index) {
    JavaValue value{.kind = JavaValue::Kind::kObject};
    value.object = index;
    return value;
  }

  Result<JavaValue> read_object() {
    KNIT_TRY(auto tag, in_.u8());
    return read_object(tag);
  }
  Result<JavaValue> read_object(std::uint8_t tag);
  Result<JavaValue> read_string(std::uint64_t size);
  Result<JavaValue> read_enum();
  Result<JavaValue> read_array();
  Result<JavaValue> read_instance();
  Result<JavaValue> read_field(char type);
  Status read_instance_of(std::uint32_t object, std::uint32_t type);
  Status read_annotation(std::vector<JavaValue>* objects);
  Result<std::int32_t> read_class();
  Result<std::uint32_t> read_class_of_object();
  Status read_class_fields(JavaClass& type);

  ByteCursor in_;
  JavaGraph::Limits limits_;
  JavaGraph graph_;
  std::vector<Handle> handles_;
  std::size_t values_ = 0;
  std::vector<int> chain_;  // of each class: how many there are from it to the top; 0 while it is being read
  int depth_ = 0;
};

Result<JavaValue> JavaStreamParser::read_object(std::uint8_t tag) {
  KNIT_TRY_VOID(count_value());
  KNIT_TRY_VOID(enter());
  auto read = [&]() -> Result<JavaValue> {
    switch (tag) {
      case kTcNull:
        return JavaValue{};
      case kTcReference: {
        KNIT_TRY(auto handle, read_reference());
        if (handle.is_class) return damaged("a class where an object is expected");
        return object_value(handle.index);
      }
      case kTcString: {
        KNIT_TRY(auto size, in_.u16());
        return read_string(size);
      }
      case kTcLongString: {
        KNIT_TRY(auto size, in_.i64());
        if (size < 0) return damaged("a string of negative length");
        return read_string(static_cast<std::uint64_t>(size));
      }
      case kTcEnum:
        return read_enum();
      case kTcArray:
        return read_array();
      case kTcClass: {  // a class as a value: an EnumMap has its keys'
        KNIT_TRY(auto type, read_class_of_object());
        KNIT_TRY(auto index, add_object({.kind = JavaObject::Kind::kClass, .type = type}));
        return object_value(index);
      }
      case kTcObject:
        return read_instance();
      default:
        return Error(ErrorCode::kUnimplemented, "the Java object stream holds an element of type " +
                                                    std::to_string(tag) + " at offset " +
                                                    std::to_string(in_.offset() - 1));
    }
  };
  auto value = read();
  --depth_;
  return value;
}

Result<JavaValue> JavaStreamParser::read_string(std::uint64_t size) {
  if (size > in_.left())
    return damaged("a string of " + std::to_string(size) + " bytes, longer than what is left");
  KNIT_TRY(auto bytes, in_.take(static_cast<std::size_t>(size)));
  KNIT_TRY(auto text, from_modified_utf8(bytes));
  KNIT_TRY(auto index, add_object({.kind = JavaObject::Kind::kString, .text = std::move(text)}));
  return object_value(index);
}

Result<JavaValue> JavaStreamParser::read_enum() {
  KNIT_TRY(auto type, read_class_of_object());
  KNIT_TRY(auto index, add_object({.kind = JavaObject::Kind::kEnum, .type = type}));
  KNIT_TRY(auto constant, read_object());
  const JavaObject* name = graph_.string(constant);
  if (!name) return damaged("an enum constant without a name");
  graph_.objects_[index].text = name->text;
  return object_value(index);
}

Result<JavaValue> JavaStreamParser::read_array() {
  KNIT_TRY(auto type, read_class_of_object());
  KNIT_TRY(auto index, add_object({.kind = JavaObject::Kind::kArray, .type = type}));
  KNIT_TRY(auto size, in_.i32());
  const std::string& name = graph_.classes_[type].name;
  // Each element takes one byte or more.
  if (size < 0 || static_cast<std::size_t>(size) > in_.left() || name.size() < 2 || name[0] != '[')
    return damaged("an array of class '" + name + "' and length " + std::to_string(size));
  const char element = name[1];
  std::vector<JavaValue> elements;
  for (std::int32_t i = 0; i < size; ++i) {
    KNIT_TRY(auto value, read_field(element));
    elements.push_back(value);
  }
  graph_.objects_[index].elements = std::move(elements);
  return object_value(index);
}

Result<JavaValue> JavaStreamParser::read_instance() {
  KNIT_TRY(auto type, read_class_of_object());
  KNIT_TRY(auto index, add_object({.kind = JavaObject::Kind::kInstance, .type = type}));
  // The topmost class's part comes first.
  std::vector<std::uint32_t> chain;
  for (auto at = static_cast<std::int32_t>(type); at >= 0;
       at = graph_.classes_[static_cast<std::size_t>(at)].super)
    chain.push_back(static_cast<std::uint32_t>(at));
  for (std::size_t i = chain.size(); i-- > 0;) KNIT_TRY_VOID(read_instance_of(index, chain[i]));
  return object_value(index);
}

// The part of an object that one class of its chain wrote.
Status JavaStreamParser::read_instance_of(std::uint32_t object, std::uint32_t type) {
  const std::uint8_t flags = graph_.classes_[type].flags;
  if (flags & kExternalizable) {
    if (!(flags & kBlockData))
      return Error(ErrorCode::kUnimplemented,
                   "class " + graph_.classes_[type].name + " writes itself in its own format");
  } else {
    for (std::size_t i = 0; i < graph_.classes_[type].own_fields.size(); ++i) {
      // Reading may grow the vectors: nothing is held across it.
      KNIT_TRY(auto value, read_field(graph_.classes_[type].own_fields[i].first));
      graph_.objects_[object].fields.push_back(value);
    }
    if (!(flags & kWriteMethod)) return {};
  }
  std::vector<JavaValue> objects;
  KNIT_TRY_VOID(read_annotation(&objects));
  auto& elements = graph_.objects_[object].elements;
  elements.insert(elements.end(), objects.begin(), objects.end());
  return {};
}

// What a class wrote beside its fields: raw bytes, which are left out, and objects, to the end mark.
Status JavaStreamParser::read_annotation(std::vector<JavaValue>* objects) {
  while (true) {
    KNIT_TRY(auto tag, in_.u8());
    std::int64_t raw = 0;
    if (tag == kTcEndBlockData) return {};
    if (tag == kTcBlockData) {
      KNIT_TRY(raw, in_.u8());
    } else if (tag == kTcBlockDataLong) {
      KNIT_TRY(raw, in_.i32());
      if (raw < 0) return damaged("a block of negative length");
    } else {
      KNIT_TRY(auto value, read_object(tag));
      if (objects) objects->push_back(value);
      continue;
    }
    KNIT_TRY(auto left_out, in_.take(static_cast<std::size_t>(raw)));
    static_cast<void>(left_out);
  }
}

Result<JavaValue> JavaStreamParser::read_field(char type) {
  JavaValue value{.kind = JavaValue::Kind::kInteger};
  if (type == 'L' || type == '[') return read_object();
  KNIT_TRY_VOID(count_value());
  switch (type) {
    case 'Z':
    case 'B': {
      KNIT_TRY(auto byte, in_.u8());
      value.integer = static_cast<std::int8_t>(byte);
      return value;
    }
    case 'C':
    case 'S': {
      KNIT_TRY(auto two, in_.u16());
      value.integer = type == 'C' ? two : static_cast<std::int16_t>(two);
      return value;
    }
    case 'I': {
      KNIT_TRY(value.integer, in_.i32());
      return value;
    }
    case 'J': {
      KNIT_TRY(value.integer, in_.i64());
      return value;
    }
    case 'F': {
      KNIT_TRY(auto bits, in_.i32());
      value.kind = JavaValue::Kind::kReal;
      value.real = std::bit_cast<float>(bits);
      return value;
    }
    case 'D': {
      KNIT_TRY(auto bits, in_.i64());
      value.kind = JavaValue::Kind::kReal;
      value.real = std::bit_cast<double>(bits);
      return value;
    }
    default:
      return damaged("a field of unknown type code " + std::to_string(static_cast<unsigned char>(type)));
  }
}

Result<std::uint32_t> JavaStreamParser::read_class_of_object() {
  KNIT_TRY(auto index, read_class());
  if (index < 0) return damaged("an object without a class");
  return static_cast<std::uint32_t>(index);
}

// A class description, or -1 for none.
Result<std::int32_t> JavaStreamParser::read_class() {
  KNIT_TRY(auto tag, in_.u8());
  if (tag == kTcNull) return -1;
  if (tag == kTcReference) {
    KNIT_TRY(auto handle, read_reference());
    if (!handle.is_class) return damaged("an object where a class is expected");
    // Otherwise a class could be its own superclass.
    if (chain_[handle.index] == 0) return damaged("a class that is used before its description ends");
    return static_cast<std::int32_t>(handle.index);
  }
  if (tag != kTcClassDesc)
    return Error(ErrorCode::kUnimplemented,
                 "a class is described by an element of type " + std::to_string(tag));
  if (graph_.classes_.size() >= limits_.classes)
    return Error(ErrorCode::kResourceExhausted, "more than " + std::to_string(limits_.classes) + " classes");
  KNIT_TRY_VOID(enter());

  JavaClass type;
  KNIT_TRY(type.name, read_utf());
  KNIT_TRY(auto uid, in_.i64());
  static_cast<void>(
      uid);  // serialVersionUID: the fields are read as the stream describes them, whatever the version
  const std::size_t index = graph_.classes_.size();
  graph_.classes_.emplace_back();
  chain_.push_back(0);
  handles_.push_back({.is_class = true, .index = static_cast<std::uint32_t>(index)});
  KNIT_TRY(type.flags, in_.u8());
  KNIT_TRY_VOID(read_class_fields(type));
  KNIT_TRY_VOID(read_annotation(nullptr));
  KNIT_TRY(type.super, read_class());
  chain_[index] = 1 + (type.super < 0 ? 0 : chain_[static_cast<std::size_t>(type.super)]);
  if (chain_[index] > kMaxChain) return Error(ErrorCode::kResourceExhausted, "too long a chain of classes");
  graph_.classes_[index] = std::move(type);
  --depth_;
  return static_cast<std::int32_t>(index);
}

Status JavaStreamParser::read_class_fields(JavaClass& type) {
  KNIT_TRY(auto count, in_.u16());
  if (count > kMaxFields)
    return Error(ErrorCode::kResourceExhausted, "a class of " + std::to_string(count) + " fields");
  for (std::uint16_t i = 0; i < count; ++i) {
    KNIT_TRY(auto code, in_.u8());
    KNIT_TRY(auto name, read_utf());
    if (code == 'L' || code == '[') {
      KNIT_TRY(auto declared, read_object());  // the field's type, of no interest, but it takes a handle
      if (!graph_.string(declared)) return damaged("field " + name + " without a type");
    }
    type.own_fields.emplace_back(static_cast<char>(code), std::move(name));
  }
  return {};
}

Result<JavaGraph> JavaGraph::parse(std::span<const std::byte> stream, const Limits& limits) {
  return JavaStreamParser(stream, limits).parse();
}

const JavaObject* JavaGraph::of_kind(const JavaValue& value, JavaObject::Kind kind) const {
  if (value.kind != JavaValue::Kind::kObject || value.object >= objects_.size()) return nullptr;
  const JavaObject& object = objects_[value.object];
  return object.kind == kind ? &object : nullptr;
}

std::string_view JavaGraph::class_name(const JavaObject& object) const {
  if (object.kind == JavaObject::Kind::kString) return "java.lang.String";
  return classes_[object.type].name;
}

const JavaValue* JavaGraph::field(const JavaObject& object, std::string_view name) const {
  if (object.kind != JavaObject::Kind::kInstance) return nullptr;
  // Fields lie in the order of the chain from the top; count from the end, for the chain is walked from the
  // bottom.
  std::size_t end = object.fields.size();
  for (auto at = static_cast<std::int32_t>(object.type); at >= 0;) {
    const JavaClass& type = classes_[static_cast<std::size_t>(at)];
    const std::size_t own = type.flags & kExternalizable ? 0 : type.own_fields.size();
    if (own > end) return nullptr;
    for (std::size_t i = 0; i < own; ++i)
      if (type.own_fields[i].second == name) return &object.fields[end - own + i];
    end -= own;
    at = type.super;
  }
  return nullptr;
}

}  // namespace knit::logs
