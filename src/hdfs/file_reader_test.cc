// Readers of whole files on HDFS: which DataNodes they ask, how often, and what they say in the end.
#include "hdfs/file_reader.h"

#include <gmock/gmock.h>

#include "hdfs/fake_hdfs_for_test.h"
#include "hdfs/golden_for_test.h"

namespace knit::hdfs {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(FileReader, ReadsMoveToAnotherReplica) {
  const std::string text = numbered_lines();
  for (int fault = 0; fault < 3; ++fault) {
    FakeHdfs cluster;
    const auto fs = cluster.file_system();
    ASSERT_TRUE(cluster.run(fs::write_file(*fs, "/f", text)));
    std::set<std::string> asked;
    const auto bad = [&asked](const DatanodeInfo& node) {
      asked.insert(node.uuid);
      return node.uuid != "uuid-2";
    };
    if (fault == 0) cluster.faults.corrupt_read = bad;
    if (fault == 1) cluster.faults.refuse_connection = bad;
    if (fault == 2) cluster.faults.cut_read = bad;
    const auto read = cluster.run(fs::read_file(*fs, "/f", 1 << 20));
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(*read, text);
    EXPECT_EQ(asked.size(), 3u) << "in the NameNode's order";
  }
}

TEST(FileReader, WhereNoReplicaIsGoodTheNameNodeIsAskedAgainAndThenItIsSaid) {
  FakeHdfs cluster;
  const auto fs = cluster.file_system();
  ASSERT_TRUE(cluster.run(fs::write_file(*fs, "/f", "text")));
  cluster.faults.corrupt_read = [](const DatanodeInfo&) { return true; };
  const auto read = cluster.run(fs::read_file(*fs, "/f", 100));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), ErrorCode::kDataLoss);
  EXPECT_THAT(read.error().message(), HasSubstr("wrong checksum at offset 0"));
  EXPECT_EQ(cluster.name_node->count("getBlockLocations"), 4u);
}

TEST(FileReader, AnExpiredBlockTokenIsRenewedOnce) {
  FakeHdfs cluster;
  const auto fs = cluster.file_system();
  ASSERT_TRUE(cluster.run(fs::write_file(*fs, "/f", "text")));
  int refusals = 1;
  cluster.faults.refuse_token = [&](const DatanodeInfo&) { return refusals-- > 0; };
  EXPECT_EQ(cluster.run(fs::read_file(*fs, "/f", 100)).value(), "text");
  EXPECT_EQ(cluster.name_node->count("getBlockLocations"), 2u);
  refusals = 1000;
  EXPECT_EQ(cluster.run(fs::read_file(*fs, "/f", 100)).error().code(), ErrorCode::kUnauthenticated);
}

TEST(FileReader, ASilentDataNodeIsAskedTwiceAndThenItIsSaid) {
  for (const bool being_written : {false, true}) {
    FakeHdfs cluster(1);
    Options options;
    const auto fs = cluster.file_system(options);
    const auto writer = cluster.run(fs->create("/f", {}));
    ASSERT_TRUE(cluster.run((*writer)->write(io::as_bytes("text"))));
    ASSERT_TRUE(cluster.run(being_written ? (*writer)->flush() : (*writer)->close()));
    int asked = 0;
    cluster.faults.hang_read = [&](const DatanodeInfo&) { return ++asked > 0; };
    const auto begun = cluster.loop.now();
    const auto read = cluster.run(fs::read_file(*fs, "/f", 100));
    const auto took = cluster.loop.now() - begun;
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code(), ErrorCode::kDeadlineExceeded);
    EXPECT_EQ(asked, 2);
    EXPECT_GE(took, options.socket_timeout);
    EXPECT_LE(took, 2 * options.socket_timeout + 5s);
    EXPECT_THAT(read.error().message(), HasSubstr("/f"));
    EXPECT_THAT(read.error().message(), HasSubstr(transfer_address(cluster.nodes[0])));
    if (being_written) {
      EXPECT_THAT(read.error().message(), HasSubstr("which is being written"));
      cluster.run((*writer)->abort());
      continue;
    }
    EXPECT_THAT(read.error().message(), HasSubstr(to_string(cluster.files["/f"].blocks[0])));
    EXPECT_THAT(read.error().message(), HasSubstr("kept silent for 1 min 00 s"));
  }
}

TEST(FileReader, ASilentReplicaCostsOneTimeout) {
  FakeHdfs cluster(2);
  const auto fs = cluster.file_system();
  ASSERT_TRUE(cluster.run(fs::write_file(*fs, "/f", numbered_lines())));
  int asked = 0;
  cluster.faults.hang_read = [&](const DatanodeInfo& node) {
    if (node.uuid != "uuid-0") return false;
    return ++asked > 0;
  };
  const auto begun = cluster.loop.now();
  EXPECT_EQ(cluster.run(fs::read_file(*fs, "/f", 1 << 20)).value(), numbered_lines());
  EXPECT_EQ(asked, 1);
  EXPECT_LE(cluster.loop.now() - begun, Options().socket_timeout + 1s);
}

}  // namespace
}  // namespace knit::hdfs
