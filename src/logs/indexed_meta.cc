#include "logs/indexed_meta.h"

#include <algorithm>
#include <chrono>
#include <tuple>

#include "logs/byte_cursor.h"
#include "logs/java_serialization.h"

namespace knit::logs {
namespace {

Error damaged(std::string what) {
  return Error(ErrorCode::kDataLoss, std::move(what));
}

// Reads typed fields of one object; errors name the class and the field.
class Fields {
 public:
  Fields(const JavaGraph& graph, const JavaObject& object) : graph_(graph), object_(object) {}

  Result<std::string> text(std::string_view name) const {
    const JavaValue* value = graph_.field(object_, name);
    const JavaObject* string = value ? graph_.string(*value) : nullptr;
    if (!string) return missing(name);
    return string->text;
  }
  Result<std::int64_t> integer(std::string_view name) const {
    const JavaValue* value = graph_.field(object_, name);
    if (!value || value->kind != JavaValue::Kind::kInteger) return missing(name);
    return value->integer;
  }
  Result<std::uint64_t> size(std::string_view name) const {
    KNIT_TRY(auto value, integer(name));
    if (value < 0) return damaged("field " + std::string(name) + " is negative");
    return static_cast<std::uint64_t>(value);
  }
  // The elements of a collection: of a list its members, of a map key, value, key, value, ... A wrapper
  // (Collections.unmodifiableMap, synchronizedList, ...) is looked through.
  Result<const std::vector<JavaValue>*> elements(std::string_view name) const {
    const JavaValue* value = graph_.field(object_, name);
    for (int wrapped = 0; value && wrapped < 4; ++wrapped) {
      const JavaObject* collection = graph_.instance(*value);
      if (!collection) break;
      const JavaValue* inner = nullptr;
      for (std::string_view field : {"m", "list", "c"})
        if (graph_.class_name(*collection).starts_with("java.util.Collections$") && !inner)
          inner = graph_.field(*collection, field);
      if (!inner) return &collection->elements;
      value = inner;
    }
    return missing(name);
  }

 private:
  Error missing(std::string_view name) const {
    return damaged("the index has no " + std::string(name) + " in an object of class " +
                   std::string(graph_.class_name(object_)).substr(0, 200));
  }
  const JavaGraph& graph_;
  const JavaObject& object_;
};

std::optional<WallTime> to_time(std::int64_t ms) {
  if (ms <= 0) return std::nullopt;
  return WallTime(std::chrono::milliseconds(ms));
}

// A stream can name one object many times, so its size does not bound what it describes.
constexpr std::size_t kMaxLogs = 1'000'000;
// A file name has at most 255 bytes, a container id some 50.
constexpr std::size_t kMaxName = 4096;

Result<IndexedLog> read_log(const JavaGraph& graph, const JavaObject& object, std::uint64_t end) {
  const Fields fields(graph, object);
  IndexedLog log;
  KNIT_TRY(log.file, fields.text("fileName"));
  KNIT_TRY(log.container, fields.text("containerId"));
  if (log.file.size() > kMaxName || log.container.size() > kMaxName)
    return damaged("a log's name is too long");
  KNIT_TRY(log.offset, fields.size("startIndex"));
  KNIT_TRY(log.stored, fields.size("fileCompressedSize"));
  KNIT_TRY(log.length, fields.size("fileSize"));
  // It was called lastModificatedTime once.
  auto modified = fields.integer("lastModifiedTime");
  if (!modified) modified = fields.integer("lastModificatedTime");
  if (modified) log.modified = to_time(*modified);
  if (log.offset > end || log.stored > end - log.offset)
    return damaged("log " + log.file + " of " + log.container + " is said to lie at offset " +
                   std::to_string(log.offset) + " with " + std::to_string(log.stored) +
                   " bytes, beyond the logs' end at " + std::to_string(end));
  return log;
}

Result<IndexedUpload> read_upload(const JavaGraph& graph, const JavaObject& object, std::uint64_t end,
                                  std::size_t& count) {
  const Fields fields(graph, object);
  IndexedUpload upload;
  KNIT_TRY(auto uploaded, fields.integer("uploadTimeStamp"));
  upload.uploaded = to_time(uploaded).value_or(WallTime{});
  KNIT_TRY(const auto* containers, fields.elements("logMetas"));
  for (std::size_t i = 1; i < containers->size(); i += 2) {
    const JavaObject* list = graph.instance((*containers)[i]);
    if (!list) return damaged("the index holds a container without a list of logs");
    for (const JavaValue& element : list->elements) {
      const JavaObject* log = graph.instance(element);
      if (!log) return damaged("the index holds something that is no log");
      if (++count > kMaxLogs)
        return Error(ErrorCode::kResourceExhausted,
                     "the index lists more than " + std::to_string(kMaxLogs) + " logs");
      KNIT_TRY(auto read, read_log(graph, *log, end));
      upload.logs.push_back(std::move(read));
    }
  }
  std::ranges::sort(upload.logs, {}, [](const IndexedLog& log) { return std::tie(log.container, log.file); });
  return upload;
}

}  // namespace

Result<IndexedMeta> parse_indexed_meta(std::span<const std::byte> stream, std::uint64_t end) {
  KNIT_TRY(auto graph, JavaGraph::parse(stream).with_context("the index of an aggregated log file"));
  const JavaObject* root = graph.instance(graph.root());
  if (!root || !graph.class_name(*root).ends_with("$IndexedLogsMeta"))
    return damaged("the index of an aggregated log file is an object of another class");
  const Fields fields(graph, *root);
  IndexedMeta meta;
  KNIT_TRY(meta.compression, fields.text("compressName"));
  meta.node = fields.text("nodeId").value_or("");
  KNIT_TRY(const auto* uploads, fields.elements("logMetas"));
  std::size_t count = 0;
  for (const JavaValue& element : *uploads) {
    const JavaObject* object = graph.instance(element);
    if (!object) return damaged("the index holds something that is no upload");
    KNIT_TRY(auto upload, read_upload(graph, *object, end, count));
    meta.uploads.push_back(std::move(upload));
  }
  std::ranges::stable_sort(meta.uploads, {}, &IndexedUpload::uploaded);
  return meta;
}

Result<IndexedChecksum> parse_indexed_checksum(std::span<const std::byte> bytes) {
  ByteCursor in(bytes);
  KNIT_TRY(auto size, in.i32());
  if (size < 0 || static_cast<std::size_t>(size) > in.left())
    return damaged("a checksum file with a name of " + std::to_string(size) + " bytes");
  KNIT_TRY(auto name, in.take(static_cast<std::size_t>(size)));
  KNIT_TRY(auto end, in.i64());
  if (end < 0) return damaged("a checksum file with a negative offset");
  return IndexedChecksum{.file = std::string(reinterpret_cast<const char*>(name.data()), name.size()),
                         .end = static_cast<std::uint64_t>(end)};
}

}  // namespace knit::logs
