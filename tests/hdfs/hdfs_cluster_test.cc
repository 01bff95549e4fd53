// The file system contract, and what only HDFS has, on a real cluster: HADOOP_CONF_DIR says which.
//
// KNIT_TEST_VICTIM is the process id of one of its DataNodes, which the test may kill; KNIT_TEST_KEEP a
// folder in HDFS where files are left for others to compare.
#include <gmock/gmock.h>
#include <signal.h>

#include <atomic>
#include <random>

#include "base/try.h"
#include "conf/hdfs_settings.h"
#include "conf/load.h"
#include "conf/security_settings.h"
#include "fs/file_system_contract.h"
#include "hdfs/connect.h"
#include "hdfs/trash.h"
#include "io/task_group.h"
#include "io/wait.h"

namespace knit::hdfs {
namespace {

using testing::HasSubstr;

Result<std::unique_ptr<HdfsFileSystem>> connect(const conf::Overrides& overrides = {},
                                                std::string user = {}) {
  const auto environment = conf::Environment::of_process_and_account();
  KNIT_TRY(const conf::Settings settings, conf::load(environment, overrides));
  KNIT_TRY(const std::string authority, conf::hdfs_authority(settings, "/", "the test"));
  if (user.empty()) {
    KNIT_TRY(user, conf::user_name(settings));
  }
  return open_file_system(settings, authority, user, {.connect_timeout = std::chrono::seconds(10)},
                          [] { return std::string("knit-test"); });
}

std::string fresh_folder() {
  static std::atomic<int> count = 0;
  static const unsigned random = std::random_device()();
  return "/tmp/knit-hdfs-test-" + std::to_string(random) + "-" + std::to_string(++count);
}

std::string noise(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint64_t state = 88172645463325252ull + size;
  for (char& c : bytes) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    c = static_cast<char>(state);
  }
  return bytes;
}

fs::ContractTarget hdfs() {
  return {.name = "Hdfs",
          .make =
              [](io::Loop& loop, std::shared_ptr<void>&, std::string& folder) {
                auto made = connect();
                if (!made) throw std::runtime_error(made.error().message());
                folder = fresh_folder();
                const Status done = loop.run((*made)->make_directories(folder, 0755));
                if (!done) throw std::runtime_error(done.error().message());
                return *std::move(made);
              },
          .flush_updates_status = false};
}

// A file system and a folder of its own; everything runs as one task on one loop.
class HdfsCluster : public testing::Test {
 protected:
  using Body = std::function<io::Task<Status>(HdfsFileSystem& fs, std::string folder)>;
  void run(Body body, const conf::Overrides& overrides = {}, std::string user = {}) {
    const auto start = std::chrono::steady_clock::now();
    const Status done = loop_.run(whole(std::move(body), connect(overrides, std::move(user))));
    EXPECT_TRUE(done) << done.error().message();
    seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  static io::Task<Status> whole(Body body, Result<std::unique_ptr<HdfsFileSystem>> made) {
    KNIT_CO_TRY(const auto fs, std::move(made));
    const std::string folder = fresh_folder();
    KNIT_CO_TRY_VOID(co_await fs->make_directories(folder, 0755));
    const Status done = co_await body(*fs, folder);
    KNIT_CO_TRY([[maybe_unused]] const bool removed, co_await fs->remove(folder, true));
    co_await fs->shut_down();
    co_return done;
  }
  static conf::Overrides with(std::vector<std::pair<std::string, std::string>> properties) {
    conf::Overrides overrides;
    overrides.properties = std::move(properties);
    return overrides;
  }

  // One of the variables above.
  static std::string need(std::string_view name) {
    return conf::Environment::of_process().get_or_empty(name);
  }

  io::Loop loop_;
  double seconds_ = 0;
};

Error unexpected(std::string what) {
  return Error(ErrorCode::kInternal, std::move(what));
}

TEST_F(HdfsCluster, FilesOfManyBlocksAndOfEveryChecksum) {
  for (const char* type : {"CRC32", "CRC32C", "NULL"}) {
    run(
        [](HdfsFileSystem& fs, std::string folder) -> io::Task<Status> {
          for (const std::size_t size : {65535u, 65536u, 65537u, 1'000'000u}) {
            const std::string bytes = noise(size);
            const std::string path = folder + "/" + std::to_string(size);
            // write_file would make one block of it: a writer that does not know how long it gets makes many.
            KNIT_CO_TRY(const auto writer, co_await fs.create(path, {}));
            KNIT_CO_TRY_VOID(co_await writer->write(io::as_bytes(bytes)));
            KNIT_CO_TRY_VOID(co_await writer->close());
            KNIT_CO_TRY(const std::string back, co_await fs::read_file(fs, path, 1 << 30));
            if (back != bytes) co_return unexpected(path + " differs");
          }
          co_return Status();
        },
        with({{"dfs.blocksize", "65536"}, {"dfs.checksum.type", type}}));
  }
}

TEST_F(HdfsCluster, AppendToBlocksThatAreFullAndThatAreNot) {
  run(
      [](HdfsFileSystem& fs, std::string folder) -> io::Task<Status> {
        const std::string path = folder + "/f";
        std::string expected;
        KNIT_CO_TRY_VOID(co_await fs::write_file(fs, path, ""));
        for (const std::size_t size : {4096u, 1u, 4095u, 5000u, 700u, 12000u}) {
          const std::string piece = noise(size);
          KNIT_CO_TRY(const auto writer, co_await fs.append(path));
          KNIT_CO_TRY_VOID(co_await writer->write(io::as_bytes(piece)));
          KNIT_CO_TRY_VOID(co_await writer->flush());
          KNIT_CO_TRY_VOID(co_await writer->close());
          expected += piece;
          KNIT_CO_TRY(const std::string back, co_await fs::read_file(fs, path, 1 << 30));
          if (back != expected) co_return unexpected("differs after " + std::to_string(expected.size()));
        }
        co_return Status();
      },
      with({{"dfs.blocksize", "4096"}}));
}

TEST_F(HdfsCluster, TwoHundredMebibytes) {
  constexpr std::size_t kPiece = 1u << 20;
  constexpr std::size_t kPieces = 200;
  run([](HdfsFileSystem& fs, std::string folder) -> io::Task<Status> {
    const std::string piece = noise(kPiece);
    KNIT_CO_TRY(const auto writer,
                co_await fs.create(folder + "/big", {.expected_length = kPiece * kPieces}));
    for (std::size_t n = 0; n < kPieces; ++n) KNIT_CO_TRY_VOID(co_await writer->write(io::as_bytes(piece)));
    KNIT_CO_TRY_VOID(co_await writer->close());
    KNIT_CO_TRY(const auto status, co_await fs.stat(folder + "/big"));
    if (status.length != kPiece * kPieces) co_return unexpected("length");
    KNIT_CO_TRY(const auto reader, co_await fs.open(folder + "/big"));
    std::vector<std::byte> into(300'000);
    for (std::uint64_t at = 0; at < status.length;) {
      KNIT_CO_TRY(const std::size_t count, co_await reader->read_at(at, into));
      for (std::size_t n = 0; n < count; n += 4096) {
        if (into[n] != std::byte(piece[(at + n) % kPiece])) co_return unexpected("differs");
      }
      at += count;
    }
    co_return Status();
  });
  std::printf("200 MiB written and read in %.1f s\n", seconds_);
}

TEST_F(HdfsCluster, ReadersFollowAWriterThatFlushes) {
  run([](HdfsFileSystem& fs, std::string folder) -> io::Task<Status> {
    const std::string path = folder + "/journal";
    KNIT_CO_TRY(const auto writer, co_await fs.create(path, {}));
    std::string expected;
    for (int n = 0; n < 40; ++n) {
      const std::string line =
          "line " + std::to_string(n) + std::string(static_cast<std::size_t>(n * 37), '.') + "\n";
      expected += line;
      KNIT_CO_TRY_VOID(co_await writer->write(io::as_bytes(line)));
      KNIT_CO_TRY_VOID(co_await writer->flush());
      KNIT_CO_TRY(const std::string seen, co_await fs::read_file(fs, path, 1 << 20));
      if (seen != expected) co_return unexpected("a flushed line is not seen: " + std::to_string(n));
    }
    co_return co_await writer->close();
  });
}

io::Task<void> make_names(HdfsFileSystem& fs, std::string folder, int from, int to, Status& done) {
  for (int n = from; n < to && done; ++n) {
    done = co_await fs.make_directories(folder + "/" + std::to_string(n), 0755);
  }
}

TEST_F(HdfsCluster, ListsThreeThousandNames) {
  run([](HdfsFileSystem& fs, std::string folder) -> io::Task<Status> {
    constexpr int kFirst = 10000, kNames = 3000, kAtOnce = 10;
    io::TaskGroup group;
    Status done;
    for (int n = 0; n < kNames; n += kNames / kAtOnce) {
      group.spawn(make_names(fs, folder, kFirst + n, kFirst + n + kNames / kAtOnce, done));
    }
    co_await group.join();
    KNIT_CO_TRY_VOID(std::move(done));
    KNIT_CO_TRY(const auto all, co_await fs.list(folder));
    if (all.size() != kNames) co_return unexpected(std::to_string(all.size()) + " names");
    for (int n = 0; n < kNames; ++n) {
      const std::string expected = folder + "/" + std::to_string(kFirst + n);
      if (all[static_cast<std::size_t>(n)].path != expected) co_return unexpected("no " + expected);
    }
    co_return Status();
  });
}

TEST_F(HdfsCluster, ADeadWritersFileIsTakenOver) {
  run([](HdfsFileSystem& fs, std::string folder) -> io::Task<Status> {
    const std::string path = folder + "/f";
    KNIT_CO_TRY(const auto dead, co_await fs.create(path, {}));
    KNIT_CO_TRY_VOID(co_await dead->write(io::as_bytes("from the first")));
    KNIT_CO_TRY_VOID(co_await dead->flush());
    KNIT_CO_TRY(const auto other, connect());
    const auto create_again = co_await other->create(path, {});
    if (create_again || create_again.error().code() != ErrorCode::kAlreadyExists)
      co_return unexpected("created");
    KNIT_CO_TRY(const auto writer, co_await other->append(path));
    KNIT_CO_TRY_VOID(co_await writer->write(io::as_bytes(", and the second")));
    KNIT_CO_TRY_VOID(co_await writer->flush());
    // The first one lives after all: it hears that it lost the file, and leaves it alone.
    const Status late = co_await dead->close();
    if (late) co_return unexpected("closed a file that is another's");
    co_await dead->abort();
    KNIT_CO_TRY_VOID(co_await writer->close());
    KNIT_CO_TRY(const std::string back, co_await fs::read_file(*other, path, 100));
    co_await other->shut_down();
    if (back != "from the first, and the second") co_return unexpected(back);
    co_return Status();
  });
}

TEST_F(HdfsCluster, RefusalsInWords) {
  run([](HdfsFileSystem& fs, std::string folder) -> io::Task<Status> {
    KNIT_CO_TRY(const auto stranger, connect({}, "stranger"));
    const auto denied = co_await stranger->create(folder + "/f", {});
    EXPECT_EQ(denied.error().code(), ErrorCode::kPermissionDenied);
    EXPECT_THAT(denied.error().message(), HasSubstr("stranger"));
    const auto homeless = co_await stranger->make_directories("/user/stranger/.knit", 0700);
    EXPECT_EQ(homeless.error().code(), ErrorCode::kPermissionDenied);
    EXPECT_THAT(homeless.error().message(), HasSubstr("hdfs dfs -chown stranger /user/stranger"));
    co_await stranger->shut_down();
    const auto replicas = co_await fs.create(folder + "/f", {.replication = 600});
    EXPECT_FALSE(replicas.has_value());  // above dfs.replication.max
    co_return Status();
  });
}

TEST_F(HdfsCluster, TheTrashIsTheOneOfHdfsDfs) {
  run(
      [](HdfsFileSystem& fs, std::string folder) -> io::Task<Status> {
        KNIT_CO_TRY_VOID(co_await fs::write_file(fs, folder + "/f", "x"));
        KNIT_CO_TRY(const auto moved, co_await move_to_trash(fs, folder + "/f"));
        EXPECT_EQ(moved, fs.home() + "/.Trash/Current" + folder + "/f");
        KNIT_CO_TRY([[maybe_unused]] const bool removed, co_await fs.remove(trash_root(fs), true));
        co_return Status();
      },
      with({{"fs.trash.interval", "60"}}));
}

// With three DataNodes and three replicas: one of them is killed while it is written to.
TEST_F(HdfsCluster, WritingSurvivesTheDeathOfADataNode) {
  const std::string victim = need("KNIT_TEST_VICTIM");
  if (victim.empty()) GTEST_SKIP() << "KNIT_TEST_VICTIM names no DataNode";
  run(
      [&victim](HdfsFileSystem& fs, std::string folder) -> io::Task<Status> {
        const std::string path = folder + "/f";
        const std::string piece = noise(300'000);
        KNIT_CO_TRY(const auto writer, co_await fs.create(path, {.replication = 3}));
        std::string expected;
        for (int n = 0; n < 30; ++n) {
          expected += piece;
          KNIT_CO_TRY_VOID(co_await writer->write(io::as_bytes(piece)));
          if (n == 10) ::kill(static_cast<pid_t>(std::stol(victim)), SIGKILL);
          if (n % 3 == 0) KNIT_CO_TRY_VOID(co_await writer->flush());
        }
        KNIT_CO_TRY_VOID(co_await writer->close());
        KNIT_CO_TRY(const std::string back, co_await fs::read_file(fs, path, 1 << 30));
        if (back != expected) co_return unexpected("differs");
        // A new file, while the NameNode still believes in the dead one.
        KNIT_CO_TRY_VOID(co_await fs::write_file(fs, folder + "/g", piece, {.replication = 3}));
        KNIT_CO_TRY(const std::string second, co_await fs::read_file(fs, folder + "/g", 1 << 30));
        if (second != piece) co_return unexpected("the second differs");
        co_return Status();
      },
      with({{"dfs.blocksize", "4194304"}}));
}

// A DataNode that accepts connections and never answers: others have the block too.
TEST_F(HdfsCluster, ReadingAndWritingSurviveADataNodeThatHangs) {
  const std::string victim = need("KNIT_TEST_VICTIM");
  if (victim.empty()) GTEST_SKIP() << "KNIT_TEST_VICTIM names no DataNode";
  const auto pid = static_cast<pid_t>(std::stol(victim));
  run(
      [pid](HdfsFileSystem& fs, std::string folder) -> io::Task<Status> {
        const std::string bytes = noise(200'000);
        for (int n = 0; n < 3; ++n) {
          KNIT_CO_TRY_VOID(
              co_await fs::write_file(fs, folder + "/" + std::to_string(n), bytes, {.replication = 3}));
        }
        ::kill(pid, SIGSTOP);
        Status done;
        for (int n = 0; n < 3 && done; ++n) {
          const auto back = co_await fs::read_file(fs, folder + "/" + std::to_string(n), 1 << 30);
          if (!back) done = back.error();
          if (back && *back != bytes) done = unexpected("differs");
        }
        if (done) done = co_await fs::write_file(fs, folder + "/new", bytes, {.replication = 3});
        ::kill(pid, SIGCONT);
        co_return done;
      },
      with({{"dfs.client.socket-timeout", "1500"}}));
}

TEST_F(HdfsCluster, OverAQuota) {
  const std::string folder = need("KNIT_TEST_QUOTA");
  if (folder.empty()) GTEST_SKIP() << "KNIT_TEST_QUOTA names no folder";
  run([&folder](HdfsFileSystem& fs, std::string) -> io::Task<Status> {
    const Status small = co_await fs::write_file(fs, folder + "/small", noise(1000), {.replication = 1});
    EXPECT_TRUE(small) << "a block of its own size is charged, not one of 128 MiB: "
                       << small.error().message();
    const Status large = co_await fs::write_file(fs, folder + "/large", noise(1 << 20), {.replication = 3});
    EXPECT_EQ(large.error().code(), ErrorCode::kResourceExhausted);
    EXPECT_THAT(large.error().message(), HasSubstr("quota"));
    EXPECT_EQ((co_await fs.stat(folder + "/large")).error().code(), ErrorCode::kNotFound) << "nothing stays";
    co_return Status();
  });
}

TEST_F(HdfsCluster, InSafeMode) {
  if (need("KNIT_TEST_SAFE").empty()) GTEST_SKIP() << "not in safe mode";
  const auto body = [](std::unique_ptr<HdfsFileSystem> fs) -> io::Task<void> {
    const auto refused = co_await fs->create("/tmp/f", {});
    EXPECT_EQ(refused.error().code(), ErrorCode::kUnavailable) << refused.error().message();
    EXPECT_THAT(refused.error().message(), HasSubstr("leaves safe mode"));
    EXPECT_TRUE(co_await fs->stat("/tmp")) << "reading works";
    co_await fs->shut_down();
  };
  loop_.run(body(connect().value()));
}

// Leaves files for Hadoop's own tools to look at.
TEST_F(HdfsCluster, LeavesFilesToCompare) {
  const std::string keep = need("KNIT_TEST_KEEP");
  if (keep.empty()) GTEST_SKIP() << "KNIT_TEST_KEEP names no folder";
  run(
      [&keep](HdfsFileSystem& fs, std::string) -> io::Task<Status> {
        for (const std::size_t size : {0u, 1u, 511u, 512u, 513u, 65537u, 3'000'000u}) {
          KNIT_CO_TRY(const auto writer,
                      co_await fs.create(keep + "/" + std::to_string(size), {.permission = 0644}));
          const std::string bytes = noise(size);
          for (std::size_t at = 0; at < size; at += 100'000) {
            KNIT_CO_TRY_VOID(
                co_await writer->write(io::as_bytes(std::string_view(bytes).substr(at, 100'000))));
            KNIT_CO_TRY_VOID(co_await writer->flush());
          }
          KNIT_CO_TRY_VOID(co_await writer->close());
        }
        co_return Status();
      },
      with({{"dfs.blocksize", "1048576"}}));
}

}  // namespace
}  // namespace knit::hdfs

namespace knit::fs {
INSTANTIATE_TEST_SUITE_P(Real, FileSystemContract, testing::Values(knit::hdfs::hdfs()), contract_target_name);
}  // namespace knit::fs
