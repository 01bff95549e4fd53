#include "schema/compare.h"

#include <algorithm>
#include <map>
#include <sstream>

namespace knit::schema {
namespace {

namespace pb = google::protobuf;

/// Full names to definitions. Pointers live as long as the FileDescriptorSet.
struct Index {
  std::multimap<std::string, const pb::DescriptorProto*> messages;
  std::multimap<std::string, const pb::EnumDescriptorProto*> enums;

  explicit Index(const pb::FileDescriptorSet& files) {
    for (const auto& file : files.file()) {
      for (const auto& message : file.message_type()) add(file.package(), message);
      for (const auto& e : file.enum_type()) enums.emplace(file.package() + "." + e.name(), &e);
    }
  }

  void add(const std::string& scope, const pb::DescriptorProto& message) {
    std::string name = scope + "." + message.name();
    messages.emplace(name, &message);
    for (const auto& nested : message.nested_type()) add(name, nested);
    for (const auto& e : message.enum_type()) enums.emplace(name + "." + e.name(), &e);
  }
};

/// A field as one would write it: "4: repeated uint32 flag [packed]". Two fields are equal when this text is.
std::string describe(const pb::FieldDescriptorProto& field) {
  static const std::map<int, std::string> kLabels = {{pb::FieldDescriptorProto::LABEL_OPTIONAL, "optional"},
                                                     {pb::FieldDescriptorProto::LABEL_REQUIRED, "required"},
                                                     {pb::FieldDescriptorProto::LABEL_REPEATED, "repeated"}};
  std::string type = pb::FieldDescriptorProto::Type_Name(field.type());
  if (!field.type_name().empty()) type += " " + field.type_name();
  std::string text =
      std::to_string(field.number()) + ": " + kLabels.at(field.label()) + " " + type + " " + field.name();
  if (field.has_default_value()) text += " [default \"" + field.default_value() + "\"]";
  if (field.options().packed()) text += " [packed]";
  return text;
}

std::string describe(const pb::EnumValueDescriptorProto& value) {
  return value.name() + " = " + std::to_string(value.number());
}

bool is_required(const pb::FieldDescriptorProto& field) {
  return field.label() == pb::FieldDescriptorProto::LABEL_REQUIRED;
}

bool is_required(const pb::EnumValueDescriptorProto&) {
  return false;
}

/// Compares fields of a message, or values of an enum, by their numbers.
template <class Part>
void compare_parts(const std::string& scope, const pb::RepeatedPtrField<Part>& ours,
                   const pb::RepeatedPtrField<Part>& theirs, std::vector<Difference>& out) {
  auto find = [](const pb::RepeatedPtrField<Part>& parts, int number) {
    return std::find_if(parts.begin(), parts.end(), [&](const Part& p) { return p.number() == number; });
  };
  for (const Part& our : ours) {
    std::string name = scope + "." + our.name();
    auto their = find(theirs, our.number());
    if (their == theirs.end()) {
      // What we require and a peer never sends would make its messages unreadable.
      out.push_back({is_required(our) ? Kind::kDiffers : Kind::kAbsent, name,
                     "ours has " + describe(our) + ", Hadoop has nothing with this number"});
    } else if (describe(our) != describe(*their)) {
      out.push_back({Kind::kDiffers, name, "ours has " + describe(our) + ", Hadoop has " + describe(*their)});
    }
  }
  for (const Part& their : theirs) {
    if (find(ours, their.number()) != ours.end()) continue;
    out.push_back({is_required(their) ? Kind::kDiffers : Kind::kLeftOut, scope + "." + their.name(),
                   "ours has nothing with this number, Hadoop has " + describe(their)});
  }
}

std::string strip(const std::string& text) {
  size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

bool applies_to(const Allowed& entry, const std::string& version) {
  return std::find(entry.versions.begin(), entry.versions.end(), version) != entry.versions.end();
}

}  // namespace

std::string kind_name(Kind kind) {
  switch (kind) {
    case Kind::kAbsent:
      return "absent";
    case Kind::kLeftOut:
      return "left-out";
    case Kind::kDiffers:
      return "differs";
  }
  return "?";
}

std::vector<Difference> compare(const pb::FileDescriptorSet& ours, const pb::FileDescriptorSet& theirs) {
  Index our_index(ours);
  Index their_index(theirs);
  std::vector<Difference> out;
  for (const auto& [name, message] : our_index.messages) {
    auto [begin, end] = their_index.messages.equal_range(name);
    if (begin == end) out.push_back({Kind::kAbsent, name, "Hadoop has no such message"});
    for (auto it = begin; it != end; ++it) compare_parts(name, message->field(), it->second->field(), out);
  }
  for (const auto& [name, e] : our_index.enums) {
    auto [begin, end] = their_index.enums.equal_range(name);
    if (begin == end) out.push_back({Kind::kAbsent, name, "Hadoop has no such enum"});
    for (auto it = begin; it != end; ++it) compare_parts(name, e->value(), it->second->value(), out);
  }
  return out;
}

std::vector<Allowed> parse_allowed(const std::string& text, std::vector<std::string>& errors) {
  std::vector<Allowed> entries;
  std::istringstream lines(text);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    number++;
    line = strip(line);
    if (line.empty() || line[0] == '#') continue;
    Allowed entry;
    size_t colon = line.find(": ");
    if (colon != std::string::npos) entry.reason = strip(line.substr(colon + 2));
    std::istringstream words(line.substr(0, colon));
    std::string versions;
    std::string more;
    words >> versions >> entry.kind >> entry.name;
    std::istringstream split(versions);
    for (std::string version; std::getline(split, version, ',');) entry.versions.push_back(version);
    bool known = entry.kind == "absent" || entry.kind == "left-out" || entry.kind == "differs";
    if (!known || entry.name.empty() || words >> more || entry.reason.empty()) {
      errors.push_back("line " + std::to_string(number) +
                       ": expected \"VERSIONS absent|left-out|differs NAME: REASON\"");
      continue;
    }
    entries.push_back(entry);
  }
  return entries;
}

std::vector<std::string> judge(const std::vector<Difference>& differences,
                               const std::vector<Allowed>& allowed, const std::string& version) {
  std::vector<std::string> against;
  std::vector<bool> used(allowed.size(), false);
  for (const Difference& difference : differences) {
    bool found = false;
    for (size_t i = 0; i < allowed.size(); i++) {
      if (allowed[i].name != difference.name || allowed[i].kind != kind_name(difference.kind)) continue;
      if (!applies_to(allowed[i], version)) continue;
      used[i] = true;
      found = true;
    }
    if (!found)
      against.push_back(difference.name + " (" + kind_name(difference.kind) + "): " + difference.what);
  }
  for (size_t i = 0; i < allowed.size(); i++) {
    if (used[i] || !applies_to(allowed[i], version)) continue;
    against.push_back(allowed[i].name + ": listed as " + allowed[i].kind + " for " + version +
                      ", but it is not so; remove the entry");
  }
  return against;
}

}  // namespace knit::schema
