#include "hdfs/transfer.h"

#include <gtest/gtest.h>

#include "hdfs/golden_for_test.h"
#include "hdfs/proto/datatransfer.pb.h"

namespace knit::hdfs {
namespace {

const std::string kPool = "BP-2000748352-127.0.0.1-1795396996954";

std::string captured(const std::string& name) {
  const auto stream = golden("datatransfer/" + name + ".c2s.bin");
  return text_of(std::span(stream).first(after_operation(stream)));
}

TEST(Transfer, WritesWhatJavaWrites) {
  LocatedBlock target;
  target.block = {.pool = kPool, .id = 1073741825, .generation = 1001, .length = 134217728};
  target.nodes.resize(1);
  target.storage_types = {StorageType::kDisk};
  target.storage_ids = {"DS-5de2eb66-15b2-404f-89ad-df071b6a576f"};
  const std::string client = "DFSClient_NONMAPREDUCE_-1801936331_1";
  EXPECT_EQ(encode_operation(WriteOperation{.target = target, .client = client}), captured("put-small"));
}

TEST(Transfer, TheOtherNodesAreTheTargets) {
  LocatedBlock target;
  target.block = {.pool = kPool, .id = 1, .generation = 2, .length = 3};
  target.nodes = {{.ip = "10.0.0.1", .host = "a", .uuid = "A", .transfer_port = 1},
                  {.ip = "10.0.0.2", .host = "b", .uuid = "B", .transfer_port = 2, .location = "/r"}};
  target.storage_types = {StorageType::kDisk, StorageType::kSsd};
  target.storage_ids = {"DS-a", "DS-b"};
  const std::string client = "c";
  const std::string bytes = encode_operation(WriteOperation{.target = target,
                                                            .client = client,
                                                            .stage = PipelineStage::kStreamingRecovery,
                                                            .least_received = 7,
                                                            .most_received = 9,
                                                            .generation = 5});
  std::size_t needed = 0;
  auto view = decode_delimited(bytes_of(bytes).subspan(3), needed).value().value();
  hadoop::hdfs::OpWriteBlockProto op;
  ASSERT_TRUE(op.ParseFromArray(view.message.data(), static_cast<int>(view.message.size())));
  EXPECT_EQ(op.pipelinesize(), 2u);
  ASSERT_EQ(op.targets_size(), 1);
  EXPECT_EQ(op.targets(0).id().datanodeuuid(), "B");
  EXPECT_EQ(op.targets(0).location(), "/r");
  EXPECT_EQ(op.targetstoragetypes(0), hadoop::hdfs::SSD);
  EXPECT_EQ(op.targetstorageids(0), "DS-b");
  EXPECT_EQ(op.storageid(), "DS-a");
  EXPECT_EQ(op.stage(), hadoop::hdfs::OpWriteBlockProto::PIPELINE_SETUP_STREAMING_RECOVERY);
  EXPECT_EQ(op.minbytesrcvd(), 7u);
  EXPECT_EQ(op.maxbytesrcvd(), 9u);
  EXPECT_EQ(op.latestgenerationstamp(), 5u);
}

TEST(Transfer, ReadsAsJavaReads) {
  const security::Token token;
  const ExtendedBlock small{.pool = kPool, .id = 1073741825, .generation = 1001, .length = 13};
  std::string client = "DFSClient_NONMAPREDUCE_-408296271_1";
  EXPECT_EQ(encode_operation(
                ReadOperation{.block = small, .token = token, .client = client, .offset = 0, .length = 13}),
            captured("cat-small"));
  const ExtendedBlock larger{.pool = kPool, .id = 1073741834, .generation = 1010, .length = 1404};
  client = "DFSClient_NONMAPREDUCE_-544505235_1";
  EXPECT_EQ(encode_operation(ReadOperation{
                .block = larger, .token = token, .client = client, .offset = 695, .length = 10}),
            captured("pread-695-10"));
  const auto stream = golden("datatransfer/cat-small.c2s.bin");
  EXPECT_EQ(encode_read_status(true), text_of(std::span(stream).subspan(after_operation(stream))));
}

OperationAnswer answer_in(const std::string& name) {
  const auto stream = golden("datatransfer/" + name + ".s2c.bin");
  std::size_t needed = 0;
  return decode_answer(decode_delimited(stream, needed).value().value().message).value();
}

TEST(Transfer, GoldenAnswers) {
  const OperationAnswer write = answer_in("put-small");
  EXPECT_EQ(write.status, TransferStatus::kSuccess);
  EXPECT_EQ(write.first_bad_link, "");
  EXPECT_FALSE(write.has_checksum);
  const OperationAnswer read = answer_in("pread-695-10");
  EXPECT_EQ(read.status, TransferStatus::kSuccess);
  EXPECT_TRUE(read.has_checksum);
  EXPECT_EQ(read.checksum, (ChecksumSpec{ChecksumType::kCrc32c, 512}));
  EXPECT_EQ(read.chunk_offset, 512u);
}

TEST(Transfer, RefusesImpossibleAnswers) {
  using namespace std::string_view_literals;
  EXPECT_FALSE(decode_answer(bytes_of(""sv)));
  EXPECT_FALSE(decode_answer(bytes_of("\x08\x63"sv)));  // status 99
  EXPECT_FALSE(
      decode_answer(bytes_of("\x08\x00\x22\x08\x0a\x04\x08\x02\x10\x00\x10\x00"sv)));  // no bytes a chunk
  auto refused = decode_answer(bytes_of("\x08\x05\x2a\x03"
                                        "old"sv))
                     .value();
  EXPECT_EQ(refused.status, TransferStatus::kErrorAccessToken);
  EXPECT_EQ(refused.message, "old");
}

}  // namespace
}  // namespace knit::hdfs
