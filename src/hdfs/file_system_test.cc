#include "hdfs/file_system.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "base/try.h"
#include "hdfs/fake_hdfs_for_test.h"
#include "hdfs/golden_for_test.h"
#include "hdfs/proto/namenode.pb.h"
#include "io/wait.h"

namespace knit::hdfs {
namespace {

using testing::HasSubstr;

Options small_blocks() {
  Options options;
  options.block_size = 65536;
  options.min_block_size = 512;
  return options;
}

// Writes `text` in pieces of odd sizes, flushing now and then.
io::Task<Status> write_text(fs::FileSystem& fs, std::string path, std::string text, bool flushes) {
  KNIT_CO_TRY(const auto writer, co_await fs.create(path, {}));
  std::size_t piece = 1;
  for (std::size_t at = 0; at < text.size(); at += piece, piece = piece * 3 + 1) {
    KNIT_CO_TRY_VOID(co_await writer->write(io::as_bytes(std::string_view(text).substr(at, piece))));
    if (flushes) KNIT_CO_TRY_VOID(co_await writer->flush());
  }
  co_return co_await writer->close();
}

TEST(HdfsFileSystem, WritesAndReadsFilesOfSeveralBlocks) {
  FakeHdfs cluster;
  const auto fs = cluster.file_system(small_blocks());
  cluster.faults.incomplete_answers = 3;
  cluster.faults.not_replicated_yet = 2;
  const std::string text = numbered_lines();
  const Status written = cluster.run(write_text(*fs, "/f", text, false));
  ASSERT_TRUE(written) << written.error().message();
  EXPECT_EQ(cluster.stored("/f"), text);
  EXPECT_EQ(cluster.files["/f"].blocks.size(), 3u);
  EXPECT_EQ(cluster.files["/f"].permission, 0600);
  EXPECT_EQ(cluster.run(fs::read_file(*fs, "/f", 1 << 20)).value(), text);
  EXPECT_EQ(cluster.reads_verified, 3u) << "the DataNode hears that its bytes were good";
}

TEST(HdfsFileSystem, EmptyFilesHaveNoBlock) {
  FakeHdfs cluster;
  const auto fs = cluster.file_system();
  ASSERT_TRUE(cluster.run(fs::write_file(*fs, "/f", "")));
  EXPECT_EQ(cluster.name_node->count("addBlock"), 0u);
  EXPECT_EQ(cluster.run(fs::read_file(*fs, "/f", 10)).value(), "");
}

TEST(HdfsFileSystem, BlockSizeOfAnUpload) {
  Options options;
  EXPECT_EQ(upload_block_size(0, 128 << 20, options), 128u << 20);
  EXPECT_EQ(upload_block_size(1, 128 << 20, options), 1u << 20);
  EXPECT_EQ(upload_block_size((1 << 20) + 1, 128 << 20, options), (1u << 20) + 512);
  EXPECT_EQ(upload_block_size(10 << 20, 128 << 20, options), 10u << 20);
  EXPECT_EQ(upload_block_size(std::uint64_t{1} << 40, 128 << 20, options), 128u << 20);
  EXPECT_EQ(upload_block_size(5000, 1000, options), 1024u) << "whole chunks, whatever the setting says";
}

TEST(HdfsFileSystem, ADataNodeThatCannotBeReachedIsLeftOut) {
  FakeHdfs cluster(4);
  const auto fs = cluster.file_system();
  cluster.faults.refuse_connection = [](const DatanodeInfo& node) { return node.uuid == "uuid-0"; };
  cluster.faults.bad_link = [](const std::vector<DatanodeInfo>& pipeline) -> std::optional<std::size_t> {
    for (std::size_t n = 0; n < pipeline.size(); ++n) {
      if (pipeline[n].uuid == "uuid-2") return n;
    }
    return std::nullopt;
  };
  ASSERT_TRUE(cluster.run(fs::write_file(*fs, "/f", "hello")));
  EXPECT_EQ(cluster.stored("/f"), "hello");
  EXPECT_EQ(cluster.name_node->count("abandonBlock"), 2u);
  const auto& places = cluster.files["/f"].places.at(cluster.files["/f"].blocks[0].id);
  ASSERT_EQ(places.size(), 2u);
  EXPECT_EQ(places[0].uuid, "uuid-1");
  EXPECT_EQ(places[1].uuid, "uuid-3");
}

TEST(HdfsFileSystem, NoDataNodeLeftIsSaidWithTheReason) {
  FakeHdfs cluster(2);
  const auto fs = cluster.file_system();
  cluster.faults.refuse_connection = [](const DatanodeInfo&) { return true; };
  const Status written = cluster.run(fs::write_file(*fs, "/f", "hello"));
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().message(), HasSubstr("Connection refused"));
  EXPECT_THAT(written.error().message(), HasSubstr("2 DataNodes were tried"));
  EXPECT_FALSE(cluster.files.contains("/f")) << "no half file stays behind";
}

TEST(HdfsFileSystem, WhoeverWasLeftOutForAnothersFaultIsAskedAgain) {
  FakeHdfs cluster;
  const auto fs = cluster.file_system();
  cluster.faults.hang = [](const std::vector<DatanodeInfo>& pipeline) {
    return std::ranges::find(pipeline, "uuid-2", &DatanodeInfo::uuid) != pipeline.end();
  };
  const Status written = cluster.run(fs::write_file(*fs, "/f", "hello"));
  ASSERT_TRUE(written) << written.error().message();
  EXPECT_EQ(cluster.stored("/f"), "hello");
  const auto& places = cluster.files["/f"].places.at(cluster.files["/f"].blocks[0].id);
  EXPECT_EQ(places.size(), 2u) << "without the one that hangs";
}

TEST(HdfsFileSystem, AFullClusterIsSaidInWords) {
  FakeHdfs cluster(0);
  const auto fs = cluster.file_system();
  const Status written = cluster.run(fs::write_file(*fs, "/f", "hello"));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code(), ErrorCode::kResourceExhausted);
  EXPECT_THAT(written.error().message(), HasSubstr("no DataNode of hdfs://fake:8020 takes the block"));
  EXPECT_FALSE(cluster.files.contains("/f"));
}

