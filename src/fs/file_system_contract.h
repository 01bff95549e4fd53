// What every FileSystem must do, as a GoogleTest suite. A test program includes this in one file and says
//
//   INSTANTIATE_TEST_SUITE_P(Memory, FileSystemContract, testing::Values(target), contract_target_name);
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fs/file_system.h"
#include "fs/path.h"
#include "io/loop.h"
#include "io/stream.h"
#include "io/wait.h"

namespace knit::fs {

struct ContractTarget {
  std::string name;
  // A file system on `loop`, and a folder that exists in it, is empty and belongs to this test alone. `owner`
  // keeps alive what the file system needs.
  std::function<std::unique_ptr<FileSystem>(io::Loop& loop, std::shared_ptr<void>& owner,
                                            std::string& folder)>
      make;
  // Whether flushed bytes of a file that is still being written are in its status' length at once.
  bool flush_updates_status = true;
};

inline std::string contract_target_name(const testing::TestParamInfo<ContractTarget>& info) {
  return info.param.name;
}
inline void PrintTo(const ContractTarget& target, std::ostream* out) {
  *out << target.name;
}

class FileSystemContract : public testing::TestWithParam<ContractTarget> {
 protected:
  void SetUp() override { fs_ = GetParam().make(loop_, owner_, folder_); }
  // It goes while the loop runs, as its background work demands.
  void TearDown() override { loop_.run(end(std::move(fs_))); }
  static io::Task<void> end(std::unique_ptr<FileSystem> fs) {
    fs.reset();
    for (int n = 0; n < 10; ++n) (void)(co_await io::yield()).has_value();
  }

  template <class T>
  Result<T> run(io::Task<Result<T>> task) {
    return loop_.run(std::move(task));
  }
  std::string at(std::string_view name) const { return join_path(folder_, name); }
  Status put(std::string_view name, std::string bytes, CreateOptions options = {}) {
    return run(write_file(*fs_, at(name), std::move(bytes), options));
  }
  Result<std::string> get(std::string_view name) { return run(read_file(*fs_, at(name), 1u << 30)); }
  std::vector<std::string> names(std::string_view folder) {
    std::vector<std::string> out;
    auto all = run(fs_->list(std::string(folder)));
    EXPECT_TRUE(all) << all.error().message();
    if (all) {
      for (const FileStatus& status : *all) out.emplace_back(file_name(status.path));
    }
    return out;
  }
  template <class T>
  static void expect(ErrorCode code, const Result<T>& result) {
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code(), code) << result.error().message();
    EXPECT_FALSE(result.error().message().empty());
  }

  io::Loop loop_;
  std::shared_ptr<void> owner_;
  std::string folder_;
  std::unique_ptr<FileSystem> fs_;
};

TEST_P(FileSystemContract, FilesOfEverySizeComeBack) {
  for (const std::size_t size : {0u, 1u, 511u, 512u, 513u, 65535u, 65536u, 65537u, 300000u}) {
    std::string bytes(size, '\0');
    for (std::size_t n = 0; n < size; ++n) bytes[n] = static_cast<char>(n * 7 + n / 256);
    const std::string name = "size-" + std::to_string(size);
    const Status done = put(name, bytes);
    ASSERT_TRUE(done) << done.error().message();
    const auto status = run(fs_->stat(at(name)));
    ASSERT_TRUE(status) << status.error().message();
    EXPECT_EQ(status->path, at(name));
    EXPECT_EQ(status->type, FileType::kFile);
    EXPECT_EQ(status->length, size);
    EXPECT_EQ(status->permission, 0600);
    EXPECT_FALSE(status->owner.empty());
    EXPECT_GT(status->modified.time_since_epoch().count(), 1'600'000'000'000);
    const auto back = get(name);
    ASSERT_TRUE(back) << back.error().message();
    EXPECT_EQ(*back, bytes) << size;
  }
}

TEST_P(FileSystemContract, ReadsAtAnyOffset) {
  std::string bytes;
  for (int n = 0; n < 20000; ++n) bytes += std::to_string(n) + "\n";
  ASSERT_TRUE(put("f", bytes));
  auto reader = run(fs_->open(at("f")));
  ASSERT_TRUE(reader) << reader.error().message();
  EXPECT_EQ((*reader)->length(), bytes.size());
  for (const std::uint64_t offset :
       {std::uint64_t{0}, std::uint64_t{100000}, std::uint64_t{99}, std::uint64_t{513},
        std::uint64_t{bytes.size() - 1}, std::uint64_t{512}}) {
    std::byte into[100];
    const auto count = run((*reader)->read_at(offset, into));
    ASSERT_TRUE(count) << count.error().message();
    ASSERT_GT(*count, 0u);
    EXPECT_EQ(io::as_text(std::span(into).first(*count)), std::string_view(bytes).substr(offset, *count))
        << offset;
  }
  std::byte into[10];
  EXPECT_EQ(run((*reader)->read_at(bytes.size(), into)).value(), 0u);
  EXPECT_EQ(run((*reader)->read_at(bytes.size() + 1000, into)).value(), 0u);
}

