#include "client/cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/encoding.h"
#include "client/hooked_file_system.h"
#include "fs/memory_file_system.h"
#include "fs/path.h"
#include "io/loop.h"
#include "io/task_group.h"
#include "security/sha256.h"

namespace knit::client {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr const char* kFolder = "/user/alice/.knit/cache";

CacheKey key_of(const std::string& bytes, const std::string& name = "f.bin") {
  return {base::hex_encode(security::sha256(bytes)), name, bytes.size()};
}

class CacheTest : public testing::Test {
 protected:
  CacheTest() : cache_(memory_, kFolder) {}

  template <class T>
  T run(io::Task<T> task) {
    return loop_.run(std::move(task));
  }
  // The bytes as an open file somewhere else.
  std::unique_ptr<fs::Reader> reader(const std::string& bytes) {
    static int n = 0;
    const auto path = "/local/" + std::to_string(n++);
    EXPECT_TRUE(run(fs::write_file(memory_, path, bytes)));
    return *run(memory_.open(path));
  }
  Result<fs::FileStatus> obtain(Cache& cache, const std::string& bytes, const std::string& name = "f.bin") {
    const auto content = reader(bytes);
    return run(cache.obtain(key_of(bytes, name), *content, {}));
  }
  std::vector<std::string> everything(const std::string& folder = kFolder) {
    std::vector<std::string> paths;
    const auto list = run(memory_.list(folder));
    if (!list) return paths;
    for (const auto& status : *list) {
      paths.push_back(status.path.substr(std::string(kFolder).size()));
      if (!status.is_directory()) continue;
      for (auto& path : everything(status.path)) paths.push_back(std::move(path));
    }
    return paths;
  }
  static Cache::InUse uses(std::set<std::string> paths) {
    return [paths]() -> io::Task<Result<std::set<std::string>>> { co_return paths; };
  }
  // An upload that is cancelled at the first call that begins with `where`.
  void interrupt(const std::string& where);
  void age(const CacheKey& key, std::chrono::hours by) {
    const auto mark = std::string(kFolder) + "/" + key.sha256 + "/.used";
    ASSERT_TRUE(run(memory_.set_times(mark, loop_.wall_now() - by)));
  }

  io::Loop loop_;
  fs::MemoryFileSystem memory_;
  Cache cache_;
};

TEST(CacheName, IsPlain) {
  EXPECT_EQ(cache_name("a-b_c.tar.gz"), "a-b_c.tar.gz");
  EXPECT_EQ(cache_name(".bashrc"), "_bashrc");
  EXPECT_EQ(cache_name("a b$\"`\\:\n\xc3\xa4"), "a_b________");
  EXPECT_EQ(cache_name(""), "_");
  EXPECT_EQ(cache_name(std::string(300, 'x') + ".tar.gz"), std::string(193, 'x') + ".tar.gz");
}

TEST_F(CacheTest, UploadsOnce) {
  const std::string bytes(3 << 20, 'x');
  const auto key = key_of(bytes);
  std::vector<std::uint64_t> progress;
  const auto content = reader(bytes);
  EXPECT_FALSE(run(cache_.look(key)).value());
  const auto status =
      run(cache_.obtain(key, *content, [&](std::uint64_t sent) { progress.push_back(sent); }));
  ASSERT_TRUE(status) << status.error().message();
  EXPECT_EQ(status->path, std::string(kFolder) + "/" + key.sha256 + "/f.bin");
  EXPECT_EQ(status->length, bytes.size());
  EXPECT_EQ(status->permission, 0600);
  EXPECT_EQ(status->modified, kContentTime);
  EXPECT_EQ(progress, (std::vector<std::uint64_t>{1 << 20, 2 << 20, 3 << 20}));
  EXPECT_EQ(run(fs::read_file(memory_, status->path, 1 << 30)).value(), bytes);
  const auto all = everything();
  EXPECT_EQ(all.size(), 3u) << "the folder, the mark and the file";

  progress.clear();
  age(key, 24h);
  ASSERT_TRUE(run(cache_.obtain(key, *content, [&](std::uint64_t sent) { progress.push_back(sent); })));
  EXPECT_TRUE(progress.empty());
  EXPECT_EQ(everything(), all);
  const auto list = run(cache_.list()).value();
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].key.size, bytes.size());
  EXPECT_LT(loop_.wall_now() - list[0].used, 1h) << "it was marked";
  EXPECT_TRUE(run(cache_.look(key)).value());
}

TEST_F(CacheTest, TwoNamesOfOneContent) {
  ASSERT_TRUE(obtain(cache_, "x", "a"));
  ASSERT_TRUE(obtain(cache_, "x", "b"));
  EXPECT_EQ(run(cache_.list()).value().size(), 2u);
  EXPECT_EQ(everything().size(), 4u);
}