struct StreamFault {
  const char* name;
  Faults::Packet fault;
};
class PipelineRecovery : public testing::TestWithParam<StreamFault> {};

// A failure at every packet in turn, the end of the block included: the file is whole, on the nodes that are
// left.
TEST_P(PipelineRecovery, AtEveryPacket) {
  const std::string text = numbered_lines().substr(0, 150000);
  for (std::size_t at = 0;; ++at) {
    FakeHdfs cluster;
    const auto fs = cluster.file_system(small_blocks());
    bool happened = false;
    cluster.faults.packet = [&](std::size_t arrived) {
      if (arrived != at || happened) return Faults::Packet::kStore;
      happened = true;
      return GetParam().fault;
    };
    const bool flushes = at % 2 == 1;
    const Status written = cluster.run(write_text(*fs, "/f", text, flushes));
    ASSERT_TRUE(written) << "packet " << at << ": " << written.error().message();
    ASSERT_EQ(cluster.stored("/f"), text) << "packet " << at;
    if (!happened) {
      EXPECT_GT(at, 5u);
      break;
    }
    EXPECT_GE(cluster.name_node->count("updatePipeline"), 1u) << "packet " << at;
  }
}

INSTANTIATE_TEST_SUITE_P(Faults, PipelineRecovery,
                         testing::Values(StreamFault{"Close", Faults::Packet::kClose},
                                         StreamFault{"Silence", Faults::Packet::kSilence},
                                         StreamFault{"LastNodeFails", Faults::Packet::kLastNodeFails},
                                         StreamFault{"Restart", Faults::Packet::kRestart}),
                         [](const auto& info) { return info.param.name; });

TEST(HdfsFileSystem, AThirdReplicaIsAskedForWhereTheDefaultPolicySaysSo) {
  FakeHdfs cluster(4);
  const auto fs = cluster.file_system();
  cluster.faults.packet = [](std::size_t arrived) {
    return arrived == 1 ? Faults::Packet::kLastNodeFails : Faults::Packet::kStore;
  };
  ASSERT_TRUE(cluster.run(write_text(*fs, "/f", "some text, flushed as a journal is", true)));
  EXPECT_EQ(cluster.stored("/f"), "some text, flushed as a journal is");
  const auto& places = cluster.files["/f"].places.at(cluster.files["/f"].blocks[0].id);
  ASSERT_EQ(places.size(), 3u);
  EXPECT_EQ(places[2].uuid, "uuid-3");
}

