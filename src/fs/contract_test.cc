#include <cstdlib>
#include <filesystem>

#include "fs/file_system_contract.h"
#include "fs/local_file_system.h"
#include "fs/memory_file_system.h"

namespace knit::fs {
namespace {

ContractTarget memory() {
  return {.name = "Memory", .make = [](io::Loop&, std::shared_ptr<void>&, std::string& folder) {
            auto fs = std::make_unique<MemoryFileSystem>();
            folder = fs->home();
            return fs;
          }};
}

ContractTarget local() {
  return {.name = "Local", .make = [](io::Loop&, std::shared_ptr<void>& owner, std::string& folder) {
            std::string pattern = std::filesystem::temp_directory_path() / "knit-fs-XXXXXX";
            if (!::mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp");
            folder = pattern;
            owner = std::shared_ptr<void>(nullptr, [pattern](void*) {
              std::error_code error;
              std::filesystem::remove_all(pattern, error);
            });
            return std::make_unique<LocalFileSystem>();
          }};
}

INSTANTIATE_TEST_SUITE_P(Here, FileSystemContract, testing::Values(memory(), local()), contract_target_name);

TEST(LocalFileSystem, RefusesWhatIsNoFile) {
  io::Loop loop;
  LocalFileSystem fs;
  const auto device = loop.run(fs.open("/dev/null"));
  ASSERT_FALSE(device.has_value());
  EXPECT_EQ(device.error().code(), ErrorCode::kFailedPrecondition);
  EXPECT_EQ(loop.run(fs.stat("/dev/null")).value().type, FileType::kOther);
}

TEST(Path, Normalize) {
  EXPECT_EQ(normalize_path("/").value(), "/");
  EXPECT_EQ(normalize_path("//a///b/").value(), "/a/b");
  EXPECT_EQ(normalize_path("/a/.b/..c").value(), "/a/.b/..c");
  for (const char* bad : {"", "a", "a/b", "/a/../b", "/.", "/a/."}) {
    EXPECT_EQ(normalize_path(bad).error().code(), ErrorCode::kInvalidArgument) << bad;
  }
  EXPECT_FALSE(normalize_path(std::string_view("/a\0b", 4)));
}

TEST(Path, Parts) {
  EXPECT_EQ(parent_path("/a/b"), "/a");
  EXPECT_EQ(parent_path("/a"), "/");
  EXPECT_EQ(parent_path("/"), "/");
  EXPECT_EQ(file_name("/a/b"), "b");
  EXPECT_EQ(file_name("/"), "");
  EXPECT_EQ(join_path("/", "a"), "/a");
  EXPECT_TRUE(is_within("/a/b", "/a"));
  EXPECT_TRUE(is_within("/a", "/a"));
  EXPECT_FALSE(is_within("/ab", "/a"));
  EXPECT_TRUE(is_within("/ab", "/"));
}

}  // namespace
}  // namespace knit::fs