TEST_P(FileSystemContract, WhatIsNotThere) {
  expect(ErrorCode::kNotFound, run(fs_->stat(at("x"))));
  expect(ErrorCode::kNotFound, run(fs_->list(at("x"))));
  expect(ErrorCode::kNotFound, run(fs_->open(at("x"))));
  expect(ErrorCode::kNotFound, run(fs_->append(at("x"))));
  expect(ErrorCode::kNotFound, run(fs_->rename(at("x"), at("y"), false)));
  expect(ErrorCode::kNotFound, run(fs_->set_permission(at("x"), 0644)));
  expect(ErrorCode::kNotFound, run(fs_->set_times(at("x"), WallTime())));
  EXPECT_FALSE(run(fs_->remove(at("x"), false)).value());
  EXPECT_FALSE(run(fs_->remove(at("x/y"), true)).value());
}

TEST_P(FileSystemContract, PathsThatCannotBe) {
  expect(ErrorCode::kInvalidArgument, run(fs_->stat("relative")));
  expect(ErrorCode::kInvalidArgument, run(fs_->stat(at("../x"))));
  expect(ErrorCode::kInvalidArgument, run(fs_->remove("/", true)));
  ASSERT_TRUE(put("f", "x"));
  EXPECT_TRUE(run(fs_->stat(folder_ + "//f/"))) << "superfluous slashes do not matter";
}

TEST_P(FileSystemContract, CreateMakesParentsOnlyIfAsked) {
  expect(ErrorCode::kNotFound, put("a/b/c", "x", {.create_parents = false}));
  ASSERT_TRUE(put("a/b/c", "x"));
  for (const char* parent : {"a", "a/b"}) {
    const auto status = run(fs_->stat(at(parent)));
    ASSERT_TRUE(status);
    EXPECT_TRUE(status->is_directory());
    EXPECT_EQ(status->permission, 0700) << parent;
  }
  expect(ErrorCode::kFailedPrecondition, put("a/b/c/d", "x"));
}

TEST_P(FileSystemContract, OverwritesOnlyIfAsked) {
  ASSERT_TRUE(put("f", "old"));
  expect(ErrorCode::kAlreadyExists, put("f", "new"));
  EXPECT_EQ(get("f").value(), "old");
  ASSERT_TRUE(put("f", "new", {.overwrite = true}));
  EXPECT_EQ(get("f").value(), "new");
  ASSERT_TRUE(run(fs_->make_directories(at("d"), 0755)));
  expect(ErrorCode::kAlreadyExists, put("d", "x", {.overwrite = true}));
}

TEST_P(FileSystemContract, AbortedFilesLeaveNothing) {
  for (const bool flushed : {false, true}) {
    auto writer = run(fs_->create(at("f"), {}));
    ASSERT_TRUE(writer) << writer.error().message();
    ASSERT_TRUE(run((*writer)->write(io::as_bytes("some bytes"))));
    if (flushed) ASSERT_TRUE(run((*writer)->flush()));
    loop_.run((*writer)->abort());
    expect(ErrorCode::kNotFound, run(fs_->stat(at("f"))));
    expect(ErrorCode::kFailedPrecondition, run((*writer)->write(io::as_bytes("more"))));
    expect(ErrorCode::kFailedPrecondition, run((*writer)->close()));
  }
}

TEST_P(FileSystemContract, FlushedBytesAreSeenWhileTheFileIsWritten) {
  auto writer = run(fs_->create(at("f"), {}));
  ASSERT_TRUE(writer) << writer.error().message();
  std::string expected;
  for (int n = 0; n < 5; ++n) {
    const std::string line =
        "line " + std::string(static_cast<std::size_t>(n) * 300, 'x') + std::to_string(n) + "\n";
    ASSERT_TRUE(run((*writer)->write(io::as_bytes(line))));
    const Status flushed = run((*writer)->flush());
    ASSERT_TRUE(flushed) << flushed.error().message();
    expected += line;
    const auto seen = get("f");
    ASSERT_TRUE(seen) << seen.error().message();
    EXPECT_EQ(*seen, expected);
    if (GetParam().flush_updates_status) EXPECT_EQ(run(fs_->stat(at("f"))).value().length, expected.size());
  }
  const Status closed = run((*writer)->close());
  ASSERT_TRUE(closed) << closed.error().message();
  EXPECT_EQ(get("f").value(), expected);
}