TEST(HdfsFileSystem, FailuresWithoutEndEndTheWrite) {
  FakeHdfs cluster;
  const auto fs = cluster.file_system();
  cluster.faults.packet = [](std::size_t) { return Faults::Packet::kClose; };
  const Status written = cluster.run(fs::write_file(*fs, "/f", "hello"));
  ASSERT_FALSE(written);
  EXPECT_THAT(
      written.error().message(),
      testing::ContainsRegex("no DataNode is left to write BP:blk_[0-9_]+ to; the last one was [0-9.:]+: "));
  EXPECT_THAT(written.error().message(), HasSubstr("hdfs://fake:8020/f"));
  EXPECT_FALSE(cluster.files.contains("/f"));
}

TEST(HdfsFileSystem, HeartbeatsAndLeaseWhileNothingIsWritten) {
  FakeHdfs cluster;
  const auto fs = cluster.file_system();
  auto writer = cluster.run(fs->create("/f", {})).value();
  ASSERT_TRUE(cluster.run(writer->write(io::as_bytes("one"))));
  ASSERT_TRUE(cluster.run(writer->flush()));
  cluster.pass(std::chrono::minutes(10));
  EXPECT_NEAR(static_cast<double>(cluster.heartbeats), 20, 1);
  EXPECT_NEAR(static_cast<double>(cluster.name_node->count("renewLease")), 20, 1);
  ASSERT_TRUE(cluster.run(writer->write(io::as_bytes("two"))));
  ASSERT_TRUE(cluster.run(writer->close()));
  EXPECT_EQ(cluster.stored("/f"), "onetwo");
  const std::size_t renewed = cluster.name_node->count("renewLease");
  cluster.pass(std::chrono::minutes(10));
  EXPECT_EQ(cluster.name_node->count("renewLease"), renewed) << "nothing is open any more";
  cluster.run(fs->shut_down());
}

TEST(HdfsFileSystem, FsyncTellsTheNameNodeOnceABlock) {
  FakeHdfs cluster;
  const auto fs = cluster.file_system(small_blocks());
  auto writer = cluster.run(fs->create("/f", {})).value();
  for (int n = 0; n < 3; ++n) {
    ASSERT_TRUE(cluster.run(writer->write(io::as_bytes("line\n"))));
    ASSERT_TRUE(cluster.run(writer->flush()));
    EXPECT_EQ(cluster.run(fs::read_file(*fs, "/f", 100)).value().size(), 5u * (n + 1)) << "readers see it";
  }
  EXPECT_EQ(cluster.name_node->count("fsync"), 1u);
  ASSERT_TRUE(cluster.run(writer->write(io::as_bytes(std::string(70000, 'x')))));
  ASSERT_TRUE(cluster.run(writer->flush()));
  ASSERT_TRUE(cluster.run(writer->flush()));
  EXPECT_EQ(cluster.name_node->count("fsync"), 2u);
  EXPECT_EQ(cluster.run(fs::read_file(*fs, "/f", 1 << 20)).value().size(), 70015u);
  ASSERT_TRUE(cluster.run(writer->close()));
}

TEST(HdfsFileSystem, AppendTakesALeaseFromADeadWriter) {
  FakeHdfs cluster;
  const auto fs = cluster.file_system();
  auto dead = cluster.run(fs->create("/f", {})).value();
  ASSERT_TRUE(cluster.run(dead->write(io::as_bytes(std::string(700, 'x')))));
  ASSERT_TRUE(cluster.run(dead->flush()));
  const auto next = cluster.file_system();
  auto writer = cluster.run(next->append("/f"));
  ASSERT_TRUE(writer) << writer.error().message();
  EXPECT_EQ(cluster.name_node->count("recoverLease"), 1u);
  // The first one was not dead after all; but what it began is no longer its own.
  cluster.run(dead->abort());
  ASSERT_TRUE(cluster.run((*writer)->write(io::as_bytes("tail"))));
  ASSERT_TRUE(cluster.run((*writer)->flush()));
  ASSERT_TRUE(cluster.run((*writer)->write(io::as_bytes(std::string(1000, 'y')))));
  ASSERT_TRUE(cluster.run((*writer)->close()));
  EXPECT_EQ(cluster.stored("/f"), std::string(700, 'x') + "tail" + std::string(1000, 'y'));
}

