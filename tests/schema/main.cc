// compare_schema OURS THEIRS ALLOWED VERSION: see compare.h. Exit codes: 0 no difference beyond the allowed
// ones, 1 differences (one per line on stderr), 2 bad usage or input.
#include <cstdio>
#include <fstream>
#include <optional>
#include <sstream>

#include "schema/compare.h"

namespace {

using google::protobuf::FileDescriptorSet;

std::optional<std::string> read_file(const char* path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) {
    std::fprintf(stderr, "%s: cannot be read\n", path);
    return std::nullopt;
  }
  return text.str();
}

std::optional<FileDescriptorSet> read_descriptors(const char* path) {
  auto bytes = read_file(path);
  FileDescriptorSet files;
  if (!bytes) return std::nullopt;
  if (!files.ParseFromString(*bytes) || files.file_size() == 0) {
    std::fprintf(stderr, "%s: not a FileDescriptorSet, or an empty one\n", path);
    return std::nullopt;
  }
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: compare_schema OURS THEIRS ALLOWED VERSION\n");
    return 2;
  }
  auto ours = read_descriptors(argv[1]);
  auto theirs = read_descriptors(argv[2]);
  auto list = read_file(argv[3]);
  if (!ours || !theirs || !list) return 2;
  std::vector<std::string> errors;
  auto allowed = knit::schema::parse_allowed(*list, errors);
  for (const std::string& error : errors) std::fprintf(stderr, "%s: %s\n", argv[3], error.c_str());
  if (!errors.empty()) return 2;

  auto differences = knit::schema::compare(*ours, *theirs);
  auto against = knit::schema::judge(differences, allowed, argv[4]);
  for (const std::string& sentence : against) std::fprintf(stderr, "%s\n", sentence.c_str());
  std::printf("Hadoop %s: %d of our files compared, %zu differences, %zu of them not allowed\n", argv[4],
              ours->file_size(), differences.size(), against.size());
  return against.empty() ? 0 : 1;
}