TEST_P(FileSystemContract, AppendGoesOnWhereTheFileEnds) {
  std::string expected;
  ASSERT_TRUE(put("f", ""));
  for (const std::size_t size : {700u, 4u, 1000u, 512u, 70000u, 1u}) {
    auto writer = run(fs_->append(at("f")));
    ASSERT_TRUE(writer) << writer.error().message();
    const std::string piece(size, static_cast<char>('a' + size % 26));
    ASSERT_TRUE(run((*writer)->write(io::as_bytes(piece))));
    const Status closed = run((*writer)->close());
    ASSERT_TRUE(closed) << closed.error().message();
    expected += piece;
    EXPECT_EQ(get("f").value(), expected) << size;
  }
  ASSERT_TRUE(run(fs_->make_directories(at("d"), 0755)));
  expect(ErrorCode::kFailedPrecondition, run(fs_->append(at("d"))));
}

TEST_P(FileSystemContract, Directories) {
  ASSERT_TRUE(run(fs_->make_directories(at("d/e"), 0755)));
  ASSERT_TRUE(run(fs_->make_directories(at("d/e"), 0700))) << "there already";
  EXPECT_EQ(run(fs_->stat(at("d/e"))).value().permission, 0755);
  EXPECT_EQ(names(at("d/e")), std::vector<std::string>{});
  for (const char* name : {"d/b", "d/a", "d/a-", "d/a0", "d/Z", "d/\xc3\xa4"}) ASSERT_TRUE(put(name, "x"));
  EXPECT_EQ(names(at("d")), (std::vector<std::string>{"Z", "a", "a-", "a0", "b", "e", "\xc3\xa4"}));
  const auto self = run(fs_->list(at("d/b"))).value();
  ASSERT_EQ(self.size(), 1u);
  EXPECT_EQ(self[0].path, at("d/b"));
  expect(ErrorCode::kFailedPrecondition, run(fs_->open(at("d"))));
  expect(ErrorCode::kAlreadyExists, run(fs_->make_directories(at("d/b"), 0755)));
  expect(ErrorCode::kFailedPrecondition, run(fs_->make_directories(at("d/b/c"), 0755)));
}

TEST_P(FileSystemContract, Rename) {
  ASSERT_TRUE(put("d/f", "1"));
  ASSERT_TRUE(put("g", "2"));
  ASSERT_TRUE(run(fs_->rename(at("d"), at("e"), false)));
  EXPECT_EQ(get("e/f").value(), "1");
  expect(ErrorCode::kNotFound, run(fs_->stat(at("d"))));
  expect(ErrorCode::kAlreadyExists, run(fs_->rename(at("g"), at("e/f"), false)));
  expect(ErrorCode::kAlreadyExists, run(fs_->rename(at("g"), at("e"), false)));
  EXPECT_EQ(get("g").value(), "2");
  ASSERT_TRUE(run(fs_->rename(at("g"), at("e/f"), true)));
  EXPECT_EQ(get("e/f").value(), "2");
  expect(ErrorCode::kNotFound, run(fs_->stat(at("g"))));
  expect(ErrorCode::kNotFound, run(fs_->rename(at("e/f"), at("nowhere/f"), false)));
  expect(ErrorCode::kInvalidArgument, run(fs_->rename(at("e"), at("e/f2"), false)));
  ASSERT_TRUE(put("full/f", "3"));
  expect(ErrorCode::kFailedPrecondition, run(fs_->rename(at("e"), at("full"), true)));
  expect(ErrorCode::kFailedPrecondition, run(fs_->rename(at("e/f"), at("full"), true)));
}

TEST_P(FileSystemContract, Remove) {
  ASSERT_TRUE(put("d/f", "1"));
  ASSERT_TRUE(put("dd", "2"));
  expect(ErrorCode::kFailedPrecondition, run(fs_->remove(at("d"), false)));
  EXPECT_TRUE(run(fs_->remove(at("d/f"), false)).value());
  EXPECT_TRUE(run(fs_->remove(at("d"), false)).value());
  ASSERT_TRUE(put("d/e/f", "1"));
  EXPECT_TRUE(run(fs_->remove(at("d"), true)).value());
  expect(ErrorCode::kNotFound, run(fs_->stat(at("d"))));
  EXPECT_EQ(names(folder_), std::vector<std::string>{"dd"});
}

TEST_P(FileSystemContract, PermissionsAndTimes) {
  ASSERT_TRUE(put("f", "x", {.permission = 0644}));
  EXPECT_EQ(run(fs_->stat(at("f"))).value().permission, 0644);
  ASSERT_TRUE(run(fs_->set_permission(at("f"), 0640)));
  const WallTime time(std::chrono::milliseconds(1'600'000'000'123));
  ASSERT_TRUE(run(fs_->set_times(at("f"), time)));
  const auto status = run(fs_->stat(at("f"))).value();
  EXPECT_EQ(status.permission, 0640);
  EXPECT_EQ(status.modified, time);
}

}  // namespace knit::fs