TEST(HdfsFileSystem, AppendSetsUpItsPipelineDespiteABadNode) {
  FakeHdfs cluster;
  const auto fs = cluster.file_system();
  ASSERT_TRUE(cluster.run(fs::write_file(*fs, "/f", "one ")));
  cluster.faults.refuse_connection = [](const DatanodeInfo& node) { return node.uuid == "uuid-0"; };
  auto writer = cluster.run(fs->append("/f")).value();
  ASSERT_TRUE(cluster.run(writer->write(io::as_bytes("two"))));
  ASSERT_TRUE(cluster.run(writer->close()));
  EXPECT_EQ(cluster.stored("/f"), "one two");
}

TEST(HdfsFileSystem, AWriterThatGoesIsCleanedUpInTheBackground) {
  FakeHdfs cluster;
  const auto fs = cluster.file_system();
  const auto forget = [](fs::FileSystem& system) -> io::Task<Status> {
    KNIT_CO_TRY(auto writer, co_await system.create("/f", {}));
    KNIT_CO_TRY_VOID(co_await writer->write(io::as_bytes("half")));
    writer.reset();
    co_return Status();
  };
  ASSERT_TRUE(cluster.run(forget(*fs)));
  cluster.run(fs->shut_down());
  EXPECT_FALSE(cluster.files.contains("/f"));
}

TEST(HdfsFileSystem, AbortRemovesOnlyItsOwnFile) {
  FakeHdfs cluster;
  const auto fs = cluster.file_system();
  auto writer = cluster.run(fs->create("/f", {})).value();
  ASSERT_TRUE(cluster.run(writer->write(io::as_bytes("old"))));
  cluster.files["/f"].id = 77;  // somebody replaced it
  cluster.run(writer->abort());
  EXPECT_TRUE(cluster.files.contains("/f"));
}

TEST(HdfsFileSystem, ACreateWhoseAnswerNobodyWaitsForLeavesNothing) {
  FakeHdfs cluster;
  const auto fs = cluster.file_system();
  cluster.name_node->delays["create"] = std::chrono::seconds(4);
  const auto create = [](fs::FileSystem& system) -> io::Task<Status> {
    auto writer = co_await io::run_until(io::after(std::chrono::seconds(1)), system.create("/f", {}));
    co_return writer ? Status() : Status(writer.error());
  };
  EXPECT_EQ(cluster.run(create(*fs)).error().code(), ErrorCode::kDeadlineExceeded);
  EXPECT_TRUE(cluster.files.contains("/f"));
  cluster.run(fs->shut_down());
  EXPECT_FALSE(cluster.files.contains("/f"));
}

TEST(HdfsFileSystem, ADeadlineStopsAWriteAndAbortStillWorks) {
  FakeHdfs cluster(1);
  Options options;
  options.replication = 1;
  const auto fs = cluster.file_system(options);
  cluster.name_node->takes_time = true;
  cluster.faults.packet = [](std::size_t) { return Faults::Packet::kSilence; };
  const auto work = [](fs::FileSystem& system) -> io::Task<Status> {
    KNIT_CO_TRY(auto writer, co_await system.create("/f", {}));
    Status done = co_await writer->write(io::as_bytes("bytes"));
    if (done) done = co_await writer->flush();
    co_await writer->abort();
    const Status cancelled = co_await io::check_cancelled();
    EXPECT_FALSE(cancelled) << "still cancelled after the clean-up";
    co_return done;
  };
  const auto in_time = [&](fs::FileSystem& system) -> io::Task<Status> {
    co_return co_await io::run_until(io::after(std::chrono::seconds(5)), work(system));
  };
  const auto start = cluster.loop.now();
  EXPECT_EQ(cluster.run(in_time(*fs)).error().code(), ErrorCode::kDeadlineExceeded);
  EXPECT_LT(cluster.loop.now() - start, std::chrono::seconds(7));
  EXPECT_FALSE(cluster.files.contains("/f"));
}

TEST(HdfsFileSystem, EncryptedAndErasureCodedFilesAreRefusedByName) {
  FakeHdfs cluster;
  const auto fs = cluster.file_system();
  ASSERT_TRUE(cluster.run(fs::write_file(*fs, "/ec", "x")));
  cluster.files["/ec"].erasure_coded = true;
  for (const auto& error : {cluster.run(fs->open("/ec")).error(), cluster.run(fs->append("/ec")).error()}) {
    EXPECT_EQ(error.code(), ErrorCode::kUnimplemented);
    EXPECT_THAT(error.message(), HasSubstr("RS-6-3-1024k"));
  }
  ASSERT_TRUE(cluster.run(fs::write_file(*fs, "/zone", "x")));
  cluster.files["/zone"].encrypted = true;
  EXPECT_THAT(cluster.run(fs->append("/zone")).error().message(), HasSubstr("thekey"));
  EXPECT_TRUE(cluster.run(fs->stat("/zone")).value().encrypted);
}

