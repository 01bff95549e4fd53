// The comparison must see what it is there for: each kind of change to our own schema is reported.
#include "schema/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>

namespace knit::schema {
namespace {

using google::protobuf::DescriptorProto;
using google::protobuf::EnumDescriptorProto;
using google::protobuf::FieldDescriptorProto;
using google::protobuf::FileDescriptorSet;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

FileDescriptorSet our_schema() {
  FileDescriptorSet files;
  std::ifstream in(KNIT_DESCRIPTOR_SET, std::ios::binary);
  EXPECT_TRUE(in && files.ParseFromIstream(&in)) << KNIT_DESCRIPTOR_SET;
  return files;
}

DescriptorProto* message(FileDescriptorSet& files, const std::string& name) {
  for (auto& file : *files.mutable_file()) {
    for (auto& m : *file.mutable_message_type()) {
      if (m.name() == name) return &m;
    }
  }
  throw std::runtime_error("no message " + name);
}

FieldDescriptorProto* field(FileDescriptorSet& files, const std::string& message_name,
                            const std::string& name) {
  for (auto& f : *message(files, message_name)->mutable_field()) {
    if (f.name() == name) return &f;
  }
  throw std::runtime_error("no field " + message_name + "." + name);
}

/// The only difference between the real schema (as Hadoop's) and the same after CHANGE (as ours).
Difference after(const std::function<void(FileDescriptorSet&)>& change) {
  FileDescriptorSet theirs = our_schema();
  FileDescriptorSet ours = theirs;
  change(ours);
  auto differences = compare(ours, theirs);
  EXPECT_EQ(differences.size(), 1u);
  return differences.empty() ? Difference() : differences[0];
}

TEST(Compare, FindsNothingBetweenEquals) {
  EXPECT_THAT(compare(our_schema(), our_schema()), IsEmpty());
}

TEST(Compare, SeesALabel) {
  auto d =
      after([](auto& s) { field(s, "TokenProto", "kind")->set_label(FieldDescriptorProto::LABEL_OPTIONAL); });
  EXPECT_EQ(d.name, "hadoop.common.TokenProto.kind");
  EXPECT_EQ(d.kind, Kind::kDiffers);
  EXPECT_EQ(d.what, "ours has 3: optional TYPE_STRING kind, Hadoop has 3: required TYPE_STRING kind");
}

TEST(Compare, SeesANumberTwice) {
  FileDescriptorSet ours = our_schema();
  field(ours, "AllocateRequestProto", "tracking_url")->set_number(12);
  EXPECT_THAT(
      compare(ours, our_schema()),
      ElementsAre(
          Difference{Kind::kAbsent, "hadoop.yarn.AllocateRequestProto.tracking_url",
                     "ours has 12: optional TYPE_STRING tracking_url, Hadoop has nothing with this number"},
          Difference{Kind::kLeftOut, "hadoop.yarn.AllocateRequestProto.tracking_url",
                     "ours has nothing with this number, Hadoop has 11: optional TYPE_STRING tracking_url"}));
}

TEST(Compare, SeesTypeDefaultPackingAndName) {
  auto type = after([](auto& s) {
    field(s, "FsyncRequestProto", "lastBlockLength")->set_type(FieldDescriptorProto::TYPE_INT64);
  });
  EXPECT_THAT(type.what, HasSubstr("TYPE_SINT64"));
  auto message_type =
      after([](auto& s) { field(s, "ContainerProto", "id")->set_type_name(".hadoop.yarn.NodeIdProto"); });
  EXPECT_EQ(message_type.name, "hadoop.yarn.ContainerProto.id");
  auto changed =
      after([](auto& s) { field(s, "ContainerStatusProto", "exit_status")->set_default_value("0"); });
  EXPECT_THAT(changed.what, HasSubstr("[default \"-1000\"]"));
  auto cleared =
      after([](auto& s) { field(s, "ContainerStatusProto", "exit_status")->clear_default_value(); });
  EXPECT_EQ(cleared.kind, Kind::kDiffers);
  auto packed =
      after([](auto& s) { field(s, "PipelineAckProto", "flag")->mutable_options()->set_packed(false); });
  EXPECT_EQ(packed.name, "hadoop.hdfs.PipelineAckProto.flag");
  auto renamed = after([](auto& s) { field(s, "NodeIdProto", "port")->set_name("rpc_port"); });
  EXPECT_EQ(renamed.kind, Kind::kDiffers);
}

TEST(Compare, SeesMissingFieldsByTheirLabel) {
  auto remove = [](const char* message_name, int index) {
    return [=](FileDescriptorSet& s) { message(s, message_name)->mutable_field()->DeleteSubrange(index, 1); };
  };
  EXPECT_EQ(after(remove("NodeIdProto", 0)).kind, Kind::kLeftOut);
  EXPECT_EQ(after(remove("TokenProto", 0)).kind, Kind::kDiffers) << "a required field must never be left out";
}

TEST(Compare, SeesARequirementHadoopDoesNotKnow) {
  auto d = after([](auto& s) {
    FieldDescriptorProto* added = message(s, "NodeIdProto")->add_field();
    *added = *field(s, "TokenProto", "kind");
    added->set_number(99);
  });
  EXPECT_EQ(d.kind, Kind::kDiffers);
}

TEST(Compare, SeesEnumValues) {
  auto nested = after([](auto& s) {
    message(s, "RpcSaslProto")->mutable_enum_type(0)->mutable_value(3)->set_name("CHALLENGED");
  });
  EXPECT_EQ(nested.name, "hadoop.common.RpcSaslProto.SaslState.CHALLENGED");
  EXPECT_EQ(nested.kind, Kind::kDiffers);
  auto fewer =
      after([](auto& s) { message(s, "RpcSaslProto")->mutable_enum_type(0)->mutable_value()->RemoveLast(); });
  EXPECT_EQ(fewer, (Difference{Kind::kLeftOut, "hadoop.common.RpcSaslProto.SaslState.WRAP",
                               "ours has nothing with this number, Hadoop has WRAP = 5"}));
}

TEST(Compare, SeesWhatHadoopDoesNotHaveAtAll) {
  FileDescriptorSet theirs = our_schema();
  message(theirs, "ResourceRequestProto")->set_name("Other");
  auto differences = compare(our_schema(), theirs);
  ASSERT_EQ(differences.size(), 1u);
  EXPECT_EQ(differences[0].kind, Kind::kAbsent);
  EXPECT_EQ(differences[0].name, "hadoop.yarn.ResourceRequestProto");
}

TEST(ParseAllowed, TakesLinesAndNamesTheBadOnes) {
  std::vector<std::string> errors;
  auto list = parse_allowed(
      "# comment\n\n1.0,2.0 absent a.B.c: came: later\n1.0 gone a.B: x\n1.0 absent a.B\n", errors);
  ASSERT_EQ(list.size(), 1u);
  EXPECT_THAT(list[0].versions, ElementsAre("1.0", "2.0"));
  EXPECT_EQ(list[0].kind, "absent");
  EXPECT_EQ(list[0].name, "a.B.c");
  EXPECT_EQ(list[0].reason, "came: later");
  EXPECT_THAT(errors, ElementsAre(HasSubstr("line 4"), HasSubstr("line 5")));
}

TEST(Judge, AllowsWhatIsListedForTheVersionAndNothingElse) {
  std::vector<Difference> differences = {{Kind::kAbsent, "a.B.c", "what"}};
  std::vector<Allowed> list = {{{"1.0"}, "absent", "a.B.c", "reason"}};
  EXPECT_THAT(judge(differences, list, "1.0"), IsEmpty());
  EXPECT_THAT(judge(differences, list, "2.0"), ElementsAre("a.B.c (absent): what"));
  EXPECT_THAT(judge({}, list, "2.0"), IsEmpty());
  EXPECT_THAT(judge({}, list, "1.0"), ElementsAre(HasSubstr("remove the entry")));
  differences[0].kind = Kind::kDiffers;
  EXPECT_EQ(judge(differences, list, "1.0").size(), 2u);
}

}  // namespace
}  // namespace knit::schema
