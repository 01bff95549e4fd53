#include "logs/java_serialization.h"

#include <gtest/gtest.h>

#include "logs/byte_cursor.h"
#include "logs/golden_logs.h"
#include "logs/indexed_meta.h"

namespace knit::logs {
namespace {

using namespace std::string_literals;

const std::string kHead = "\xac\xed\0\5"s;

std::string utf(const std::string& text) {
  return std::string{static_cast<char>(text.size() >> 8), static_cast<char>(text.size())} + text;
}
std::string class_desc(const std::string& name, char flags, const std::string& fields, int count,
                       const std::string& super = "\x70") {
  return "\x72" + utf(name) + std::string(8, '\1') + flags + std::string{'\0', static_cast<char>(count)} +
         fields + "\x78" + super;
}
std::string array_list(const std::string& elements, char size) {
  return "\x73" + class_desc("java.util.ArrayList", 3, "I" + utf("size"), 1) + "\0\0\0"s + size +
         "\x77\4\0\0\0\1"s + elements + "\x78";
}

Result<JavaGraph> parse(const std::string& body, JavaGraph::Limits limits = {}) {
  const std::string bytes = kHead + body;
  return JavaGraph::parse(io::as_bytes(bytes), limits);
}

TEST(JavaSerialization, StringsAndNull) {
  EXPECT_EQ(parse("\x70")->root().kind, JavaValue::Kind::kNull);
  auto graph = parse("\x74" + utf("hello"));
  ASSERT_TRUE(graph);
  EXPECT_EQ(graph->string(graph->root())->text, "hello");
  EXPECT_EQ(graph->class_name(*graph->string(graph->root())), "java.lang.String");
}

TEST(JavaSerialization, FieldsOfEveryTypeAndOfTheClassAbove) {
  const std::string above = class_desc("Above", 2, "J" + utf("long"), 1);
  const std::string type = class_desc(
      "Own", 2,
      "B" + utf("byte") + "C" + utf("char") + "D" + utf("double") + "F" + utf("float") + "I" + utf("int") +
          "S" + utf("short") + "Z" + utf("flag") + "L" + utf("text") + "\x74" + utf("Ljava/lang/String;"),
      8, above);
  auto graph = parse("\x73" + type + "\0\0\0\0\0\0\1\0"s + "\xff" + "\xff\xff" + "\x3f\xf8\0\0\0\0\0\0"s +
                     "\x3f\xc0\0\0"s + "\xff\xff\xff\xfe" + "\xff\xfd" + "\1" + "\x74" + utf("x"));
  ASSERT_TRUE(graph) << graph.error().message();
  const JavaObject* object = graph->instance(graph->root());
  ASSERT_TRUE(object);
  EXPECT_EQ(graph->class_name(*object), "Own");
  EXPECT_EQ(graph->field(*object, "long")->integer, 256);
  EXPECT_EQ(graph->field(*object, "byte")->integer, -1);
  EXPECT_EQ(graph->field(*object, "char")->integer, 65535);
  EXPECT_EQ(graph->field(*object, "double")->real, 1.5);
  EXPECT_EQ(graph->field(*object, "float")->real, 1.5);
  EXPECT_EQ(graph->field(*object, "int")->integer, -2);
  EXPECT_EQ(graph->field(*object, "short")->integer, -3);
  EXPECT_EQ(graph->field(*object, "flag")->integer, 1);
  EXPECT_EQ(graph->string(*graph->field(*object, "text"))->text, "x");
  EXPECT_EQ(graph->field(*object, "other"), nullptr);
}

TEST(JavaSerialization, ListsEnumsArraysAndReferences) {
  // handles: 0 ArrayList, 1 the list, 2 "a", 3 enum class, 4 its super, 5 the constant, 6 its name
  const std::string constant = "\x7e" +
                               class_desc("Access", 0x12, "", 0, class_desc("java.lang.Enum", 0x12, "", 0)) +
                               "\x74" + utf("VIEW_APP");
  const std::string array = "\x75" + class_desc("[I", 2, "", 0) + "\0\0\0\2\0\0\0\7\0\0\0\x8"s;
  auto graph = parse(array_list("\x74" + utf("a") + constant + "\x71\0\x7e\0\2"s + array, 4));
  ASSERT_TRUE(graph) << graph.error().message();
  const auto& elements = graph->instance(graph->root())->elements;
  ASSERT_EQ(elements.size(), 4u);
  EXPECT_EQ(graph->string(elements[0])->text, "a");
  EXPECT_EQ(graph->enum_constant(elements[1])->text, "VIEW_APP");
  EXPECT_EQ(elements[2].object, elements[0].object);
}

TEST(JavaSerialization, RefusesDamageAndWhatIsNoPlainData) {
  auto code = [](const std::string& body) {
    auto graph = parse(body);
    return graph ? std::optional<ErrorCode>() : graph.error().code();
  };
  EXPECT_EQ(code(""), ErrorCode::kDataLoss);
  EXPECT_EQ(code("\x71\0\x7e\0\0"s), ErrorCode::kDataLoss);  // refers to nothing
  EXPECT_EQ(code("\x74\0\x9z"s), ErrorCode::kDataLoss);      // longer than the stream
  EXPECT_EQ(code("\x7c\x7f\xff\xff\xff\xff\xff\xff\xff"), ErrorCode::kDataLoss);
  EXPECT_EQ(code("\x79"), ErrorCode::kUnimplemented);      // a reset
  EXPECT_EQ(code("\x73\x7d"), ErrorCode::kUnimplemented);  // a proxy
  EXPECT_EQ(code("\x73\x70"), ErrorCode::kDataLoss);       // no class
  EXPECT_EQ(code("\x73" + class_desc("A", 2, "", 0, "\x71\0\x7e\0\0"s)),
            ErrorCode::kDataLoss);                                                 // its own super
  EXPECT_EQ(code("\x73" + class_desc("A", 4, "", 0)), ErrorCode::kUnimplemented);  // its own format
  EXPECT_EQ(code("\x73" + class_desc("A", 2, "?" + utf("f"), 1) + "\1"), ErrorCode::kDataLoss);
  EXPECT_EQ(code("\x75" + class_desc("[I", 2, "", 0) + "\x7f\xff\xff\xff"), ErrorCode::kDataLoss);
  EXPECT_EQ(JavaGraph::parse(io::as_bytes("PK\3\4")).error().code(), ErrorCode::kDataLoss);
}

TEST(JavaSerialization, LimitsHold) {
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "\x75" + class_desc("[L", 2, "", 0) + "\0\0\0\1"s;
  EXPECT_EQ(parse(deep).error().code(), ErrorCode::kResourceExhausted);
  std::string chain = "\x73", ends;
  for (int i = 0; i < 1000; ++i) {
    chain += "\x72" + utf("A") + std::string(8, '\1') + "\2\0\0\x78"s;
  }
  EXPECT_EQ(parse(chain).error().code(), ErrorCode::kResourceExhausted);
  const std::string three = array_list("\x74" + utf("a") + "\x74" + utf("b") + "\x70", 3);
  EXPECT_TRUE(parse(three));
  EXPECT_EQ(parse(three, {.objects = 2}).error().code(), ErrorCode::kResourceExhausted);
  EXPECT_EQ(parse(three, {.values = 3}).error().code(), ErrorCode::kResourceExhausted);
}

TEST(IndexedMeta, OfARealFileAndCutAnywhere) {
  const std::string file = golden("logs/ifile-gz.3.4.2.bin");
  const std::string trailer = file.substr(file.size() - kIndexedTrailer);
  ByteCursor cursor(io::as_bytes(trailer));
  const auto size = static_cast<std::size_t>(*cursor.i32());
  const std::size_t start = file.size() - kIndexedTrailer - size;
  const std::string stream = file.substr(start, size);
  auto meta = parse_indexed_meta(io::as_bytes(stream), start);
  ASSERT_TRUE(meta) << meta.error().message();
  EXPECT_EQ(meta->compression, "gz");
  EXPECT_NE(meta->node.find(':'), std::string::npos);
  ASSERT_EQ(meta->uploads.size(), 1u);
  EXPECT_GT(meta->uploads[0].uploaded.time_since_epoch().count(), 1'500'000'000'000);
  EXPECT_EQ(meta->uploads[0].logs.size(), golden_entries("ifile-gz.3.4.2.bin").size());
  EXPECT_TRUE(meta->uploads[0].logs[0].modified);

  for (std::size_t cut = 0; cut < size; cut += cut < 300 ? 1 : 7)
    EXPECT_FALSE(parse_indexed_meta(io::as_bytes(std::string_view(stream).substr(0, cut)), start)) << cut;
  EXPECT_EQ(parse_indexed_meta(io::as_bytes(stream), 1000).error().code(), ErrorCode::kDataLoss);
}

TEST(IndexedMeta, UploadsInTheirOrderWhateverTheClassOfTheRightsMap) {
  for (const char* map : {"concurrent", "empty", "enum", "hash", "hashtable", "linked", "mapof", "null",
                          "singleton", "sync", "tree", "unmodifiable"}) {
    const std::string stream = golden("logs-index/acls-"s + map + ".bin");
    auto meta = parse_indexed_meta(io::as_bytes(stream), 1000);
    ASSERT_TRUE(meta) << map << ": " << meta.error().message();
    EXPECT_EQ(meta->node, "node1:45454");
    ASSERT_EQ(meta->uploads.size(), 2u);
    EXPECT_LT(meta->uploads[0].uploaded, meta->uploads[1].uploaded);
    for (const auto& upload : meta->uploads) {
      ASSERT_EQ(upload.logs.size(), 4u) << map;
      EXPECT_EQ(upload.logs[0].container, "container_1763862000000_0001_01_000002");
      EXPECT_EQ(upload.logs[3].file, "stdout");
    }
    EXPECT_EQ(meta->uploads[0].logs[0].offset, 32u);
  }
}

TEST(IndexedMeta, Checksum) {
  auto sum = parse_indexed_checksum(io::as_bytes("\0\0\0\4n_12\0\0\0\0\0\0\1\2"s));
  ASSERT_TRUE(sum);
  EXPECT_EQ(sum->file, "n_12");
  EXPECT_EQ(sum->end, 258u);
  for (const auto& bad : {""s, "\0\0\0\5n_12"s, "\xff\xff\xff\xffn_12\0\0\0\0\0\0\1\2"s, "\0\0\0\4n_12\0\0"s,
                          "\0\0\0\1n\x80\0\0\0\0\0\0\2"s})
    EXPECT_EQ(parse_indexed_checksum(io::as_bytes(bad)).error().code(), ErrorCode::kDataLoss);
}

}  // namespace
}  // namespace knit::logs