TEST(HdfsFileSystem, UmaskAppliesAndBothPermissionsTravel) {
  FakeHdfs cluster;
  Options options;
  options.umask = 027;
  const auto fs = cluster.file_system(options);
  ASSERT_TRUE(cluster.run(fs::write_file(*fs, "/a/b/f", "x", {.permission = 0666})));
  EXPECT_EQ(cluster.files["/a/b/f"].permission, 0640);
  EXPECT_EQ(cluster.files["/a/b"].permission, 0700);
  for (const auto& call : cluster.name_node->calls) {
    if (call.method != "create") continue;
    hadoop::hdfs::CreateRequestProto request;
    ASSERT_TRUE(request.ParseFromString(call.request));
    EXPECT_EQ(request.unmasked().perm(), 0666u);
    EXPECT_FALSE(request.createparent());
    EXPECT_EQ(call.repeat, rpc::Repeat::kAtMostOnce);
  }
}

TEST(HdfsFileSystem, AMissingHomeIsExplained) {
  FakeHdfs cluster;
  const auto fs = cluster.file_system();
  cluster.name_node->handlers["mkdirs"] = [](const std::string&) -> Result<std::string> {
    return Error(ErrorCode::kPermissionDenied,
                 "Permission denied: user=alice, access=WRITE, inode=\"/user\":hdfs:supergroup:drwxr-xr-x",
                 "org.apache.hadoop.security.AccessControlException");
  };
  const auto error = cluster.run(fs->make_directories("/user/alice/.knit", 0700)).error();
  EXPECT_EQ(error.code(), ErrorCode::kPermissionDenied);
  EXPECT_THAT(error.message(), HasSubstr("/user/alice does not exist"));
  EXPECT_THAT(error.message(), HasSubstr("hdfs dfs -chown alice /user/alice"));
  const auto elsewhere = cluster.run(fs->make_directories("/data", 0700)).error();
  EXPECT_THAT(elsewhere.message(), HasSubstr("Knit is alice to HDFS"));
}

TEST(HdfsFileSystem, SafeModeAndQuotasInWords) {
  FakeHdfs cluster;
  const auto fs = cluster.file_system();
  const auto refuse = [&](std::string name, ErrorCode code) {
    cluster.name_node->handlers["create"] = [name, code](const std::string&) -> Result<std::string> {
      return Error(code, "the server's\nwords", name);
    };
    return cluster.run(fs->create("/f", {})).error();
  };
  const auto safe =
      refuse("org.apache.hadoop.hdfs.server.namenode.SafeModeException", ErrorCode::kFailedPrecondition);
  EXPECT_EQ(safe.code(), ErrorCode::kUnavailable);
  EXPECT_THAT(safe.message(), HasSubstr("leaves safe mode"));
  EXPECT_THAT(safe.message(), HasSubstr("the server's words"));
  const auto quota =
      refuse("org.apache.hadoop.hdfs.protocol.DSQuotaExceededException", ErrorCode::kResourceExhausted);
  EXPECT_EQ(quota.code(), ErrorCode::kResourceExhausted);
  EXPECT_THAT(quota.message(), HasSubstr("larger quota"));
}

TEST(HdfsFileSystem, ClustersThatEncryptTheDataPortAreRefused) {
  FakeHdfs cluster;
  const auto fs = cluster.file_system();
  const auto plain = cluster.name_node->handlers["getServerDefaults"];
  cluster.name_node->handlers["getServerDefaults"] =
      [plain](const std::string& bytes) -> Result<std::string> {
    hadoop::hdfs::GetServerDefaultsResponseProto answer;
    if (!answer.ParseFromString(plain(bytes).value())) return Error(ErrorCode::kInternal, "test");
    answer.mutable_serverdefaults()->set_encryptdatatransfer(true);
    return answer.SerializeAsString();
  };
  const auto error = cluster.run(fs->create("/f", {})).error();
  EXPECT_EQ(error.code(), ErrorCode::kUnimplemented);
  EXPECT_THAT(error.message(), HasSubstr("dfs.encrypt.data.transfer"));
  EXPECT_EQ(cluster.name_node->count("create"), 0u);
}

}  // namespace
}  // namespace knit::hdfs
