// Reads every protobuf message of the golden captures by our .proto files on the full protobuf runtime, which
// can walk a message: nothing required may be missing, and nothing unknown may be left, at any depth. (An
// enum value we do not have is an unknown field too.)
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/unknown_field_set.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "wire/capture.h"

namespace knit::wire_test {
namespace {

namespace pb = google::protobuf;

/// Appends the path of every unknown field below MESSAGE to FOUND.
void find_unknown(const pb::Message& message, const std::string& path, std::vector<std::string>& found) {
  const pb::Reflection* reflection = message.GetReflection();
  const pb::UnknownFieldSet& unknown = reflection->GetUnknownFields(message);
  for (int i = 0; i < unknown.field_count(); i++) {
    found.push_back(path + "." + std::to_string(unknown.field(i).number()));
  }
  std::vector<const pb::FieldDescriptor*> present;
  reflection->ListFields(message, &present);
  for (const pb::FieldDescriptor* field : present) {
    if (field->cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    std::string below = path + "." + field->name();
    if (!field->is_repeated()) {
      find_unknown(reflection->GetMessage(message, field), below, found);
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(message, field); i++) {
      find_unknown(reflection->GetRepeatedMessage(message, field, i), below, found);
    }
  }
}

TEST(GoldenMessages, HoldNothingOurSchemaDoesNotKnow) {
  pb::FileDescriptorSet files;
  std::ifstream in(KNIT_DESCRIPTOR_SET, std::ios::binary);
  ASSERT_TRUE(in && files.ParseFromIstream(&in)) << KNIT_DESCRIPTOR_SET;
  pb::DescriptorPool pool;
  for (const pb::FileDescriptorProto& file : files.file())
    ASSERT_NE(pool.BuildFile(file), nullptr) << file.name();
  pb::DynamicMessageFactory factory(&pool);

  int count = 0;
  for (const WireMessage& message : all_golden_messages()) {
    SCOPED_TRACE(message.type + " from " + message.origin);
    const pb::Descriptor* type = pool.FindMessageTypeByName(message.type);
    ASSERT_NE(type, nullptr) << "not in our .proto files";
    std::unique_ptr<pb::Message> parsed(factory.GetPrototype(type)->New());
    ASSERT_TRUE(parsed->ParsePartialFromString(message.bytes));
    std::vector<std::string> missing;
    parsed->FindInitializationErrors(&missing);
    EXPECT_EQ(missing, std::vector<std::string>());
    std::vector<std::string> unknown;
    find_unknown(*parsed, type->name(), unknown);
    EXPECT_EQ(unknown, std::vector<std::string>());
    count++;
  }
  EXPECT_GT(count, 300);
}

}  // namespace
}  // namespace knit::wire_test