TEST_F(CacheTest, NothingUploadedIsKeptFromAFileThatChanges) {
  for (const std::string now : {"more bytes", "few", "othar"}) {
    const auto content = reader(now);
    const auto stored = run(cache_.obtain(key_of("other"), *content, {}));
    ASSERT_FALSE(stored);
    EXPECT_EQ(stored.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_EQ(stored.error().message(), "f.bin changed while it was being uploaded");
    EXPECT_TRUE(everything().empty());
  }
}

TEST_F(CacheTest, ADamagedEntryIsNamed) {
  const auto path = obtain(cache_, "12345").value().path;
  ASSERT_TRUE(run(fs::write_file(memory_, path, "123", {.overwrite = true})));
  EXPECT_EQ(run(cache_.look(key_of("12345"))).error().code(), ErrorCode::kDataLoss);
  EXPECT_THAT(obtain(cache_, "12345").error().message(), HasSubstr(path));
}

TEST_F(CacheTest, AnUploadThatFailsAnywhereLeavesNothing) {
  int calls = 0;
  int fail_at = 0;
  HookedFileSystem hooked(memory_, [&](std::string call) -> io::Task<Status> {
    if (++calls == fail_at) co_return Error(ErrorCode::kUnavailable, call);
    co_return Status();
  });
  Cache cache(hooked, kFolder);
  for (fail_at = 1;; ++fail_at) {
    calls = 0;
    const auto stored = obtain(cache, "bytes");
    if (stored) break;
    EXPECT_EQ(stored.error().code(), ErrorCode::kUnavailable);
    const auto left = everything();
    EXPECT_TRUE(left.empty() || left.back().ends_with("/f.bin")) << fail_at << ": " << left.back();
    (void)run(memory_.remove(kFolder, true));
  }
  EXPECT_GT(fail_at, 8);
}

TEST_F(CacheTest, AnInterruptedUploadLeavesNothing) {
  for (const char* where : {"write /user/alice/.knit/cache", "set_times ", "close ", "stat "}) {
    interrupt(where);
    EXPECT_EQ(everything(), std::vector<std::string>()) << where;
  }
}

void CacheTest::interrupt(const std::string& where) {
  io::TaskGroup* uploads = nullptr;
  HookedFileSystem hooked(memory_, [&](std::string call) -> io::Task<Status> {
    if (call.starts_with(where)) uploads->cancel();
    co_return co_await io::yield();
  });
  Cache cache(hooked, kFolder);
  const std::string bytes(5 << 20, 'x');
  const auto content = reader(bytes);
  std::optional<ErrorCode> code;
  loop_.run([](io::TaskGroup*& uploads, Cache& cache, const std::string& bytes, fs::Reader& content,
               std::optional<ErrorCode>& code) -> io::Task<void> {
    io::TaskGroup group;
    uploads = &group;
    group.spawn([](Cache& cache, const std::string& bytes, fs::Reader& content,
                   std::optional<ErrorCode>& code) -> io::Task<void> {
      const auto stored = co_await cache.obtain(key_of(bytes), content, {});
      if (!stored) code = stored.error().code();
    }(cache, bytes, content, code));
    co_await group.join();
  }(uploads, cache, bytes, *content, code));
  EXPECT_EQ(code, ErrorCode::kCancelled) << where;
}

TEST_F(CacheTest, CollectsWhatIsUnused) {
  for (const char* bytes : {"old", "old but in use", "new"}) ASSERT_TRUE(obtain(cache_, bytes));
  age(key_of("old"), 8 * 24h);
  age(key_of("old but in use"), 8 * 24h);
  ASSERT_TRUE(run(memory_.make_directories(std::string(kFolder) + "/the user's own", 0700)));
  const auto removed = run(cache_.collect(7 * 24h, uses({cache_.path_of(key_of("old but in use"))})));
  ASSERT_TRUE(removed) << removed.error().message();
  ASSERT_EQ(removed->size(), 1u);
  EXPECT_EQ((*removed)[0].path, cache_.path_of(key_of("old")));
  EXPECT_EQ((*removed)[0].key.size, 3u);
  EXPECT_FALSE(run(cache_.look(key_of("old"))).value());
  EXPECT_TRUE(run(cache_.look(key_of("old but in use"))).value());
  EXPECT_TRUE(run(cache_.look(key_of("new"))).value());
  EXPECT_EQ(everything().size(), 7u);
}

TEST_F(CacheTest, UploadsInProgressAreLeftAlone) {
  const auto key = key_of("x");
  const auto folder = std::string(kFolder) + "/" + key.sha256;
  ASSERT_TRUE(run(fs::write_file(memory_, folder + "/.f.bin.0123", "")));
  EXPECT_TRUE(run(cache_.collect(0h, uses({}))).value().empty());
  EXPECT_EQ(everything().size(), 2u);
  ASSERT_TRUE(run(memory_.set_times(folder + "/.f.bin.0123", loop_.wall_now() - 25h)));
  EXPECT_TRUE(run(cache_.collect(0h, uses({}))).value().empty());
  EXPECT_TRUE(everything().empty());
}

TEST_F(CacheTest, AnUploadThatDiedGoesAlsoFromBesideWhatIsInUse) {
  const auto path = obtain(cache_, "x").value().path;
  const auto temporary = std::string(fs::parent_path(path)) + "/.f.bin.0123";
  ASSERT_TRUE(run(fs::write_file(memory_, temporary, "")));
  for (const auto& [age, there] : {std::pair(23h, true), std::pair(25h, false)}) {
    ASSERT_TRUE(run(memory_.set_times(temporary, loop_.wall_now() - age)));
    EXPECT_TRUE(run(cache_.collect(0h, uses({path}))).value().empty());
    EXPECT_EQ(run(memory_.stat(temporary)).has_value(), there);
    EXPECT_TRUE(run(memory_.stat(path)));
  }
}

TEST_F(CacheTest, WhatASweeperThatDiedTookAwayComesBackIfItIsNamed) {
  for (const bool named : {true, false}) {
    const auto path = obtain(cache_, "x").value().path;
    const auto taken = loop_.wall_now() - 2h;
    const auto away = std::string(kFolder) + "/.gone." + key_of("x").sha256 + "." +
                      std::to_string(taken.time_since_epoch().count()) + ".00ff";
    ASSERT_TRUE(run(memory_.rename(std::string(fs::parent_path(path)), away, false)));
    EXPECT_TRUE(run(cache_.list()).value().empty());
    ASSERT_TRUE(run(cache_.collect(1h, named ? uses({path}) : uses({}))));
    EXPECT_EQ(run(memory_.stat(path)).has_value(), named);
    EXPECT_EQ(everything().size(), named ? 3u : 0u);
  }
}

// One user of an entry: obtains it, writes down that it lives by it, looks again, and from then on counts on
// it. `named` stands for the launch files.
io::Task<Status> use(Cache& cache, std::string bytes, fs::Reader& content, std::set<std::string>& named) {
  const auto key = key_of(bytes);
  for (int tried = 0; tried < 20; ++tried) {
    KNIT_CO_TRY_VOID(co_await cache.obtain(key, content, {}));
    KNIT_CO_TRY_VOID(co_await io::yield());
    named.insert(cache.path_of(key));
    KNIT_CO_TRY(const auto there, co_await cache.look(key));
    if (there) co_return Status();
    named.erase(cache.path_of(key));
  }
  co_return Error(ErrorCode::kInternal, "taken away again and again");
}

// Users and sweepers at once, in many orders: every call of the file system may wait for the others' some.
TEST_F(CacheTest, UsersAndSweepersAtOnce) {
  for (unsigned seed = 0; seed < 30; ++seed) {
    fs::MemoryFileSystem memory;
    std::mt19937 random(seed);
    HookedFileSystem hooked(memory, [&](std::string) -> io::Task<Status> {
      for (auto turns = random() % 6; turns > 0; --turns) KNIT_CO_TRY_VOID(co_await io::yield());
      co_return Status();
    });
    Cache cache(hooked, kFolder);
    const std::string bytes = "content";
    const auto content = reader(bytes);
    std::set<std::string> named;
    std::vector<std::string> failures;
    loop_.run([](Cache& cache, std::string bytes, fs::Reader& content, std::set<std::string>& named,
                 std::vector<std::string>& failures, unsigned seed) -> io::Task<void> {
      if (seed % 2 == 0) (void)co_await cache.obtain(key_of(bytes), content, {});
      io::TaskGroup group;
      const auto spawn = [&](auto task) {
        group.spawn([](auto task, std::vector<std::string>& failures) -> io::Task<void> {
          const auto result = co_await std::move(task);
          if (!result) failures.push_back(result.error().message());
        }(std::move(task), failures));
      };
      const auto in_use = [&named]() -> io::Task<Result<std::set<std::string>>> {
        (void)co_await io::yield();
        co_return named;
      };
      for (int n = 0; n < 3; ++n) {
        spawn(use(cache, bytes, content, named));
        spawn(cache.collect(0h, in_use));
      }
      co_await group.join();
    }(cache, bytes, *content, named, failures, seed));
    EXPECT_TRUE(failures.empty()) << "seed " << seed << ": " << failures[0];
    const auto kept = run(cache.look(key_of(bytes)));
    ASSERT_TRUE(kept && *kept) << "seed " << seed;
    EXPECT_EQ((*kept)->modified, kContentTime);
    EXPECT_EQ(run(fs::read_file(memory, (*kept)->path, 100)).value(), bytes);
    EXPECT_EQ(run(memory.list(kFolder)).value().size(), 1u) << "seed " << seed;
  }
}

}  // namespace
}  // namespace knit::client
