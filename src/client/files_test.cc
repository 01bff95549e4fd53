#include "client/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "client/hooked_file_system.h"
#include "fs/local_file_system.h"
#include "fs/memory_file_system.h"
#include "fs/path.h"
#include "io/loop.h"
#include "io/task_group.h"

namespace knit::client {
namespace {

using testing::HasSubstr;
using Names = std::vector<std::string>;

const std::string kOld = "old", kNew(3 << 20, 'n');

class FilesTest : public testing::Test {
 protected:
  void SetUp() override {
    put(source_, "/src/f", kNew);
    put(target_, "/dst/f", kOld);
  }
  template <class T>
  T run(io::Task<T> task) {
    return loop_.run(std::move(task));
  }
  void put(fs::FileSystem& fs, const std::string& path, const std::string& bytes) {
    const Status done = run(fs::write_file(fs, path, bytes, {.permission = 0640, .overwrite = true}));
    ASSERT_TRUE(done) << done.error().message();
  }
  // "new", "old", ...
  std::string read(const std::string& path) { return run(seen(path)); }
  io::Task<std::string> seen(std::string path) {
    const auto bytes = co_await fs::read_file(target_, path, 1 << 30);
    if (!bytes) co_return "nothing";
    co_return *bytes == kNew ? "new" : bytes->substr(0, 10);
  }
  Names names(const std::string& folder) {
    Names out;
    const auto all = run(target_.list(folder)).value();
    for (const auto& entry : all) out.emplace_back(fs::file_name(entry.path));
    return out;
  }
  Status copy(fs::FileSystem& target, const std::string& to, bool overwrite) {
    return run(copy_tree({&source_, "/src/f"}, {&target, to}, overwrite, {}));
  }
  // Copies over /dst/f; at the first call that begins with `where` it is cancelled.
  Status copy_until(const std::string& where);

  io::Loop loop_;
  fs::MemoryFileSystem source_, target_;
};

TEST_F(FilesTest, ReadersSeeTheOldFileUntilTheNewOneIsWhole) {
  Names calls;
  HookedFileSystem hooked(target_, [&](std::string call) -> io::Task<Status> {
    calls.push_back(call.substr(0, call.find(' ')));
    EXPECT_EQ(co_await seen("/dst/f"), "old") << call;
    const auto listed = co_await target_.list("/dst");
    for (const auto& entry : *listed) {
      if (fs::file_name(entry.path) == "f") continue;
      EXPECT_THAT(std::string(fs::file_name(entry.path)), testing::StartsWith(".f."));
      if (!call.starts_with("rename"))
        EXPECT_EQ(entry.permission, 0600) << "what is not whole is nobody else's";
    }
    co_return Status();
  });
  const Status done = copy(hooked, "/dst/f", true);
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_THAT(calls, testing::IsSupersetOf({"write", "close", "set_permission", "rename"}));
  EXPECT_EQ(read("/dst/f"), "new");
  EXPECT_EQ(run(target_.stat("/dst/f"))->permission, 0640) << "that of the file it replaces";
  EXPECT_EQ(names("/dst"), Names{"f"});
}

TEST_F(FilesTest, ANewFileGetsWhatTheUmaskLeaves) {
  ASSERT_TRUE(copy(target_, "/dst/g", false));
  EXPECT_EQ(read("/dst/g"), "new");
  EXPECT_EQ(run(target_.stat("/dst/g"))->permission, 0644);
  EXPECT_EQ(names("/dst"), (Names{"f", "g"}));
  ASSERT_TRUE(copy(target_, "/dst/" + std::string(255, 'x'), false));
  for (const auto& name : names("/dst")) EXPECT_LE(name.size(), 255u);
}

TEST_F(FilesTest, WhateverFailsTheOldFileStays) {
  for (const bool replaces : {true, false}) {
    const std::string to = replaces ? "/dst/f" : "/dst/g";
    put(target_, "/dst/f", kOld);
    std::size_t fail_at = 0;
    for (bool failed = true; failed; ++fail_at) {
      std::size_t calls = 0;
      HookedFileSystem hooked(target_, [&](std::string call) -> io::Task<Status> {
        if (calls++ == fail_at) co_return Error(ErrorCode::kUnavailable, "away at " + call);
        co_return Status();
      });
      const Status done = copy(hooked, to, replaces);
      failed = !done;
      if (!failed) continue;
      EXPECT_THAT(done.error().message(), HasSubstr("/dst"));
      EXPECT_EQ(read("/dst/f"), "old") << done.error().message();
      EXPECT_EQ(names("/dst"), Names{"f"}) << done.error().message();
    }
    EXPECT_GT(fail_at, 7u);
    EXPECT_EQ(read(to), "new");
  }
}

TEST_F(FilesTest, AnInterruptedCopyLeavesTheOldFileAlone) {
  for (const char* where : {"create", "write", "close", "set_permission"}) {
    const Status done = copy_until(where);
    ASSERT_FALSE(done) << where;
    EXPECT_EQ(done.error().code(), ErrorCode::kCancelled) << where;
    EXPECT_EQ(read("/dst/f"), "old") << where;
    EXPECT_EQ(names("/dst"), Names{"f"}) << where;
  }
}

Status FilesTest::copy_until(const std::string& where) {
  io::TaskGroup* copies = nullptr;
  HookedFileSystem hooked(target_, [&](std::string call) -> io::Task<Status> {
    if (call.starts_with(where)) copies->cancel();
    co_return co_await io::yield();
  });
  Status done;
  const auto copy = [](Place from, Place to, Status& done) -> io::Task<void> {
    done = co_await copy_tree(from, to, true, {});
  };
  loop_.run([](io::TaskGroup*& copies, io::Task<void> copy) -> io::Task<void> {
    io::TaskGroup group;
    copies = &group;
    group.spawn(std::move(copy));
    co_await group.join();
  }(copies, copy({&source_, "/src/f"}, {&hooked, "/dst/f"}, done)));
  return done;
}

TEST_F(FilesTest, NothingIsReplacedUnasked) {
  const Status done = copy(target_, "/dst/f", false);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), ErrorCode::kAlreadyExists);
  EXPECT_EQ(done.error().message(), "memory:///dst/f exists; -f replaces it");
  EXPECT_EQ(read("/dst/f"), "old");

