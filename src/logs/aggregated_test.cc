#include "logs/aggregated.h"

#include <gtest/gtest.h>

#include "base/try.h"
#include "fs/memory_file_system.h"
#include "logs/golden_logs.h"

namespace knit::logs {
namespace {

using namespace std::string_literals;

const ApplicationId kApp{.cluster_timestamp = 1795397000582, .id = 22};

io::Task<Status> put(fs::FileSystem* file_system, std::string path, std::string bytes) {
  KNIT_CO_TRY(auto writer, co_await file_system->create(path, {}));
  KNIT_CO_TRY_VOID(co_await writer->write(io::as_bytes(bytes)));
  co_return co_await writer->close();
}

class Aggregated : public testing::Test {
 protected:
  void add(const std::string& path, std::string bytes) {
    auto done = loop_.run(put(&file_system_, path, std::move(bytes)));
    ASSERT_TRUE(done) << done.error().message();
  }
  Uploads list() {
    std::vector<LogFolder> folders;
    for (auto& path : log_folders(layout_, "alice", kApp)) folders.push_back({&file_system_, path});
    auto uploads = loop_.run(list_uploads(std::move(folders)));
    EXPECT_TRUE(uploads);
    return uploads ? *std::move(uploads) : Uploads{};
  }
  Result<std::unique_ptr<NodeLog>> open(const NodeFile& file) { return loop_.run(open_node_file(file)); }

  io::Loop loop_;
  fs::MemoryFileSystem file_system_;
  LogLayout layout_{.places = {{.root = "/tmp/logs", .suffix = "logs-tfile"},
                               {.root = "/tmp/logs", .suffix = "logs-ifile"}},
                    .older = {{.root = "/tmp/logs", .suffix = "logs"}}};
  const std::string new_ = "/tmp/logs/alice/bucket-logs-tfile/0022/application_1795397000582_0022/";
  const std::string indexed_ = "/tmp/logs/alice/bucket-logs-ifile/0022/application_1795397000582_0022/";
  const std::string old_ = "/tmp/logs/alice/logs/application_1795397000582_0022/";
};

TEST(AggregatedFolders, OfBothLayouts) {
  const LogLayout layout{
      .places = {{.root = "hdfs://nn:8020/logs/", .suffix = "logs-tfile"}},
      .older = {
          {.root = "/", .suffix = "logs"}, {.root = "/l", .suffix = ""}, {.root = "/", .suffix = "logs"}}};
  EXPECT_EQ(log_folders(layout, "bob", {.cluster_timestamp = 7, .id = 1230042}),
            (std::vector{"hdfs://nn:8020/logs/bob/bucket-logs-tfile/0042/application_7_1230042"s,
                         "/bob/logs/application_7_1230042"s, "/l/bob/application_7_1230042"s}));
}

TEST(AggregatedFolders, NamesOfFiles) {
  auto name = parse_node_file_name("node7.example.com_45454");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->node, (NodeId{.host = "node7.example.com", .port = 45454}));
  EXPECT_FALSE(name->rolled);
  name = parse_node_file_name("my_host_45454_1763862000000");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->node, (NodeId{.host = "my_host", .port = 45454}));
  EXPECT_EQ(name->rolled->time_since_epoch().count(), 1763862000000);
  for (const char* bad : {"", "_", "host", "host_", "_45454", "host_x", "host_-1", "host_1763862000000",
                          "_1_1763862000000", "host_99999999999999999999"})
    EXPECT_FALSE(parse_node_file_name(bad)) << bad;
}

TEST_F(Aggregated, NothingThereYet) {
  const Uploads uploads = list();
  EXPECT_TRUE(uploads.files.empty() && uploads.pending.empty() && uploads.unreadable.empty());
}

