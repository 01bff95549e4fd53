// Compares our .proto files with the schema inside Hadoop's jars, and judges what differs by a list of
// allowed differences. Works on FileDescriptorProtos as they are, without a descriptor pool: Hadoop's files
// need not fit together for that.
#pragma once

#include <google/protobuf/descriptor.pb.h>

#include <string>
#include <vector>

namespace knit::schema {

enum class Kind {
  kAbsent,   ///< we have it, this version of Hadoop does not
  kLeftOut,  ///< Hadoop has it, optional or repeated, in a message or enum of which we have the rest
  kDiffers,  ///< both have it and it is not the same; or one has it as required and the other lacks it
};

/// "absent", "left-out", "differs": the words of the list of allowed differences.
std::string kind_name(Kind kind);

struct Difference {
  Kind kind = Kind::kDiffers;
  std::string name;  ///< full name of a message, field, enum or enum value; values as "pkg.Enum.VALUE"
  std::string what;  ///< for a person: what ours says, what Hadoop says

  bool operator==(const Difference&) const = default;
};

/// All differences, for every message and enum of OURS (nested ones too): fields by number, name, type,
/// label, default and packing, enum values by name and number. Messages that only THEIRS has are none. A name
/// that THEIRS defines more than once is compared with each definition.
std::vector<Difference> compare(const google::protobuf::FileDescriptorSet& ours,
                                const google::protobuf::FileDescriptorSet& theirs);

/// One line of the list: "VERSION[,VERSION...] KIND NAME: REASON".
struct Allowed {
  std::vector<std::string> versions;
  std::string kind;
  std::string name;
  std::string reason;
};

/// Parses the list; '#' begins a comment line. Appends a sentence to ERRORS for each line that is none.
std::vector<Allowed> parse_allowed(const std::string& text, std::vector<std::string>& errors);

/// What speaks against OURS for VERSION, as sentences: each difference that no entry allows, and each entry
/// for VERSION that allows nothing (so that the list stays true). Empty: all is well.
std::vector<std::string> judge(const std::vector<Difference>& differences,
                               const std::vector<Allowed>& allowed, const std::string& version);

}  // namespace knit::schema