  // Somebody else is faster.
  HookedFileSystem hooked(target_, [&](std::string call) -> io::Task<Status> {
    if (call.starts_with("close")) co_return co_await fs::write_file(target_, "/dst/g", "theirs");
    co_return Status();
  });
  EXPECT_EQ(copy(hooked, "/dst/g", false).error().code(), ErrorCode::kAlreadyExists);
  EXPECT_EQ(read("/dst/g"), "theirs");
  EXPECT_EQ(names("/dst"), (Names{"f", "g"}));
}

TEST_F(FilesTest, TheTargetsFolderMustExist) {
  put(source_, "/src/d/e/f", kNew);
  for (const char* from : {"/src/f", "/src/d"}) {
    for (const auto& [to, code, said] :
         {std::tuple{"/nope/x", ErrorCode::kNotFound, "memory:///nope does not exist"},
          {"/dst/nope/x", ErrorCode::kNotFound, "memory:///dst/nope does not exist"},
          {"/dst/f/x", ErrorCode::kFailedPrecondition, "memory:///dst/f is no directory"}}) {
      const Status done = run(copy_tree({&source_, from}, {&target_, to}, true, {}));
      ASSERT_FALSE(done) << to;
      EXPECT_EQ(done.error().code(), code);
      EXPECT_THAT(done.error().message(), HasSubstr(said));
    }
  }
  EXPECT_EQ(names("/"), (Names{"dst", "user"}));
  EXPECT_EQ(names("/dst"), Names{"f"});
  ASSERT_TRUE(run(copy_tree({&source_, "/src/d"}, {&target_, "/dst/new"}, false, {})));
  EXPECT_EQ(read("/dst/new/e/f"), "new");
  ASSERT_TRUE(run(copy_tree({&source_, "/src/d"}, {&target_, "/dst/new"}, false, {}))) << "into it";
  EXPECT_EQ(read("/dst/new/d/e/f"), "new");
}

TEST(CheckReadable, NamesWhatCannotBeCopied) {
  io::Loop loop;
  std::string pattern = std::filesystem::temp_directory_path() / "knit-files-XXXXXX";
  ASSERT_TRUE(::mkdtemp(pattern.data()));
  const std::filesystem::path folder = pattern;
  std::filesystem::create_directories(folder / "tree/deep");
  std::ofstream(folder / "tree/deep/f") << "x";
  std::filesystem::create_symlink("f", folder / "tree/deep/link");
  fs::LocalFileSystem disk;
  std::string denied;
  HookedFileSystem guarded(disk, [&](std::string call) -> io::Task<Status> {
    if (call == "open " + denied) co_return Error(ErrorCode::kPermissionDenied, call + ": Permission denied");
    co_return Status();
  });
  const auto check = [&](const std::string& path) {
    return loop.run(check_readable({&guarded, folder / path}));
  };
  EXPECT_TRUE(check("tree")) << "a link that leads somewhere is a file";
  EXPECT_TRUE(check("tree/deep/link"));
  EXPECT_EQ(check("none").error().code(), ErrorCode::kNotFound);

  denied = folder / "tree/deep/f";
  EXPECT_EQ(check("tree").error().code(), ErrorCode::kPermissionDenied);
  EXPECT_THAT(check("tree").error().message(), HasSubstr(denied));
  denied.clear();

  std::filesystem::create_symlink("gone", folder / "tree/dangling");
  EXPECT_EQ(check("tree").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(check("tree").error().message(), "file://" + (folder / "tree/dangling").string() +
                                                 " is a link that leads nowhere; nothing was copied");
  EXPECT_FALSE(check("tree/dangling"));
  std::filesystem::remove(folder / "tree/dangling");

  ASSERT_EQ(::mkfifo((folder / "tree/pipe").c_str(), 0600), 0);
  EXPECT_THAT(check("tree").error().message(), HasSubstr("tree/pipe is a device, a pipe or a socket"));
  std::filesystem::remove(folder / "tree/pipe");

  std::filesystem::create_directory_symlink(".", folder / "tree/round");
  EXPECT_FALSE(check("tree")) << "a tree without end";
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace knit::client