TEST_F(Aggregated, FilesOfBothLayoutsAndFormatsByTheirBytes) {
  add(new_ + "node1_1000", golden("logs/tfile-none.3.4.2.bin"));
  add(indexed_ + "node2_1000", golden("logs/ifile-gz.3.4.2.bin"));
  add(old_ + "node3_1000", golden("logs/ifile-none.3.4.2.bin"));  // in a folder of the other format
  add(new_ + "node4_1000.tmp", "half");
  add(new_ + "_SUCCESS", "");
  loop_.run(file_system_.make_directories(old_ + "application_1795397000582_0022.har", 0700)).value();
  const Uploads uploads = list();
  ASSERT_EQ(uploads.files.size(), 3u);
  const std::size_t entries[] = {golden_entries("tfile-none.3.4.2.bin").size(),
                                 golden_entries("ifile-gz.3.4.2.bin").size(),
                                 golden_entries("ifile-none.3.4.2.bin").size()};
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(uploads.files[i].node.host, "node" + std::to_string(i + 1));
    auto log = open(uploads.files[i]);
    ASSERT_TRUE(log) << log.error().message();
    EXPECT_EQ((*log)->entries().size(), entries[i]);
  }
  EXPECT_EQ(uploads.pending, (std::vector{NodeId{.host = "node4", .port = 1000}}));
  ASSERT_EQ(uploads.unreadable.size(), 1u);
  EXPECT_NE(uploads.unreadable[0].find(".har is a Hadoop archive"), std::string::npos);
}

TEST_F(Aggregated, RolledFilesInTheOrderOfUpload) {
  for (const char* name :
       {"node2_1_1763862000000", "node1_1_1763862000009", "node1_1_1763862000001", "node1_1"})
    add(new_ + name, golden("logs/tfile-gz.3.4.2.bin"));
  std::vector<std::string> names;
  for (const auto& file : list().files) names.push_back(file.path.substr(new_.size()));
  EXPECT_EQ(names, (std::vector{"node1_1"s, "node1_1_1763862000001"s, "node1_1_1763862000009"s,
                                "node2_1_1763862000000"s}));
}

TEST_F(Aggregated, AChecksumFileSaysHowMuchOfAnAppendedFileIsWhole) {
  const std::string whole = golden("logs/ifile-none.3.4.2.bin");
  const std::string name = "node1_1_1763862000000";
  add(indexed_ + name, whole + "\nhalf of the next upload");
  // As initializeWriterInRolling names it: by the node, while the file's own name is inside.
  std::string checksum = "\0\0\0"s + static_cast<char>(name.size()) + name + "\0\0\0\0"s;
  for (int shift = 24; shift >= 0; shift -= 8) checksum += static_cast<char>(whole.size() >> shift);
  add(indexed_ + "node1_1-checksum", checksum);
  Uploads uploads = list();
  ASSERT_EQ(uploads.files.size(), 1u);
  EXPECT_EQ(uploads.files[0].whole_until, whole.size());
  auto log = open(uploads.files[0]);
  ASSERT_TRUE(log) << log.error().message();
  EXPECT_EQ((*log)->entries().size(), golden_entries("ifile-none.3.4.2.bin").size());

  uploads.files[0].whole_until = 0;  // nothing was whole before
  EXPECT_TRUE((*open(uploads.files[0]))->entries().empty());
}

TEST_F(Aggregated, AFileWithoutItsEndIsNotThereYet) {
  const std::string whole = golden("logs/ifile-none.3.4.2.bin");
  add(indexed_ + "node1_1", whole.substr(0, whole.size() - 1));
  add(indexed_ + "node2_1", "");
  add(new_ + "node3_1", golden("logs/tfile-none.3.4.2.bin").substr(0, 5000));
  for (const auto& file : list().files) {
    auto log = open(file);
    ASSERT_FALSE(log);
    EXPECT_EQ(log.error().code(), ErrorCode::kUnavailable) << log.error().message();
    EXPECT_TRUE(log.error().message().starts_with(file.path + ": its upload has not ended"))
        << log.error().message();
  }
  EXPECT_EQ(open({.file_system = &file_system_, .path = "/nowhere"}).error().code(), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace knit::logs
