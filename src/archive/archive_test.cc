#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "archive/kind.h"
#include "archive/pack.h"

namespace knit::archive {
namespace {

namespace stdfs = std::filesystem;

class ArchiveTest : public testing::Test {
 protected:
  ArchiveTest() {
    std::string pattern = testing::TempDir() + "knit-archive-XXXXXX";
    root_ = mkdtemp(pattern.data());
    stdfs::create_directories(root_ + "/in");
  }
  ~ArchiveTest() override { stdfs::remove_all(root_); }

  void put(const std::string& name, const std::string& bytes, stdfs::perms mode = stdfs::perms(0644)) {
    const auto path = root_ + "/in/" + name;
    stdfs::create_directories(stdfs::path(path).parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
    stdfs::permissions(path, mode);
    set_time(path, 1'600'000'000);
  }
  static void set_time(const std::string& path, time_t seconds) {
    const timespec times[2] = {{seconds, 0}, {seconds, 0}};
    ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW), 0);
  }
  Result<Packed> pack(const std::string& to, PackLimits limits = {}, std::stop_token stop = {}) {
    const int fd = open((root_ + "/" + to).c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
    auto packed = pack_directory(root_ + "/in", fd, limits, stop);
    close(fd);
    return packed;
  }
  std::string bytes_of(const std::string& name) {
    std::ifstream in(root_ + "/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // With the tool that NodeManagers use (FileUtil.unTarUsingTar).
  void unpack(const std::string& name) {
    stdfs::create_directories(root_ + "/out");
    const auto command = "tar -xf '" + root_ + "/" + name + "' -C '" + root_ + "/out'";
    ASSERT_EQ(std::system(command.c_str()), 0);
  }

  std::string root_;
};

TEST_F(ArchiveTest, TarUnpacksToTheSameFolder) {
  const std::string long_name(200, 'n');
  put("run.sh", "#!/bin/sh\n", stdfs::perms(0755));
  put("empty", "");
  put("sub/deep/" + long_name, std::string(300'000, 'x'));
  put("na\xefve\xff name\nwith $ \" marks", "odd");
  stdfs::create_directories(root_ + "/in/nothing");
  stdfs::create_symlink("sub/deep", root_ + "/in/link");
  stdfs::create_symlink("/no/such", root_ + "/in/dangling");
  const auto packed = pack("a.tar");
  ASSERT_TRUE(packed) << packed.error().message();
  EXPECT_EQ(packed->entries, 9u);
  EXPECT_EQ(packed->bytes, 300'013u);
  unpack("a.tar");
  EXPECT_EQ(bytes_of("out/run.sh"), "#!/bin/sh\n");
  EXPECT_EQ(stdfs::status(root_ + "/out/run.sh").permissions(), stdfs::perms(0755));
  EXPECT_EQ(stdfs::file_size(root_ + "/out/empty"), 0u);
  EXPECT_EQ(bytes_of("out/sub/deep/" + long_name), std::string(300'000, 'x'));
  EXPECT_EQ(bytes_of("out/na\xefve\xff name\nwith $ \" marks"), "odd");
  EXPECT_TRUE(stdfs::is_directory(root_ + "/out/nothing"));
  EXPECT_EQ(stdfs::read_symlink(root_ + "/out/link"), "sub/deep");
  EXPECT_EQ(stdfs::read_symlink(root_ + "/out/dangling"), "/no/such");
  struct stat status {};
  ASSERT_EQ(stat((root_ + "/out/run.sh").c_str(), &status), 0);
  EXPECT_EQ(status.st_mtime, 1'600'000'000);
}

TEST_F(ArchiveTest, EqualContentGivesEqualBytes) {
  for (const char* name : {"b", "a", "c/d", "c/a"}) put(name, name);
  set_time(root_ + "/in/c", 1'600'000'000);
  ASSERT_TRUE(pack("1.tar"));
  stdfs::remove_all(root_ + "/in");
  for (const char* name : {"c/a", "c/d", "a", "b"}) put(name, name);
  set_time(root_ + "/in/c", 1'600'000'000);
  ASSERT_TRUE(pack("2.tar"));
  EXPECT_EQ(bytes_of("1.tar"), bytes_of("2.tar"));
  put("b", "B");
  ASSERT_TRUE(pack("2.tar"));
  EXPECT_NE(bytes_of("1.tar"), bytes_of("2.tar"));
}

TEST_F(ArchiveTest, AnEmptyFolderIsAnArchiveToo) {
  ASSERT_TRUE(pack("empty.tar"));
  unpack("empty.tar");
  EXPECT_TRUE(stdfs::is_empty(root_ + "/out"));
  const auto kind = recognize(root_ + "/empty.tar");
  ASSERT_TRUE(kind) << kind.error().message();
  EXPECT_EQ(*kind, Kind::kTar);
}

TEST_F(ArchiveTest, RefusesByName) {
  put("fine", "x");
  ASSERT_EQ(mkfifo((root_ + "/in/pipe").c_str(), 0600), 0);
  auto packed = pack("a.tar");
  ASSERT_FALSE(packed);
  EXPECT_EQ(packed.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(packed.error().message(), root_ + "/in/pipe: is a pipe, which cannot be given to a container");
  packed = pack_directory(root_ + "/nowhere", -1);
  ASSERT_FALSE(packed);
  EXPECT_EQ(packed.error().code(), ErrorCode::kNotFound);
}

TEST_F(ArchiveTest, Limits) {
  put("a", "12345");
  put("b/c/d", "12345");
  EXPECT_TRUE(pack("a.tar", {.entries = 4, .bytes = 10, .depth = 2}));
  for (const PackLimits& limits :
       {PackLimits{.entries = 3}, PackLimits{.bytes = 9}, PackLimits{.depth = 1}}) {
    const auto packed = pack("a.tar", limits);
    ASSERT_FALSE(packed);
    EXPECT_EQ(packed.error().code(), ErrorCode::kResourceExhausted);
  }
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(pack("a.tar", {}, stop.get_token()).error().code(), ErrorCode::kCancelled);
}

TEST_F(ArchiveTest, AFullDiskSaysSo) {
  put("a", std::string(1 << 20, 'x'));
  const int full = open("/dev/full", O_WRONLY);
  ASSERT_GE(full, 0);
  const auto packed = pack_directory(root_ + "/in", full);
  close(full);
  ASSERT_FALSE(packed);
  EXPECT_EQ(packed.error().code(), ErrorCode::kResourceExhausted) << packed.error().message();
}

TEST_F(ArchiveTest, KindsByContent) {
  put("f", "some text that is no archive at all, and long enough for a header ........................");
  ASSERT_TRUE(pack("a.tar"));
  ASSERT_EQ(std::system(("gzip -k -n '" + root_ + "/a.tar'").c_str()), 0);
  EXPECT_EQ(recognize(root_ + "/a.tar").value(), Kind::kTar);
  EXPECT_EQ(recognize(root_ + "/a.tar.gz").value(), Kind::kTarGz);
  // An archive with one empty file "x", stored.
  const std::string zip(
      "PK\x03\x04\x0a\0\0\0\0\0\0\0!\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0x"
      "PK\x01\x02\x1e\x03\x0a\0\0\0\0\0\0\0!"
      "\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\xa4\x81\0\0\0\0x"
      "PK\x05\x06\0\0\0\0\x01\0\x01\0/\0\0\0\x1f\0\0\0\0\0",
      31 + 47 + 22);
  std::ofstream(root_ + "/lib.whl", std::ios::binary) << zip;
  EXPECT_EQ(recognize(root_ + "/lib.whl").value(), Kind::kZip);

  const auto refusal = [&](const std::string& name, const std::string& bytes) {
    std::ofstream(root_ + "/" + name, std::ios::binary) << bytes;
    const auto kind = recognize(root_ + "/" + name);
    return kind ? std::string("taken") : kind.error().message();
  };
  EXPECT_NE(refusal("x.tar.xz", std::string("\xfd\x37\x7a\x58\x5a\0", 6)).find("with xz"), std::string::npos);
  EXPECT_NE(refusal("empty.zip", "").find("is empty"), std::string::npos);
  EXPECT_NE(refusal("in/f.tar", bytes_of("in/f")).find("no archive"), std::string::npos);
  ASSERT_EQ(std::system(("gzip -n '" + root_ + "/in/f'").c_str()), 0);
  EXPECT_NE(refusal("f.gz", bytes_of("in/f.gz")).find("no archive"), std::string::npos);
  EXPECT_EQ(recognize(root_ + "/nowhere").error().code(), ErrorCode::kNotFound);
}

TEST(Kind, ByName) {
  EXPECT_EQ(kind_by_name("a.TGZ"), Kind::kTarGz);
  EXPECT_EQ(kind_by_name("a.tar.Gz"), Kind::kTarGz);
  EXPECT_EQ(kind_by_name("a.jar"), Kind::kZip);
  EXPECT_EQ(kind_by_name("a.tar"), Kind::kTar);
  EXPECT_EQ(kind_by_name("a.gz"), std::nullopt);
  EXPECT_EQ(kind_by_name("zip"), std::nullopt);
  EXPECT_EQ(name_for(Kind::kZip, "a.whl"), "a.whl.zip");
  EXPECT_EQ(name_for(Kind::kZip, "a.ZIP"), "a.ZIP");
  EXPECT_EQ(name_for(Kind::kTarGz, "a.zip"), "a.zip.tar.gz");
}

}  // namespace
}  // namespace knit::archive
