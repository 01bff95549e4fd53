#include "hdfs/trash.h"

#include <gmock/gmock.h>

#include "hdfs/fake_hdfs_for_test.h"

namespace knit::hdfs {
namespace {

Options with_trash() {
  Options options;
  options.trash_interval = std::chrono::minutes(60);
  return options;
}

TEST(Trash, MovesBelowCurrentAndKeepsThePath) {
  FakeHdfs cluster;
  const auto fs = cluster.file_system(with_trash());
  ASSERT_TRUE(cluster.run(fs::write_file(*fs, "/data/x/f", "1")));
  EXPECT_EQ(cluster.run(move_to_trash(*fs, "/data/x/f")).value(), "/user/alice/.Trash/Current/data/x/f");
  EXPECT_EQ(cluster.files["/user/alice/.Trash/Current/data/x"].permission, 0700);
  // The same name again: the time behind it.
  ASSERT_TRUE(cluster.run(fs::write_file(*fs, "/data/x/f", "2")));
  const auto second = cluster.run(move_to_trash(*fs, "/data/x/f")).value().value();
  EXPECT_THAT(second, testing::MatchesRegex("/user/alice/.Trash/Current/data/x/f[0-9]+"));
  EXPECT_EQ(cluster.stored(second), "2");
  EXPECT_FALSE(cluster.files.contains("/data/x/f"));
  ASSERT_TRUE(cluster.run(fs::write_file(*fs, "/top", "3")));
  EXPECT_EQ(cluster.run(move_to_trash(*fs, "/top")).value(), "/user/alice/.Trash/Current/top");
}

TEST(Trash, NothingIsDoneWithoutATrashOrWithinIt) {
  FakeHdfs cluster;
  const auto without = cluster.file_system();
  ASSERT_TRUE(cluster.run(fs::write_file(*without, "/f", "1")));
  EXPECT_EQ(cluster.run(move_to_trash(*without, "/f")).value(), std::nullopt);
  const auto fs = cluster.file_system(with_trash());
  const auto there = cluster.run(move_to_trash(*fs, "/f")).value().value();
  EXPECT_EQ(cluster.run(move_to_trash(*fs, there)).value(), std::nullopt);
  EXPECT_EQ(cluster.run(move_to_trash(*fs, "/user/alice/.Trash")).value(), std::nullopt);
  EXPECT_TRUE(cluster.files.contains(there));
}

TEST(Trash, WhatHoldsTheTrashStays) {
  FakeHdfs cluster;
  const auto fs = cluster.file_system(with_trash());
  ASSERT_TRUE(cluster.run(fs->make_directories("/user/alice", 0755)));
  for (const char* path : {"/user/alice", "/user", "/"}) {
    EXPECT_EQ(cluster.run(move_to_trash(*fs, path)).error().code(), ErrorCode::kFailedPrecondition) << path;
  }
  EXPECT_EQ(cluster.run(move_to_trash(*fs, "/nothing")).error().code(), ErrorCode::kNotFound);
}

TEST(Trash, AFileInTheWayOfAFolder) {
  FakeHdfs cluster;
  const auto fs = cluster.file_system(with_trash());
  ASSERT_TRUE(cluster.run(fs::write_file(*fs, "/a", "a file")));
  ASSERT_TRUE(cluster.run(move_to_trash(*fs, "/a")));
  ASSERT_TRUE(cluster.run(fs::write_file(*fs, "/a/b/f", "below a folder of that name")));
  const auto target = cluster.run(move_to_trash(*fs, "/a/b/f")).value().value();
  EXPECT_THAT(target, testing::MatchesRegex("/user/alice/.Trash/Current/a[0-9]+/b/f"));
}

}  // namespace
}  // namespace knit::hdfs
